"""Numbers of a column: however they are written, as float64, with the rows that are none."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from maskwright.data.arrow import compute
from maskwright.data.column import Column, Values
from maskwright.data.findings import Findings, shorten
from maskwright.data.label_checks import SURELY_LOST
from maskwright.data.splits import Fault, Split
from maskwright.errors import Problem

if TYPE_CHECKING:
    import pyarrow as pa

_LOST = frozenset(SURELY_LOST | {""})


def as_number(value: Any) -> float | None:
    """A value as a number; None where it is missing.

    Raises:
        ValueError: it is no number. Words for infinity are numbers.

    >>> as_number(" 1e3"), as_number(7), as_number("NaN")
    (1000.0, 7.0, None)
    """
    if isinstance(value, str):
        text = value.strip()
        if text.lower() in _LOST:
            return None
        if "_" in text:  # Python's own way of writing thousands
            raise ValueError(value)
        number = float(text)
    elif isinstance(value, bool) or not (value is None or isinstance(value, int | float)):
        raise ValueError(value)
    elif value is None:
        return None
    else:
        number = _float(value)
    return None if math.isnan(number) else number


def _float(value: int | float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf


def number_column(column: Column) -> Column:
    """The numbers of a column as float64; null where a value is missing or no number."""
    import pyarrow as pa

    values = column.at(np.arange(len(column)))
    if is_numeric(column):
        arrays = [_without_nan(block) for _, block in values.blocks()]
    else:
        arrays = [pa.array(list(map(_number_or_none, block)), pa.float64()) for _, block in values.lists()]
    return Column(pa.chunked_array(arrays, pa.float64()))


def is_numeric(column: Column) -> bool:
    """Whether every value is a number or missing, and known to be without looking at the values."""
    import pyarrow as pa

    kind = column.cells.type
    is_number = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    return is_number and not column.in_json


def _without_nan(block: pa.Array) -> pa.Array:
    import pyarrow as pa

    numbers = block.cast(pa.float64(), safe=False)
    return compute().if_else(compute().is_nan(numbers), None, numbers)


def _number_or_none(value: Any) -> float | None:
    try:
        return as_number(value)
    except ValueError:
        return None


def check_numbers(split: Split, role: str, findings: Findings) -> None:
    """Find rows without a number, with something else, or with an infinite one.

    Args:
        split: of a table, before its column is made numbers.
        role: that holds them.
        findings: where problems go.
    """
    suspects = np.flatnonzero(~np.isfinite(_as_array(number_column(split.content[role]).at(split.rows))))
    split.check(split.columns.roles[role], split.values(role), number_fault, findings, suspects)


def check_spread(splits: Mapping[str, Split], role: str, findings: Findings) -> None:
    """Find a column of numbers that are all the same in training, from which nothing can be learned."""
    train = splits["train"]
    numbers = _as_array(number_column(train.content[role]).at(train.rows))
    finite = numbers[np.isfinite(numbers)]
    if len(finite) and finite.min() == finite.max():
        place = f"{train.table.source}, column {train.columns.roles[role]!r}"
        what = f"every {train.table.noun} has the same number, {finite[0]:g}"
        remedy = f"A model needs numbers that differ; see data.{role}."
        findings.add("constants", train.table.source, Problem(place, what, remedy))


def _as_array(numbers: Values) -> np.ndarray:
    """[n] float64; NaN for null."""
    blocks = [np.asarray(block.to_numpy(zero_copy_only=False), dtype=np.float64) for _, block in numbers.blocks()]
    return np.concatenate(blocks) if blocks else np.zeros(0)


def number_fault(value: Any) -> Fault | None:
    """(kind, what, remedy) of a value that is not a finite number; None if it is one."""
    try:
        number = as_number(value)
    except ValueError:
        remedy = "Write it with a decimal point and without a unit, such as 1250.5."
        if isinstance(value, str) and "," in value:
            remedy = "Write it with a decimal point and without separators of thousands, such as 1250.5."
        return "values that are not numbers", f"expected a number, found {shorten(value)}", remedy
    if number is None:
        return "missing numbers", "the number is missing", "Fill it in or remove the row."
    if math.isinf(number):
        return "infinite numbers", f"{shorten(value)} is infinite", "Correct it or remove the row."
    return None
