"""Hidden cells removed from the sequence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from maskwright.arrays import Array, arange, gather, largest, stable_order, to_dtype
from maskwright.errors import MaskingError
from maskwright.rng import Rng


@dataclass(frozen=True)
class Drop:
    """Remove hidden cells, so that the model computes less; what is left moves together and keeps its order.

    When it helps: long inputs and high ratios (time), and it needs no mask token. When not: where the places of words
    matter, because the model sees no gap. Not dropout: nothing is scaled and it is the input that goes.

    >>> import numpy as np
    >>> x, mask = np.array([[5, 6, 7], [8, 9, 4]]), np.array([[True, False, False], [False, True, False]])
    >>> Drop()(x, mask, valid=mask | True, rng=Rng.from_ids([0, 1]))
    array([[6, 7],
           [8, 4]])
    """

    def __call__(self, x: Array, mask: Array, *, valid: Array, rng: Rng, **facts: Any) -> Array:
        """Return [B, K, ...], K = the same number of visible cells in every example.

        Raises:
            MaskingError: examples keep different numbers of cells; `kept` gives their places for padding.
        """
        del valid, rng, facts
        if mask.ndim != 2:
            raise MaskingError(f"drop: expected a mask [B, L] over one axis, given shape {tuple(mask.shape)}.")
        index, present = kept(~mask)
        if not bool(present.all()):
            raise MaskingError("drop: the examples keep different numbers of cells; use a count budget, or Masking.")
        rows = arange(x.shape[0], index)[:, None]
        return x[rows, index]


def kept(stay: Array) -> tuple[Array, Array]:
    """Where the remaining cells are.

    Args:
        stay: [B, L] bool, True = remains.

    Returns:
        index [B, K] into the axis, remaining cells first and in order, K the most that remain in any example; and
        present [B, K] bool, False where an example has fewer.
    """
    n = to_dtype(stay, "int64").sum(1)
    order = stable_order(to_dtype(~stay, "int32"))
    longest = largest(n)
    index = order[:, :longest]
    return index, arange(longest, n)[None, :] < n[:, None]


def take(x: Array, index: Array, present: Array, padding: int) -> Array:
    """`x` [B, L] at `index` [B, K], with `padding` where not `present`."""
    taken = gather(x, index)
    taken[~present] = padding
    return taken
