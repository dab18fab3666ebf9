"""One column of a table in Arrow: values of any kind, exactly as they were written, without a Python object per row."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

import numpy as np

from maskwright.data.arrow import compute

if TYPE_CHECKING:
    import pyarrow as pa

BLOCK = 16_384
"""Rows that are Python objects at the same time, at most."""

BLOCK_BYTES = 8 << 20
"""Bytes of them, at most, unless a single row has more."""

_ARROW_REFUSES = (ValueError, TypeError, OverflowError)
"""Half a character pair, a whole number of more than 64 bits, values of several kinds."""


@dataclass(frozen=True, eq=False)
class Column:
    """The values of a column.

    Most columns hold values of one kind, which Arrow stores as they are. Where it would change them (1 and 1.0 become
    two floats, a key that some objects lack is added to all) or has no place for them (text and numbers mixed, 2**63,
    half a character pair), the cells are JSON texts of the values, which are parsed again where they are read.

    Attributes:
        cells: one a row.
        in_json: whether the cells are JSON texts of the values.

    >>> Column.of([1, 1.5, None, "x"]).to_pylist(), Column.of(["a", None])[0]
    ([1, 1.5, None, 'x'], 'a')
    """

    cells: pa.ChunkedArray
    in_json: bool = False

    @classmethod
    def of(cls, values: Iterable[Any]) -> Column:
        """A column of Python values."""
        builder, rest = ColumnBuilder(), iter(values)
        while block := list(islice(rest, BLOCK)):
            builder.extend(block)
        return builder.column()

    def __len__(self) -> int:
        return len(self.cells)

    def __getitem__(self, row: int) -> Any:
        value = self.cells[int(row)].as_py()
        return json.loads(value) if self.in_json and value is not None else value

    def __iter__(self) -> Iterator[Any]:
        return iter(self.at(np.arange(len(self))))

    def to_pylist(self) -> list[Any]:
        """All values as Python objects."""
        return list(self)

    def at(self, rows: np.ndarray) -> Values:
        """The values of some rows, by their numbers in ascending order."""
        return Values(self, rows)

    @cached_property
    def is_text(self) -> bool:
        """Whether every value is text or missing, and known to be without looking at the values."""
        return not self.in_json and _is_text(self.cells.type)

    @property
    def fields(self) -> tuple[str, ...]:
        """The keys of the values, where these are objects with keys."""
        import pyarrow as pa

        if pa.types.is_struct(self.cells.type):
            return tuple(field.name for field in self.cells.type)
        if not self.in_json:
            return ()
        return tuple(dict.fromkeys(key for value in self if isinstance(value, dict) for key in value))

    def field(self, key: str) -> Column:
        """What objects have under a key; None where they lack it."""
        if self.in_json:
            return Column.of(value.get(key) if isinstance(value, dict) else None for value in self)
        return Column(compute().struct_field(self.cells, [key]))


@dataclass(frozen=True, eq=False)
class Values:
    """The values of some rows of a column, read block by block; nothing is copied until it is read.

    Attributes:
        column: of all rows.
        rows: [n] int64, in ascending order.
    """

    column: Column
    rows: np.ndarray

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> Any:
        return self.column[self.rows[index]]

    def __iter__(self) -> Iterator[Any]:
        return chain.from_iterable(values for _, values in self.lists())

    def blocks(self) -> Iterator[tuple[int, pa.Array]]:
        """(position of the first here, cells) of at most `BLOCK` rows after the other."""
        import pyarrow as pa

        start = 0
        for chunk in self.column.cells.chunks:
            step = (
                BLOCK if chunk.nbytes <= BLOCK_BYTES else max(1, min(BLOCK, len(chunk) * BLOCK_BYTES // chunk.nbytes))
            )
            for low in range(0, len(chunk), step):
                block = chunk.slice(low, step)
                first, last = np.searchsorted(self.rows, [start, start + len(block)])
                start += len(block)
                if last - first < len(block):
                    block = block.take(pa.array(self.rows[first:last] - (start - len(block))))
                if last > first:
                    yield int(first), block.dictionary_decode() if pa.types.is_dictionary(block.type) else block

    def lists(self) -> Iterator[tuple[int, list[Any]]]:
        """(position of the first here, Python values) of at most `BLOCK` rows after the other."""
        for first, block in self.blocks():
            values = block.to_pylist()
            if self.column.in_json:
                values = [None if text is None else json.loads(text) for text in values]
            yield first, values


class ColumnBuilder:
    """Makes a column of lists of values that come one after the other; at most `BLOCK` of them wait for Arrow."""

    def __init__(self) -> None:
        self._arrays: list[pa.Array] = []
        self._in_json = False
        self._waiting: list[Any] = []

    def extend(self, values: Iterable[Any]) -> None:
        """Add values below those that are there."""
        self._waiting += values
        if len(self._waiting) >= BLOCK:
            self.flush()

    def flush(self) -> None:
        """Bring the values that wait into Arrow."""
        values, self._waiting = self._waiting, []
        if not values:
            return
        array = None if self._in_json else _exact(values)
        kind = None if array is None else _joined(self._arrays[0].type if self._arrays else array.type, array.type)
        if array is None or kind is None:
            self._write_json()
            self._arrays.append(_in_json(values))
            return
        if self._arrays and self._arrays[0].type != kind:
            self._arrays = [earlier.cast(kind) for earlier in self._arrays]
        self._arrays.append(array if array.type == kind else array.cast(kind))

    def missing(self, number: int) -> None:
        """Add rows without a value."""
        for start in range(0, number, BLOCK):
            self.extend([None] * min(BLOCK, number - start))

    def column(self) -> Column:
        """What was added."""
        import pyarrow as pa

        self.flush()
        return Column(pa.chunked_array(self._arrays, type=None if self._arrays else pa.null()), self._in_json)

    def _write_json(self) -> None:
        if not self._in_json:
            self._in_json = True
            self._arrays = [_in_json(array.to_pylist()) for array in self._arrays]


class RowsBuilder:
    """Makes columns of rows with keys, in the order in which keys appear; a key that a row lacks is None there.

    >>> builder = RowsBuilder()
    >>> builder.extend([{"a": 1}, {"b": "x"}])
    >>> {name: column.to_pylist() for name, column in builder.columns().items()}
    {'a': [1, None], 'b': [None, 'x']}
    """

    def __init__(self) -> None:
        self.rows = 0
        self._builders: dict[str, ColumnBuilder] = {}

    def extend(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add rows below those that are there."""
        if not set().union(*rows) <= self._builders.keys():
            for key in dict.fromkeys(key for row in rows for key in row):
                if key not in self._builders:
                    self._builders[key] = ColumnBuilder()
                    self._builders[key].missing(self.rows)
        for key, builder in self._builders.items():
            builder.extend(row.get(key) for row in rows)
        self.rows += len(rows)

    def flush(self) -> None:
        """Bring the values that wait into Arrow."""
        for builder in self._builders.values():
            builder.flush()

    def columns(self) -> dict[str, Column]:
        """All that was added."""
        return {key: builder.column() for key, builder in self._builders.items()}


