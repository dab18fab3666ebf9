"""Lines of two axes, painted band by band of rows.

Hidden rows of the first axis lie together; they are written and never read.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from maskwright.backend.arrays import Array, is_torch

_BAND_WORDS = 4096  # hidden words for which a band of rows is worth a call of its own


def long_bands(words: Array, out: Any, lines: list[Array | None]) -> bool:
    """Whether hidden rows are so long, and so many lie together, that passing them over saves more than finding out."""
    rows, columns = lines
    if is_torch(words) or rows is None or columns is None or not words.flags.c_contiguous:
        return False
    bands = len(rows) + 2 * np.count_nonzero(rows[:, 1:] > rows[:, :-1])
    hidden = np.count_nonzero(rows) * math.prod(words.shape[2:])
    return bool(hidden > _BAND_WORDS * bands) and (out is None or out.flags.c_contiguous)


def paint_bands(words: np.ndarray, lines: list[Any], bits: int, out: Any) -> np.ndarray:
    """Lines of two axes in one pass that does not read hidden rows."""
    out = np.empty(words.shape, dtype=words.dtype) if out is None else out
    rows, columns = lines
    size, flat = rows.shape[1], rows.reshape(-1)
    begins = np.ones(flat.shape, dtype=bool)
    np.not_equal(flat[1:], flat[:-1], out=begins[1:])
    begins[::size] = True  # an example has columns of its own
    starts = np.flatnonzero(begins)
    stops = [*starts[1:].tolist(), flat.size]
    columns = columns.reshape((len(columns), -1) + (1,) * (words.ndim - 3))
    keep, put = columns.astype(words.dtype) - 1, columns * words.dtype.type(bits)
    source, target = (a.reshape((flat.size, *words.shape[2:])) for a in (words, out))
    for start, stop, hidden in zip(starts.tolist(), stops, flat[starts].tolist(), strict=True):
        if hidden:
            target[start:stop] = bits
            continue
        np.bitwise_and(source[start:stop], keep[start // size], out=target[start:stop])
        if bits:
            np.bitwise_or(target[start:stop], put[start // size], out=target[start:stop])
    return out
