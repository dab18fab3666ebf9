"""The classes of rows: their names once, and a number a row."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from maskwright.data.column import Column

NO_LABEL = -1
"""Class of an example that has none."""


@dataclass(frozen=True, eq=False)
class Labels:
    """The class of each row.

    Attributes:
        names: of the classes, in the order in which they appear; all labels are compared as text.
        codes: [n] int64, a position in `names`, or `NO_LABEL`.

    >>> labels = Labels.of(Column.of(["b", 1, None, "1", " "]))
    >>> labels.names, labels.codes.tolist(), labels.counts
    (('b', '1'), [0, 1, -1, 1, -1], {'b': 1, '1': 2})
    """

    names: tuple[str, ...]
    codes: np.ndarray

    @classmethod
    def of(cls, column: Column) -> Labels:
        """The classes that a column holds."""
        names: dict[str, int] = {}

        def code(value: Any) -> int:
            text = label_text(value)
            return NO_LABEL if text is None else names.setdefault(text, len(names))

        if not column.is_text:
            codes = np.fromiter(map(code, column), dtype=np.int64, count=len(column))
            return cls(tuple(names), codes)
        encoded = column.cells.dictionary_encode().unify_dictionaries()
        values = encoded.chunk(0).dictionary.to_pylist() if encoded.num_chunks else []
        of_value = np.array([*map(code, values), NO_LABEL], dtype=np.int64)
        # The last place stands for missing values.
        places = [np.asarray(chunk.indices.fill_null(len(values))) for chunk in encoded.chunks]
        return cls(tuple(names), of_value[np.concatenate(places)] if places else np.zeros(0, np.int64))

    @classmethod
    def none(cls, rows: int) -> Labels:
        """Rows without a class."""
        return cls((), np.full(rows, NO_LABEL))

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, index: int) -> str | None:
        code = self.codes[index]
        return None if code == NO_LABEL else self.names[code]

    def take(self, indices: np.ndarray) -> Labels:
        """The classes of some of the rows."""
        return Labels(self.names, self.codes[indices])

    @cached_property
    def first(self) -> dict[str, int]:
        """Name -> the first row that has it, of the names that occur, in the order of those rows."""
        codes, rows = np.unique(self.codes, return_index=True)
        pairs = sorted((int(row), int(code)) for code, row in zip(codes, rows, strict=True) if code != NO_LABEL)
        return {self.names[code]: row for row, code in pairs}

    @cached_property
    def counts(self) -> dict[str, int]:
        """Name -> its number of rows, in the order of `first`."""
        numbers = np.bincount(self.codes[self.codes != NO_LABEL], minlength=len(self.names))
        by_name = dict(zip(self.names, numbers.tolist(), strict=True))
        return {name: by_name[name] for name in self.first}


def label_text(value: Any) -> str | None:
    """A label as text, as all labels are compared; None where there is none.

    >>> label_text(3), label_text("pos"), label_text(True), label_text(float("nan")), label_text("  ")
    ('3', 'pos', 'true', None, None)
    """
    if isinstance(value, bool):
        return str(value).lower()
    # Only NaN differs from itself.
    text = "" if value is None or value != value else str(value)
    return text if text.strip() else None


def order_labels(labels: Iterable[str]) -> tuple[str, ...]:
    """Numbers in numeric order, else in alphabetical order.

    >>> order_labels({"10", "9", "-1"}), order_labels({"b", "10", "9"})
    (('-1', '9', '10'), ('10', '9', 'b'))
    """
    names = set(labels)
    if all(re.fullmatch(r"-?[0-9]{1,18}", label) for label in names):
        return tuple(sorted(names, key=int))
    return tuple(sorted(names))


def codes_in(labels: Labels, names: tuple[str, ...]) -> np.ndarray:
    """[n] int64: the class of each row as a position in other names, which hold all that occur."""
    index: Mapping[str, int] = {name: number for number, name in enumerate(names)}
    lookup = np.array([*(index.get(name, NO_LABEL) for name in labels.names), NO_LABEL], dtype=np.int64)
    return lookup[labels.codes]  # NO_LABEL is the last place
