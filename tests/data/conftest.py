"""Small files to read."""

import csv
import json

import numpy as np
import pytest
from PIL import Image

from maskwright.data.texts import TextSection
from maskwright.errors import DataError
from tests.data.corpora import write_corpus


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
        return TextSection(**files, **options)

    return write


@pytest.fixture
def refused():
    """Call something that must raise a `DataError`; give its message."""

    def call(function, *arguments):
        with pytest.raises(DataError) as caught:
            function(*arguments)
        return str(caught.value)

    return call


@pytest.fixture
def draw(tmp_path):
    """Write a picture below the test's folder, by default one that is like no other; give its path."""
    rng = np.random.default_rng(0)

    def write(name, pixels=None, **options):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 256, (9, 8, 3), dtype=np.uint8) if pixels is None else pixels
        Image.fromarray(pixels).save(path, **options)
        return str(path)

    return write


@pytest.fixture
def classes(draw):
    """Write a folder of pictures, of cats and dogs in turn."""

    def write(name, number=20, labels=("cat", "dog")):
        paths = [draw(f"{name}/{labels[i % len(labels)]}/{i:02}.png") for i in range(number)]
        return paths[0].split(f"{name}/")[0] + name

    return write


@pytest.fixture
def csv_file(tmp_path):
    """Write a CSV file; give its path."""

    def write(name, header, rows):
        with (tmp_path / name).open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([header, *rows])
        return str(tmp_path / name)

    return write


@pytest.fixture
def corpus(tmp_path):
    """Write shards; give their paths."""
    return lambda *arguments, **options: write_corpus(tmp_path, *arguments, **options)
