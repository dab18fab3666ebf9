"""What makes two rows the same example: a SHA-256 of their content, compared and grouped without Python objects."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any

import numpy as np

from maskwright.data.arrow import compute
from maskwright.data.column import Values
from maskwright.data.flat_lists import holds_texts, lengths_of, rows_with, texts_with_bytes

if TYPE_CHECKING:
    import pyarrow as pa

SIZE = 32
"""Bytes of a key."""

_COMPARED_AT_ONCE = 65_536

ESCAPED = np.array([not 0x20 <= byte < 0x7F or byte in b'"\\' for byte in range(256)])
"""[256] bool: bytes of signs that JSON writes in another way."""


def as_keys(digests: bytes | bytearray) -> pa.FixedSizeBinaryArray:
    """[n] keys of their bytes, one behind the other."""
    import pyarrow as pa

    kind = pa.binary(SIZE)
    buffers = [None, pa.py_buffer(digests)]
    return pa.FixedSizeBinaryArray.from_buffers(kind, len(digests) // SIZE, buffers)  # pyright: ignore[reportReturnType]


def content_keys(parts: Sequence[tuple[Values | None, Callable[[Any], str]]]) -> pa.FixedSizeBinaryArray:
    """A key for each row.

    Args:
        parts: the values of each part of the content, and how a value is written; None for a part that is not there,
            which is an empty one in every row.
    """
    written = [repeat("") if values is None else _written(values, write) for values, write in parts]
    digests, sha256, join = bytearray(), hashlib.sha256, "\0".join
    for row in zip(*written, strict=False):  # as many as the parts that are there have rows
        digests += sha256(join(row).encode("utf-8", "surrogatepass")).digest()
    return as_keys(digests)


def _written(values: Values, write: Callable[[Any], str]) -> Iterator[str]:
    if write is plain_value and holds_texts(values.column):
        return chain.from_iterable(_json_of_lists(block) for _, block in values.blocks())
    return map(write, values)


def _json_of_lists(block: pa.Array) -> list[str]:
    """Lists of text as `json.dumps` writes them; Arrow joins those whose signs all stand for themselves."""
    lengths = lengths_of(block)
    by_hand = rows_with(texts_with_bytes(block.flatten(), ESCAPED), lengths) | (lengths == 0)
    joined = compute().binary_join(block, '", "')  # missing where an element is
    rows = [f'["{text}"]' for text in joined.to_pylist()]
    for row in np.flatnonzero(by_hand | ~np.asarray(joined.is_valid())):
        rows[row] = plain_value(block[int(row)].as_py())
    return rows


def plain_text(text: Any) -> str:
    r"""A text as it is compared: case and the width of blanks do not count.

    >>> plain_text(" One\n TWO ")
    'one two'
    """
    return " ".join(str(text).casefold().split())


def plain_value(value: Any) -> str:
    """A value of another kind as it is compared."""
    return value if isinstance(value, str) else json.dumps(value, default=repr)


def text_key(text: Any, pair: Any = "") -> bytes:
    """A hash of a text, or of two; case and the width of blanks do not count."""
    return hashlib.sha256(f"{plain_text(text)}\0{plain_text(pair)}".encode("utf-8", "surrogatepass")).digest()


def first_matches(keys: pa.FixedSizeBinaryArray, others: pa.FixedSizeBinaryArray) -> tuple[np.ndarray, np.ndarray]:
    """Positions (in `keys`, in `others`) of keys that are in both; of several in `others`, the first."""
    where = compute().index_in(keys, value_set=others)
    there = np.flatnonzero(np.asarray(where.is_valid()))
    return there, np.asarray(where.drop_null(), dtype=np.int64)


def among(keys: pa.FixedSizeBinaryArray, others: Sequence[pa.FixedSizeBinaryArray]) -> np.ndarray:
    """[n] bool: whether a key is in any of the others."""
    is_there = np.zeros(len(keys), dtype=bool)
    for other in others:
        is_there |= np.asarray(compute().is_in(keys, value_set=other))
    return is_there


def groups(keys: pa.FixedSizeBinaryArray) -> tuple[np.ndarray, np.ndarray]:
    """Rows with the same key as groups, numbered in the order of their keys: (group of each row, first row of each)."""
    order = np.asarray(compute().sort_indices(keys), dtype=np.int64)  # stable: of equal keys, the first row comes first
    words = np.frombuffer(keys.buffers()[1] or b"", np.uint64).reshape(-1, SIZE // 8)[keys.offset :]
    is_first = np.ones(len(order), dtype=bool)
    for start in range(1, len(order), _COMPARED_AT_ONCE):
        rows = order[start - 1 : start + _COMPARED_AT_ONCE]
        sorted_words = words[rows]
        is_first[start : start + len(rows) - 1] = (sorted_words[1:] != sorted_words[:-1]).any(axis=1)
    of_row = np.empty(len(order), dtype=np.int64)
    of_row[order] = np.cumsum(is_first) - 1
    return of_row, order[is_first]
