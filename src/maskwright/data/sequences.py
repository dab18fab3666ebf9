"""Lists of texts or of numbers: tokens, tags, measurements."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from maskwright.data.column import Column, Values
from maskwright.data.findings import Findings, shorten
from maskwright.data.flat_lists import (
    Coded,
    holds_lists,
    holds_texts,
    list_blocks,
    list_lengths,
    rows_with,
)
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
    values = split.values(role.name)
    fault = partial(sequence_fault, role=role)
    split.check(split.columns.roles[role.name], values, fault, findings, sequence_suspects(values, role))
    if role.partner is not None and role.partner in split.content:
        split.report([_unequal(split, role, role.partner)], findings)


def sequence_suspects(values: Values, role: Role) -> np.ndarray:
    """Positions of values that may not be lists to learn from; all others are."""
    elements_are_right = _elements_are_right(values.column, role)
    if elements_are_right is None:
        return np.arange(len(values))
    positions = [np.zeros(0, np.int64)]
    for first, elements, lengths in list_blocks(values):
        wrong = rows_with(~elements_are_right(elements), lengths) | (lengths == 0)
        positions.append(first + np.flatnonzero(wrong))
    return np.concatenate(positions)


def _elements_are_right(column: Column, role: Role) -> Callable[[Any], np.ndarray] | None:
    """What says of elements in Arrow which are those of a role, each; None where every list has to be looked at."""
    import pyarrow as pa

    if not holds_lists(column):
        return None
    kind = column.cells.type.value_type
    is_text, is_whole = pa.types.is_string(kind), pa.types.is_integer(kind)
    if is_text and role.elements in ("any", "text"):
        return lambda elements: np.asarray(elements.is_valid())
    if is_text and role.elements == "class":
        return _are_classes
    if (is_whole and role.elements != "text") or (pa.types.is_floating(kind) and role.elements in ("any", "number")):
        return lambda elements: np.isfinite(np.asarray(elements.cast(pa.float64(), safe=False)))
    return None


def _are_classes(elements: Any) -> np.ndarray:
    """[n] bool, of texts in Arrow: there, and not blank. Looked at once for each that is different."""
    encoded = elements.dictionary_encode()
    # The last place stands for missing elements.
    is_class = np.array([*(label_text(name) is not None for name in encoded.dictionary.to_pylist()), False])
    return is_class[np.asarray(encoded.indices.fill_null(len(is_class) - 1))]


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
    """Rows in which two lists that belong together have different lengths, neither of them none."""
    lengths, others = (list_lengths(split.values(name)) for name in (role.name, partner))

    def problem(index: int) -> Problem:
        what = f"the {role.name} have {lengths[index]:,} elements, the {partner} {others[index]:,}"
        return Problem(split.place(index, split.columns.roles[role.name]), what, "Write one for each.")

    rows = np.flatnonzero((lengths != others) & (lengths > 0) & (others > 0))
    return f"{role.name} of another length than their {partner}", rows.tolist(), problem


def sequence_column(column: Column, role: Role) -> Column:
    """The lists of a checked column: of text, of whole numbers, or of float64; names of classes are text."""
    if role.elements == "class" and holds_texts(column):
        return column
    if role.elements == "class":
        return Column.of(value if value is None else [label_text(one) or "" for one in value] for value in column)
    if role.elements == "number" or column.in_json:
        return Column.of(value if value is None else [_float(one) for one in value] for value in column)
    return column


def _float(element: Any) -> Any:
    return element if isinstance(element, str) else float(element)


def names_in(splits: Mapping[str, Split], role: Role, findings: Findings) -> tuple[str, ...]:
    """The classes of elements in training, in order; those of other splits that training lacks become problems."""
    coded = {name: Coded.of(split.values(role.name)) for name, split in splits.items()}
    learned = coded["train"].counts
    for name, split in splits.items():
        for label, count in sorted(coded[name].counts.items()):
            if label not in learned:
                where = split.place(int(coded[name].rows_of([label])[0]), split.columns.roles[role.name])
                what = f"{label!r} ({count:,} times) is in {name} but not in train"
                remedy = f"{did_you_mean(label, learned)} Add examples of it to train, or correct it."
                findings.add(f"{role.name} that train lacks", split.table.source, Problem(where, what, remedy))
    return order_labels(learned)
