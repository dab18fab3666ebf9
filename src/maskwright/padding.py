"""From rows of unequal length to one array, without a Python loop over tokens."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np


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
        flat = np.frombuffer(b"".join([_packer(n)(*row) for row, n in zip(rows, sizes, strict=True)]), dtype=np.int64)
    out[filled(lengths, width, left)] = flat
    return out


def filled(lengths: np.ndarray, width: int, left: bool = False) -> np.ndarray:
    """[B, width] bool, True where a row of that length stands."""
    kind = np.int16 if width < 1 << 15 else np.int64  # small numbers are compared in a quarter of the time
    places = np.arange(width, dtype=kind)
    lengths = lengths.astype(kind)[:, None]
    return places >= kind(width) - lengths if left else places < lengths


@lru_cache(maxsize=1 << 14)
def _packer(length: int) -> Callable[..., bytes]:
    return struct.Struct(f"{length}q").pack


def stack_scalars(features: Sequence[Mapping[str, Any]], key: str) -> np.ndarray:
    """[B] int64 from one whole number of each example."""
    return np.fromiter((int(feature[key]) for feature in features), np.int64, len(features))