def _exact(values: Sequence[Any]) -> pa.Array | None:
    """The values in Arrow; None where it would change them or does not take them."""
    import pyarrow as pa

    kinds = set(map(type, values)) - {type(None)}
    if not kinds:
        return pa.nulls(len(values))
    if len(kinds) > 1:
        return None
    kind = kinds.pop()
    plain = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_(), bytes: pa.binary()}
    exact = plain.get(kind)
    if kind is list:
        elements = set(map(type, chain.from_iterable(filter(None, values)))) - {type(None)}
        inner = plain.get(elements.pop()) if len(elements) == 1 else None
        exact = None if inner is None else pa.list_(inner)
    try:
        array = pa.array(values, exact)
    except _ARROW_REFUSES:
        return None
    if not isinstance(array, pa.Array):  # more than 2 GiB of text in one block
        array = array.cast(pa.large_string()).combine_chunks()
    # Inside objects and lists of several kinds Arrow joins kinds and adds keys; reading them back shows whether it did.
    return array if exact is not None or repr(array.to_pylist()) == repr(list(values)) else None


def _joined(one: pa.DataType, other: pa.DataType) -> pa.DataType | None:
    """The type that holds the values of both without changing any: where one knows of nothing, what the other knows."""
    import pyarrow as pa

    if one == other or pa.types.is_null(other):
        return one
    if pa.types.is_null(one):
        return other
    if {one, other} == {pa.string(), pa.large_string()}:
        return pa.large_string()
    if pa.types.is_list(one) and pa.types.is_list(other):
        inner = _joined(one.value_type, other.value_type)
        return None if inner is None else pa.list_(inner)
    if pa.types.is_struct(one) and pa.types.is_struct(other) and [f.name for f in one] == [f.name for f in other]:
        inner = [(a.name, _joined(a.type, b.type)) for a, b in zip(one, other, strict=True)]
        return None if any(kind is None for _, kind in inner) else pa.struct(inner)
    return None


def _in_json(values: Sequence[Any]) -> pa.Array:
    import pyarrow as pa

    texts = [None if value is None else json.dumps(value, default=str) for value in values]
    return pa.array(texts, pa.string())


def _is_text(kind: pa.DataType) -> bool:
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        return _is_text(kind.value_type)
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)
