"""Columns of lists as flat arrays: the elements of all rows one behind the other, without a Python object per row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from maskwright.data.arrow import compute
from maskwright.data.column import Column, Values
from maskwright.data.labels import NO_LABEL, label_text

if TYPE_CHECKING:
    import pyarrow as pa
    from datasets import Dataset

__all__ = [
    "Coded",
    "data_set_blocks",
    "holds_lists",
    "holds_texts",
    "lengths_of",
    "list_blocks",
    "list_lengths",
    "rows_with",
    "texts_with_bytes",
]

ROWS_AT_ONCE = 65_536
"""Rows whose elements are compared at the same time."""


def holds_lists(column: Column) -> bool:
    """Whether Arrow stores the values as lists, so that elements can be looked at without Python objects."""
    import pyarrow as pa

    return not column.in_json and pa.types.is_list(column.cells.type)


def holds_texts(column: Column) -> bool:
    """Whether all values are lists of text; elements may still be missing."""
    import pyarrow as pa

    return holds_lists(column) and pa.types.is_string(column.cells.type.value_type)


def list_blocks(values: Values) -> Iterator[tuple[int, pa.Array, np.ndarray]]:
    """(position of the first row here, elements of some rows, [rows] int64 elements of each row) one after the other.

    A missing list has no elements.
    """
    for first, block in values.blocks():
        yield first, block.flatten(), lengths_of(block)


def list_lengths(values: Values) -> np.ndarray:
    """[rows] int64: elements of each list; 0 for anything else."""
    if holds_lists(values.column):
        parts = [lengths_of(block) for _, block in values.blocks()]
        return np.concatenate(parts) if parts else np.zeros(0, np.int64)
    sizes = (len(value) if isinstance(value, list) else 0 for value in values)
    return np.fromiter(sizes, dtype=np.int64, count=len(values))


def lengths_of(block: Any) -> np.ndarray:
    """[rows] int64: elements of each list in Arrow; 0 of a missing one."""
    return np.asarray(compute().fill_null(compute().list_value_length(block), 0)).astype(np.int64)


def data_set_blocks(rows: Dataset, column: str) -> Iterator[pa.Array]:
    """A column of a data set in Arrow, some rows after the other."""
    alone = rows.select_columns([column]).with_format("arrow")
    for start in range(0, len(alone), ROWS_AT_ONCE):
        yield alone[start : start + ROWS_AT_ONCE][column].combine_chunks()  # rows that were picked are a chunk each


def rows_with(elements: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """[rows] bool: the rows that have at least one of some elements.

    Args:
        elements: [sum of lengths] bool.
        lengths: [rows] elements of each row.
    """
    before = np.concatenate([[0], np.cumsum(elements)])
    ends = np.cumsum(lengths)
    return before[ends] > before[ends - lengths]


def texts_with_bytes(texts: pa.Array, table: np.ndarray) -> np.ndarray:
    """[n] bool: the texts that hold one of some bytes, in UTF-8; a missing text holds none.

    Args:
        texts: Arrow's usual strings.
        table: [256] bool, the bytes that are looked for.
    """
    texts = compute().fill_null(texts, "")
    _, offsets, data = texts.buffers()
    ends = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts) + 1].astype(np.int64)
    if not len(texts) or data is None or ends[-1] == ends[0]:
        return np.zeros(len(texts), dtype=bool)
    is_sought = table[np.frombuffer(data, np.uint8)[ends[0] : ends[-1]]]
    return rows_with(is_sought, np.diff(ends)) if is_sought.any() else np.zeros(len(texts), dtype=bool)


@dataclass(frozen=True, eq=False)
class Coded:
    """Lists whose elements are names of a few kinds, as numbers.

    Attributes:
        names: that occur, as text, in the order in which they appear.
        codes: [sum of lengths] int32, a position in `names`; `NO_LABEL` of missing and blank elements.
        lengths: [rows] int64, elements of each row; 0 for anything that is no list.

    >>> coded = Coded.of_lists([["O", "B"], [], ["B", "B", None]])
    >>> coded.names, coded.codes.tolist(), coded.lengths.tolist(), coded.counts
    (('O', 'B'), [0, 1, 1, 1, -1], [2, 0, 3], {'O': 1, 'B': 3})
    """

    names: tuple[str, ...]
    codes: np.ndarray
    lengths: np.ndarray

    @classmethod
    def of(cls, values: Values) -> Coded:
        """The lists of some rows of a column."""
        if holds_lists(values.column):
            return cls.of_blocks(block for _, block in values.blocks())
        return cls.of_lists(values)

    @classmethod
    def of_lists(cls, lists: Iterable[Any]) -> Coded:
        """Lists as Python has them."""
        builder = _Builder()
        rows = [value if isinstance(value, list) else [] for value in lists]
        codes = np.fromiter((builder.code(one) for row in rows for one in row), dtype=np.int32)
        return cls(tuple(builder.numbers), codes, np.array([len(row) for row in rows], dtype=np.int64))

    @classmethod
    def of_blocks(cls, blocks: Iterable[pa.Array]) -> Coded:
        """Lists in Arrow, some rows after the other."""
        builder, codes, lengths = _Builder(), [np.zeros(0, np.int32)], [np.zeros(0, np.int64)]
        for block in blocks:
            encoded = block.flatten().dictionary_encode()
            # The last place stands for missing elements.
            of_value = np.array([*map(builder.code, encoded.dictionary.to_pylist()), NO_LABEL], dtype=np.int32)
            codes.append(of_value[np.asarray(encoded.indices.fill_null(len(of_value) - 1))])
            lengths.append(lengths_of(block))
        return cls(tuple(builder.numbers), np.concatenate(codes), np.concatenate(lengths))

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def counts(self) -> dict[str, int]:
        """Name -> how many elements it is, of the names that occur."""
        numbers = np.bincount(self.codes[self.codes != NO_LABEL], minlength=len(self.names))
        return {name: number for name, number in zip(self.names, numbers.tolist(), strict=True) if number}

    def rows_of(self, names: Iterable[str]) -> np.ndarray:
        """Positions of the rows that have one of some names."""
        sought = set(names)
        is_sought = np.array([*(name in sought for name in self.names), False])  # NO_LABEL is the last place
        return np.flatnonzero(rows_with(is_sought[self.codes], self.lengths))

    def renamed(self, names: Sequence[str | None]) -> Coded:
        """The same lists with other names, one for each; elements whose name is None have no code any more."""
        kept = tuple(dict.fromkeys(name for name in names if name is not None))
        number = {name: place for place, name in enumerate(kept)}
        codes = np.array([*(NO_LABEL if name is None else number[name] for name in names), NO_LABEL], dtype=np.int32)
        return Coded(kept, codes[self.codes], self.lengths)

    def parts(self, rows: int = ROWS_AT_ONCE) -> Iterator[tuple[int, Coded]]:
        """(position of the first row, the lists) of some rows after the other."""
        ends = np.cumsum(self.lengths)
        for first in range(0, len(self), rows):
            lengths = self.lengths[first : first + rows]
            start = int(ends[first] - lengths[0])
            yield first, Coded(self.names, self.codes[start : start + int(lengths.sum())], lengths)

    def column(self) -> Column:
        """A column of the lists as text; none of their elements is missing."""
        import pyarrow as pa

        arrays = []
        for _, part in self.parts():
            offsets = np.concatenate([[0], np.cumsum(part.lengths)]).astype(np.int32)
            texts = pa.array(self.names, pa.string()).take(pa.array(part.codes))
            arrays.append(pa.ListArray.from_arrays(pa.array(offsets), texts))
        return Column(pa.chunked_array(arrays, pa.list_(pa.string())))


class _Builder:
    """Numbers of names, in the order in which they appear."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def code(self, value: Any) -> int:
        """The number of an element's name."""
        text = label_text(value)
        return NO_LABEL if text is None else self.numbers.setdefault(text, len(self.numbers))
