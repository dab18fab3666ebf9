r"""From a configuration's `data` section to checked splits with known columns.

>>> import tempfile, types
>>> folder = tempfile.mkdtemp()
>>> _ = open(f"{folder}/a.csv", "w").write("text,label\n" + "".join(f"good {i},1\nbad {i},0\n" for i in range(20)))
>>> from maskwright.config import DataConfig
>>> data = load_text_data(DataConfig(train=f"{folder}/a.csv"))
>>> len(data.train), len(data.validation), data.labels
(36, 4, ('0', '1'))
>>> sorted(data.train[0])
['example_id', 'label', 'text']
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from maskwright.data.check import check_text_data
from maskwright.data.columns import Columns, find_columns, missing_column
from maskwright.data.findings import Findings
from maskwright.data.hub import read_split
from maskwright.data.read import read_table
from maskwright.data.split import Split, set_aside, without
from maskwright.data.table import Table
from maskwright.errors import DataError, Problem

if TYPE_CHECKING:
    from datasets import Dataset

    from maskwright.config import DataConfig

NAMES = ("train", "validation", "test")


@dataclass(frozen=True)
class TextData:
    """Checked examples of a text classification task.

    Attributes:
        train, validation, test: columns `example_id` (row number in its file, from 0), `text`, `text_pair` (only where
            the task has pairs) and `label` (an index into `labels`); `test` also has `variant:NAME` for each variant.
            Without a test file, `test` holds the validation rows.
        labels: names of the classes; numbers in numeric order, else in alphabetical order.
        variants: names of the groups.
        columns: role -> column of the files.
        notes: what the user should know.
        fingerprint: SHA-256 of contents and columns, the same on every machine.
    """

    train: Dataset
    validation: Dataset
    test: Dataset
    labels: tuple[str, ...]
    variants: tuple[str, ...]
    columns: dict[str, str]
    notes: tuple[str, ...]
    fingerprint: str


def load_text_data(config: DataConfig) -> TextData:
    """Read, check and part the data.

    Raises:
        DataError: with all problems of all files.
    """
    splits, notes = read_splits(config)
    columns = splits["train"].columns
    labels = order_labels({label for split in splits.values() for label in split.labels if label is not None})
    names = tuple(columns.variants or {})
    content = {name: _content(split, labels, names if name == "test" else ()) for name, split in splits.items()}
    return TextData(
        train=_dataset(content["train"]),
        validation=_dataset(content["validation"]),
        test=_dataset(content["test"]),
        labels=labels,
        variants=names,
        columns=columns.by_role(),
        notes=notes,
        fingerprint=_fingerprint(content, columns, labels),
    )


def read_splits(config: DataConfig) -> tuple[dict[str, Split], tuple[str, ...]]:
    """Read and check: (train, validation and test by name; notes).

    Raises:
        DataError: with all problems of all files.
    """
    tables = _read_tables(config)
    columns = find_columns(config, tables["train"])
    _check_headers(columns, tables)
    given = {name: Split.of(name, table, columns) for name, table in tables.items()}
    notes = [*columns.notes, *(note for table in tables.values() for note in table.notes)]
    drop = config.duplicates == "drop"
    parts = 1 if "validation" in given else 2
    notes += check_text_data(given, drop_duplicates=drop, parts_of_train=parts)
    if drop:
        notes += _drop_duplicates(given)
    if "validation" not in given:
        given["train"], given["validation"] = set_aside(given["train"], config.validation_share, "validation")
        notes.append(
            f"no data.validation: {len(given['validation']):,} rows of train were set aside by their content, the same "
            "ones every time (data.validation_share)."
        )
    if "test" not in given:
        given["test"] = given["validation"]
        notes.append("no data.test: the validation rows are evaluated, on which the best checkpoint is chosen too.")
    return {name: given[name] for name in NAMES}, tuple(notes)


def order_labels(labels: set[str]) -> tuple[str, ...]:
    """Numbers in numeric order, else in alphabetical order.

    >>> order_labels({"10", "9", "-1"}), order_labels({"b", "10", "9"})
    (('-1', '9', '10'), ('10', '9', 'b'))
    """
    if all(re.fullmatch(r"-?[0-9]{1,18}", label) for label in labels):
        return tuple(sorted(labels, key=int))
    return tuple(sorted(labels))


def _read_tables(config: DataConfig) -> dict[str, Table]:
    findings, tables = Findings(), {}
    given = {"train": config.train, "validation": config.validation, "test": config.test}
    for name, source in given.items():
        if source is None:
            continue
        key = f"data.{name}"
        for earlier in tables:
            if config.dataset is None and Path(source).exists() and Path(source).samefile(given[earlier]):
                what = f"{key} is the same file as data.{earlier}"
                problem = Problem(source, what, "What is tested must not be learned: name another file.")
                findings.add("files", source, problem)
        try:
            tables[name] = (
                read_table(source, key) if config.dataset is None else read_split(config.dataset, source, key)
            )
        except DataError as error:
            findings.extend(error)
    findings.stop()
    return tables


def _check_headers(columns: Columns, tables: Mapping[str, Table]) -> None:
    wanted = {f"data.{role}": column for role, column in columns.by_role().items()}
    tested = "test" if "test" in tables else "validation" if "validation" in tables else "train"
    findings = Findings()
    for name, table in tables.items():
        variants = {f"data.variants.{group}": column for group, column in (columns.variants or {}).items()}
        for key, column in (wanted | (variants if name == tested else {})).items():
            problem = missing_column(table, column, key)
            if problem is not None:
                findings.add("columns that are missing", table.source, problem)
    findings.stop()


def _drop_duplicates(splits: dict[str, Split]) -> list[str]:
    notes = []
    for name, later in (("train", ("validation", "test")), ("validation", ("test",))):
        known = {key for other in later if other in splits for key in splits[other].keys()}  # noqa: SIM118 - a method
        if name not in splits:
            continue
        elsewhere = " or ".join(later)
        kept = without(splits[name], known)
        lost = set(splits[name].labels) - set(kept.labels)
        if name == "train" and lost:
            what = f"without the rows that are also in {elsewhere}, no example is left of {sorted(map(str, lost))}"
            raise DataError([Problem(kept.table.source, what, "Add other examples of these classes.")])
        if len(kept) == 0:
            raise DataError([Problem(kept.table.source, f"every row is also in {later[0]}", "Name another file.")])
        if len(kept) < len(splits[name]):
            number = len(splits[name]) - len(kept)
            notes.append(f"{number:,} rows of {name} are left out: they are also in {elsewhere} (data.duplicates).")
        splits[name] = kept
    return notes


def _content(split: Split, labels: Sequence[str], variants: Sequence[str]) -> dict[str, list[Any]]:
    index = {label: number for number, label in enumerate(labels)}
    content: dict[str, list[Any]] = {"example_id": list(split.rows), "text": list(split.texts)}
    if split.pairs is not None:
        content["text_pair"] = list(split.pairs)
    content["label"] = [index[label] for label in split.labels if label is not None]
    return content | {f"variant:{name}": list(split.variants[name]) for name in variants}


def _dataset(content: Mapping[str, list[Any]]) -> Dataset:
    from datasets import Dataset, Features, Value

    kinds = {name: "int64" if name in ("example_id", "label") else "string" for name in content}
    return Dataset.from_dict(dict(content), features=Features({name: Value(kind) for name, kind in kinds.items()}))


def _fingerprint(content: Mapping[str, Mapping[str, list[Any]]], columns: Columns, labels: Sequence[str]) -> str:
    # JSON, because it writes values of every kind in one way, and one row at a time, because files can be large.
    digest = hashlib.sha256(json.dumps([columns.by_role(), dict(columns.variants or {}), list(labels)]).encode())
    for name, split in content.items():
        digest.update(json.dumps([name, list(split)]).encode())
        for row in zip(*split.values(), strict=True):
            digest.update(json.dumps(row).encode())
    return digest.hexdigest()
