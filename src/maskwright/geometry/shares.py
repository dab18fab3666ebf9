"""A whole number shared out among several, on any back end to the bit: evenly, or by weights that a Dirichlet draws."""

from __future__ import annotations

from functools import cache

import numpy as np

from maskwright.backend.arrays import Array, namespace, to_dtype

TABLE_BITS = 14
"""Quantiles of a gamma distribution in its table, as bits of the draw that picks one."""

_GAMMA_BITS = 24


def even_shares(total: Array, units: Array, draw: Array) -> Array:
    """[B, M] whole numbers that sum to `total`, on average in proportion to `units`; rounded where one draw falls."""
    xp = namespace(units)
    n = units.sum(1)[:, None]
    steps = xp.cumulative_sum(units, axis=1) * total[:, None] * (1 << 24) // xp.where(n > 0, n, 1)
    ends = (steps + to_dtype(draw, "int64")[:, None]) >> 24
    return xp.concat([ends[:, :1], ends[:, 1:] - ends[:, :-1]], axis=1)


def weighted_shares(total: Array, weights: Array, most: Array) -> Array:
    """[B, M] whole numbers that sum to `total`, in proportion to the weights as far as `most` allows.

    What rounding down leaves over goes to the largest remainders.
    """
    xp = namespace(most)
    full = most < 0  # no modality yet
    for _ in range(most.shape[1]):
        rest = total - xp.where(full, most, 0).sum(1)
        free = xp.where(full, 0, weights)
        divisor = free.sum(1)
        product = rest[:, None] * free
        share = product // xp.where(divisor > 0, divisor, 1)[:, None]
        full = full | (share >= most)
    share = xp.where(full, most, share)
    over = total - share.sum(1)
    left = xp.where(full, -1, product - share * divisor[:, None])
    order = xp.argsort(-left, axis=1, stable=True)
    place = xp.argsort(order, axis=1, stable=True)
    return share + to_dtype(place < over[:, None], "int64")


@cache
def gamma_quantiles(level: float) -> np.ndarray:
    """Quantiles of the gamma distribution at the middles of 2**14 equal steps, in steps of 2**-24, at least one step.

    Gamma draws divided by their sum are a Dirichlet draw.
    """
    from scipy.special import gammaincinv

    size = 1 << TABLE_BITS
    quantiles = gammaincinv(level, (np.arange(size) + 0.5) / size)
    return np.maximum(np.rint(quantiles * (1 << _GAMMA_BITS)), 1).astype(np.int64)
