"""The columns that a task passes on to its model as they are: numbers where all values are numbers, else text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from maskwright.data.column import Column
from maskwright.data.findings import Findings
from maskwright.data.labels import label_text
from maskwright.data.numbers import as_number, is_numeric, number_column
from maskwright.data.splits import Split
from maskwright.errors import Problem


def check_features(splits: Mapping[str, Split], names: tuple[str, ...], findings: Findings) -> dict[str, bool]:
    """Name -> whether it is a column of numbers: it is where training has numbers alone.

    A value of another split that is no number then is a problem; missing values are none.

    Args:
        splits: of tables, with all of the columns.
        names: of the columns among their content.
        findings: where problems go.
    """
    are_numbers = {}
    for name in names:
        odd = {split: _not_numbers(one.content[name])[one.rows] for split, one in splits.items()}
        are_numbers[name] = not odd["train"].any() and not _is_all_missing(splits["train"].content[name])
        for split, is_odd in odd.items() if are_numbers[name] else ():
            _report(splits[split], name, np.flatnonzero(is_odd), findings)
    return are_numbers


def feature_column(column: Column, is_number: bool) -> Column:
    """The values as float64 or as text; null where one is missing."""
    return number_column(column) if is_number else Column.of(label_text(value) for value in column)


def _report(split: Split, name: str, places: np.ndarray, findings: Findings) -> None:
    column = name.partition(":")[2]

    def problem(index: int) -> Problem:
        what = f"found {split.values(name)[index]!r}, and in train every value of this column is a number"
        return Problem(split.place(index, column), what, "Correct it, or leave the column out.")

    split.report([(f"values that are not numbers in column {column!r}", places.tolist(), problem)], findings)


def _not_numbers(column: Column) -> np.ndarray:
    """[rows] bool: values that are there and are no numbers."""
    if is_numeric(column):
        return np.zeros(len(column), dtype=bool)
    return np.fromiter(map(_is_odd, column), dtype=bool, count=len(column))


def _is_odd(value: Any) -> bool:
    try:
        as_number(value)
    except ValueError:
        return True
    return False


def _is_all_missing(column: Column) -> bool:
    return all(label_text(value) is None for value in column)
