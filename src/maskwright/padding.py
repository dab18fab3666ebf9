"""From rows of unequal length to one array, without a Python loop over tokens."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
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
    out = np.full((len(rows), width), value, dtype=np.int64)
    if hasattr(rows[0], "dtype"):
        for line, row, length in zip(out, rows, lengths.tolist(), strict=True):
            line[width - length if left else 0 : width if left else length] = row
        return out
    # struct takes Python integers several times faster than NumPy does.
    memory = out.reshape(-1).view(np.uint8).data
    for number, (row, length) in enumerate(zip(rows, lengths.tolist(), strict=True)):
        start = number * width + (width - length if left else 0)
        struct.pack_into(f"{length}q", memory, start * 8, *row)
    return out


def stack_scalars(features: Sequence[Mapping[str, Any]], key: str) -> np.ndarray:
    """[B] int64 from one whole number of each example."""
    return np.fromiter((int(feature[key]) for feature in features), np.int64, len(features))
