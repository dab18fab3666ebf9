"""From rows of unequal length to one array, without a Python loop over tokens."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from maskwright.errors import MaskingError


def pad_rows(rows: Sequence[Any], lengths: np.ndarray, value: int, left: bool = False, multiple: int = 1) -> np.ndarray:
    """Put rows of integers into one array.

    Args:
        rows: lists, tuples, NumPy arrays or CPU tensors of integers.
        lengths: [B] their lengths.
        value: what stands in the padding.
        left: pad on the left.
        multiple: round the width up to a multiple of this.

    Returns:
        [B, width] int64.

    Raises:
        MaskingError: lists of text or of other things that are no whole numbers.

    >>> pad_rows([[1, 2], [3]], np.array([2, 1]), 0)
    array([[1, 2],
           [3, 0]])
    """
    width = int(lengths.max()) if len(lengths) else 0
    width = -(-width // multiple) * multiple
    out = np.full((len(rows), width), value, dtype=np.int64) if value else np.zeros((len(rows), width), dtype=np.int64)
    if hasattr(rows[0], "dtype"):
        flat = np.concatenate(rows)
    else:
        # struct takes Python integers several times faster than NumPy does.
        sizes = lengths.tolist()
        try:
            packed = b"".join([_packer(n)(*row) for row, n in zip(rows, sizes, strict=True)])
        except (struct.error, TypeError) as error:
            raise MaskingError(_no_integers(rows)) from error
        flat = np.frombuffer(packed, dtype=np.int64)
    out[filled(lengths, width, left)] = flat
    return out


def filled(lengths: np.ndarray, width: int, left: bool = False) -> np.ndarray:
    """[B, width] bool, True where a row of that length stands."""
    kind = np.int16 if width < 1 << 15 else np.int64  # small numbers are compared in a quarter of the time
    places = np.arange(width, dtype=kind)
    lengths = lengths.astype(kind)[:, None]
    return places >= kind(width) - lengths if left else places < lengths


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
    """[B] int64 from one whole number of each example."""
    return np.fromiter((int(feature[key]) for feature in features), np.int64, len(features))
