"""Lists of texts or of numbers: tokens, tags, measurements."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from maskwright.data.column import Column
from maskwright.data.findings import Findings, shorten
from maskwright.data.labels import label_text, order_labels
from maskwright.data.roles import Role
from maskwright.data.splits import Fault, Faults, Split
from maskwright.errors import Problem, did_you_mean


def check_sequences(split: Split, role: Role, findings: Findings) -> None:
    """Find values that are no lists, empty lists, gaps in them, elements of another kind, and unequal partners.

    Args:
        split: of a table.
        role: of kind `sequence`.
        findings: where problems go.
    """
    before = len(findings)
    split.check(split.columns.roles[role.name], split.values(role.name), partial(sequence_fault, role=role), findings)
    if role.partner is not None and role.partner in split.content and len(findings) == before:
        split.report([_unequal(split, role, role.partner)], findings)


def sequence_fault(value: Any, role: Role) -> Fault | None:
    """(kind, what, remedy) of a value that is not a list to learn from; None if nothing is wrong with it."""
    if value is None:
        return "missing lists", "the list is missing", "Fill it in or remove the row."
    if not isinstance(value, list):
        what = f"expected a list, found {type(value).__name__} {shorten(value)}"
        return "values that are not lists", what, "JSONL, Parquet and CoNLL files hold lists; CSV files do not."
    if not value:
        return "empty lists", "the list is empty", "Fill it in or remove the row."
    is_right, expected = _rule(role, value[0])
    if set(map(type, value)) == {str} and is_right is _is_text:  # as nearly all are
        return None
    place = next((number for number, element in enumerate(value, start=1) if not is_right(element)), None)
    if place is None:
        return None
    what = f"element {place} is {shorten(value[place - 1])}; expected {expected}"
    return "lists with other elements", what, "Correct it, or remove the row."


def _rule(role: Role, first: Any) -> tuple[Callable[[Any], bool], str]:
    """What an element of a list has to be, and how to say so."""
    if role.elements == "class":
        return _is_class, "the name or the number of a class"
    if role.elements == "text" or (role.elements == "any" and isinstance(first, str)):
        return _is_text, "text"
    return _is_number, "a finite number"


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_class(value: Any) -> bool:
    return label_text(value) is not None and isinstance(value, str | int)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < math.inf


def _unequal(split: Split, role: Role, partner: str) -> Faults:
    """Rows in which two lists that belong together have different lengths."""
    lengths, others = (list_lengths(split.content[name])[split.rows] for name in (role.name, partner))

    def problem(index: int) -> Problem:
        what = f"the {role.name} have {lengths[index]:,} elements, the {partner} {others[index]:,}"
        return Problem(split.place(index, split.columns.roles[role.name]), what, "Write one for each.")

    return f"{role.name} of another length than their {partner}", np.flatnonzero(lengths != others).tolist(), problem


def list_lengths(column: Column) -> np.ndarray:
    """[rows] int64: elements of each list; 0 for anything else."""
    sizes = (len(value) if isinstance(value, list) else 0 for value in column)
    return np.fromiter(sizes, dtype=np.int64, count=len(column))


def sequence_column(column: Column, role: Role) -> Column:
    """The lists of a checked column: of text, of whole numbers, or of float64; names of classes are text."""
    if role.elements == "class":
        return Column.of(value if value is None else [label_text(one) or "" for one in value] for value in column)
    if role.elements == "number" or column.in_json:
        return Column.of(value if value is None else [_float(one) for one in value] for value in column)
    return column


def _float(element: Any) -> Any:
    return element if isinstance(element, str) else float(element)


def names_in(splits: Mapping[str, Split], role: Role, findings: Findings) -> tuple[str, ...]:
    """The classes of elements in training, in order; those of other splits that training lacks become problems."""
    counts = {name: _counts(split, role) for name, split in splits.items()}
    learned = counts["train"]
    for name, split in splits.items():
        for label, count in sorted(counts[name].items()):
            if label not in learned:
                first = next(row for row, value in enumerate(split.values(role.name)) if _holds(value, label))
                where = split.place(first, split.columns.roles[role.name])
                what = f"{label!r} ({count:,} times) is in {name} but not in train"
                remedy = f"{did_you_mean(label, learned)} Add examples of it to train, or correct it."
                findings.add(f"{role.name} that train lacks", split.table.source, Problem(where, what, remedy))
    return order_labels(learned)


def _holds(value: Any, label: str) -> bool:
    return isinstance(value, list) and any(label_text(one) == label for one in value)


def _counts(split: Split, role: Role) -> Counter[str]:
    values = split.values(role.name)
    return Counter(label_text(one) or "" for value in values if isinstance(value, list) for one in value)
