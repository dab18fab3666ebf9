"""Labels of token prediction: the ids of what was hidden, and IGNORED elsewhere."""

from __future__ import annotations

import numpy as np

from maskwright.backend.arrays import Array, namespace
from maskwright.backend.codes import IGNORED
from maskwright.backend.compiled import kernels


def hidden_labels(ids: Array, hidden: Array) -> Array:
    """The ids where something is hidden, -100 elsewhere.

    Args:
        ids: [B, ...] integers with a sign.
        hidden: bool, of the same shape.

    >>> hidden_labels(np.array([[5, 6, 7]]), np.array([[True, False, True]]))
    array([[   5, -100,    7]])
    """
    return namespace(ids).where(hidden, ids, IGNORED)


def labels_at(ids: np.ndarray, flat: np.ndarray) -> np.ndarray:
    """`hidden_labels` where the flat places of what is hidden are known, which are few (NumPy only)."""
    fast = kernels()
    if fast and ids.dtype == np.int64 and ids.flags.c_contiguous:
        return fast.labels(ids, flat, IGNORED)
    labels = np.full(ids.shape, IGNORED, dtype=ids.dtype)
    labels.reshape(-1)[flat] = ids.ravel().take(flat)
    return labels
