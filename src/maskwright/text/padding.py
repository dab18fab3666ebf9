"""From rows of unequal length to one array, without a Python loop over tokens."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from operator import itemgetter
from typing import Any

import numpy as np

from maskwright.backend.compiled import kernels
from maskwright.errors import MaskingError

_LONG = np.dtype(np.int64)


def pad_rows(rows: Sequence[Any], lengths: np.ndarray, value: int) -> np.ndarray:
    """Put rows of integers into one array, padded on the right to the longest.

    Args:
        rows: lists, tuples, NumPy arrays or CPU tensors of integers.
        lengths: [B] their lengths.
        value: what stands in the padding.

    Returns:
        [B, width] int64.

    Raises:
        MaskingError: lists of text or of other things that are no whole numbers.

    >>> pad_rows([[1, 2], [3]], np.array([2, 1]), 0)
    array([[1, 2],
           [3, 0]])
    """
    return Layout.of(lengths).put(rows, value)


@dataclass(frozen=True, eq=False)
class Layout:
    """Where rows of unequal length stand in one array; made once for all columns of a batch.

    Attributes:
        lengths: [B] int64.
        width: of the array.
        left: the padding stands before the rows.
    """

    lengths: np.ndarray
    width: int
    left: bool

    @classmethod
    def of(cls, lengths: np.ndarray, left: bool = False, multiple: int = 1) -> Layout:
        """Rows that begin, or with `left` end, together, in a width that is rounded up to a multiple of a number."""
        return cls(lengths, -(-int(lengths.max()) // multiple) * multiple if len(lengths) else 0, left)

    @cached_property
    def sizes(self) -> list[int]:
        """The lengths as Python's numbers."""
        return self.lengths.tolist()

    @cached_property
    def present(self) -> np.ndarray:
        """[B, width] bool, True where a row stands and False in the padding."""
        kind = np.int16 if self.width < 1 << 15 else np.int64  # small numbers are compared in a quarter of the time
        places, sizes = np.arange(self.width, dtype=kind), self.lengths.astype(kind)[:, None]
        return places >= kind(self.width) - sizes if self.left else places < sizes

    def attention(self) -> np.ndarray:
        """[B, width] int64, 1 where a row stands and 0 in the padding."""
        fast = kernels()
        return fast.attention(self.lengths, self.left, self.width) if fast else self.present.astype(np.int64)

    def put(self, rows: Sequence[Any], value: int) -> np.ndarray:
        """[B, width] int64, the rows with `value` in the padding; rows and errors as in `pad_rows`."""
        if hasattr(rows[0], "dtype"):
            flat = _joined(rows)
        else:
            # struct takes Python integers several times faster than NumPy does.
            try:
                packed = b"".join([pack(*row) for row, pack in zip(rows, map(_packer, self.sizes), strict=True)])
            except (struct.error, TypeError) as error:
                raise MaskingError(_no_integers(rows)) from error
            flat = np.frombuffer(packed, dtype=np.int64)
        fast = kernels()
        if fast and flat.shape == (int(self.lengths.sum()),):
            return fast.padded(flat, self.lengths, self.left, value, self.width)
        shape = self.present.shape
        out = np.full(shape, value, dtype=np.int64) if value else np.zeros(shape, dtype=np.int64)
        out[self.present] = flat
        return out


def _joined(rows: Sequence[Any]) -> np.ndarray:
    try:
        # Joining their bytes takes half the time.
        if not [row for row in rows if row.dtype is not _LONG or row.ndim != 1]:
            return np.frombuffer(b"".join(rows), dtype=np.int64)
    except (AttributeError, TypeError):  # lists among them, or arrays with gaps
        pass
    return np.concatenate(rows)


def _no_integers(rows: Sequence[Any]) -> str:
    wrong = [value for row in rows for value in row if not hasattr(value, "__index__")][:1]
    if not wrong:
        return "expected tokenised examples; a column has other lengths than 'input_ids', or numbers beyond 64 bits."
    if isinstance(wrong[0], str):
        return f"expected tokenised examples, given text ({wrong[0]!r:.40}): call tokenizer(texts) first."
    return f"expected tokenised examples, lists of whole numbers, given {wrong[0]!r:.40}."


@lru_cache(maxsize=1 << 14)
def _packer(length: int) -> Callable[..., bytes]:
    return struct.Struct(f"{length}q").pack


def stack_scalars(features: Sequence[Mapping[str, Any]], key: str) -> np.ndarray:
    """[B] int64 from one whole number of each example.

    Raises:
        MaskingError: an example has none.
    """
    try:
        return np.fromiter(map(int, map(itemgetter(key), features)), np.int64, len(features))
    except (KeyError, TypeError, ValueError) as error:
        row = next(row for row, one in enumerate(features) if not hasattr(one.get(key), "__index__"))
        raise MaskingError(
            f"'{key}': expected one whole number for each example, given {features[row].get(key)!r} in example {row} "
            "of the batch."
        ) from error
