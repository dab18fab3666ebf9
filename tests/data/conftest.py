"""Small files to read."""

import json

import pytest

from maskwright.config import DataConfig
from maskwright.errors import DataError


def some_rows(number=24, labels=("neg", "pos"), start=0):
    """Rows that nothing is wrong with; no two have the same text."""
    return [
        {"text": f"example number {start + i} says {labels[i % len(labels)]}", "label": labels[i % len(labels)]}
        for i in range(number)
    ]


def write_jsonl(path, records):
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return str(path)


@pytest.fixture
def rows():
    return some_rows


@pytest.fixture
def jsonl():
    return write_jsonl


@pytest.fixture
def make(tmp_path):
    """Write JSONL files from lists of rows and give their configuration."""

    def write(train=None, validation=None, test=None, **options):
        parts = {"train": some_rows() if train is None else train, "validation": validation, "test": test}
        files = {
            name: write_jsonl(tmp_path / f"{name}.jsonl", part) for name, part in parts.items() if part is not None
        }
        return DataConfig(**files, **options)

    return write


@pytest.fixture
def refused():
    """Call something that must raise a `DataError`; give its message."""

    def call(function, *arguments):
        with pytest.raises(DataError) as caught:
            function(*arguments)
        return str(caught.value)

    return call
