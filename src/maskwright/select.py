"""The only selection and the only rounding.

`exact` turns scores into a mask with an exact count; `round_count` turns a ratio into a count that is right on average.
Both work in integers, so every back end gives the same answer.
"""

from __future__ import annotations

import numpy as np

from maskwright.arrays import Array, arange, at_most, is_torch, namespace, stable_order, to_dtype

_RATIO_BITS = 36
# Room for the product with up to 2**27 units, and fine enough that a ratio such as 0.1 of up to 4096 units that comes
# to a whole number is that number with certainty.


def fixed_point(ratio: float) -> int:
    """A share between 0 and 1 as a whole number of 2**-36."""
    return round(ratio * (1 << _RATIO_BITS))


def round_count(n: Array, ratio: Array | int, draw: Array) -> Array:
    """Round n x ratio up or down at random, so that the mean is exact.

    Rounding down, as most tools do, hides nothing of 4 tokens at 15 %.

    Args:
        n: [B] int64, number of valid units.
        ratio: share in fixed point (see `fixed_point`), one for all or [B] int64.
        draw: [B] int64, uniform over 0 ... 2**24 - 1.

    Returns:
        [B] int64.
    """
    product = n * ratio
    part = ((product & ((1 << _RATIO_BITS) - 1)) + (1 << 11)) >> 12
    return (product >> _RATIO_BITS) + to_dtype(draw < part, "int64")


def exact(scores: Array, count: Array, valid: Array) -> Array:
    """Choose the `count` valid cells with the lowest scores; equal scores are taken in cell order.

    Args:
        scores: [B, ...] integers of 0 or more.
        count: [B] integers; more than there are valid cells means all of them.
        valid: [B, ...] bool.

    Returns:
        [B, ...] bool, True = chosen.
    """
    if scores.shape[0] == 0 or 0 in scores.shape:
        return valid & False
    xp = namespace(scores)
    worst = xp.iinfo(scores.dtype).max  # no valid cell has it, so that none ties with a cell that is not valid
    flat = xp.where(valid, at_most(scores, worst - 1), worst).reshape((scores.shape[0], -1))
    if is_torch(scores):
        order = stable_order(flat)
        chosen = (arange(flat.shape[1], flat)[None, :] < count[:, None]).expand(flat.shape)
        mask = (valid & False).reshape(flat.shape).scatter_(1, order, chosen)
    else:
        mask = _exact_numpy(flat, np.clip(count, 0, flat.shape[1]))
    return mask.reshape(scores.shape) & valid


def _exact_numpy(flat: np.ndarray, count: np.ndarray) -> np.ndarray:
    # Sorting values and comparing with the count-th is several times faster than sorting indices; rows where a tie at
    # the boundary lets too many through are done again by index.
    smallest = np.sort(flat, axis=1)
    rows = np.arange(len(flat))
    kth = smallest[rows, np.maximum(count - 1, 0)]
    mask = flat <= np.where(count > 0, kth, -1)[:, None]
    following = smallest[rows, np.minimum(count, flat.shape[1] - 1)]
    tied = np.flatnonzero((following == kth) & (count > 0) & (count < flat.shape[1]))
    if len(tied):
        order = stable_order(flat[tied])
        chosen = np.arange(flat.shape[1])[None, :] < count[tied, None]
        again = np.zeros_like(chosen)
        np.put_along_axis(again, order, chosen, axis=1)
        mask[tied] = again
    return mask
