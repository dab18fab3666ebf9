"""The only selection and the only rounding.

`exact` turns scores into a mask with an exact count; `round_count` turns a ratio into a count that is right on average.
Both work in integers, so every back end gives the same answer.
"""

from __future__ import annotations

import math

import numpy as np

from maskwright.backend.arrays import Array, arange, dtype_name, is_torch, namespace, stable_order, to_dtype, true_count
from maskwright.rng import Rng

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
    if not is_torch(scores):
        return _exact_numpy(scores, count, valid)
    xp = namespace(scores)
    limits = xp.iinfo(scores.dtype)
    # Scores become negative, so that no valid cell ties with one that is not valid.
    flat = xp.where(valid, scores + limits.min, limits.max).reshape((scores.shape[0], -1))
    order = stable_order(flat)
    chosen = (arange(flat.shape[1], flat)[None, :] < count[:, None]).expand(flat.shape)
    mask = (valid & False).reshape(flat.shape).scatter_(1, order, chosen)
    return mask.reshape(scores.shape) & valid


def random_order(bits: Array, present: Array, most: Array) -> Array:
    """[B, K] integers, places along the second axis in random order, those not present last.

    Args:
        bits: [B, S] 31-bit draws, of which the lowest 15 decide, and then the place.
        present: [B, S] bool.
        most: [B] integers; on NumPy K is the largest of them, or the next multiple of four, at most S.
    """
    small = not is_torch(bits) and bits.shape[1] <= 1 << 16
    # One number [B, S] holds it all, from the highest bit down: not present, 15 bits of the draw, the place. So plain
    # sorting orders by draw, breaks ties by place, and the low bits of what comes out are the places.
    kind, shift = ("uint32", 16) if small else ("int64", 31)  # what fits into 32 bits is sorted in half the time
    if small:
        keys = np.left_shift(bits.view(np.uint32), np.uint32(17))
        keys >>= np.uint32(1)
    else:
        keys = to_dtype(bits & ((1 << 15) - 1), kind) << shift
    keys |= to_dtype(arange(bits.shape[1], bits), kind)[None, :]
    keys |= to_dtype(~present, kind) << (shift + 15)
    keys = (
        keys.sort(dim=1).values if is_torch(bits) else np.sort(keys, axis=1)[:, : max(4, -(-int(most.max()) // 4) * 4)]
    )
    return to_dtype(keys & ((1 << shift) - 1), "int64")


def _exact_numpy(scores: np.ndarray, count: np.ndarray, valid: np.ndarray) -> np.ndarray:
    # scores, valid [B, ...], count [B]; flat, smallest and mask [B, L], kth and ends [B], L the cells of an example.
    # Sorting values and comparing with the count-th is several times faster than sorting indices; rows where a tie at
    # the boundary lets too many through are done again by index.
    cells = (len(scores), math.prod(scores.shape[1:]))
    some = int(count.min()) > 0
    count = np.minimum(count if some else np.maximum(count, 0), cells[1])
    # All bits set where not valid, which as unsigned is more than any valid cell has.
    flat = np.bitwise_or(scores, np.subtract(valid.view(np.int8), np.int8(1))).reshape(cells)
    flat = flat.view(f"u{flat.dtype.itemsize}")
    smallest = np.sort(flat, axis=1)
    ends = np.arange(0, flat.size, cells[1]) + count
    # The count-th lowest score of each row; all up to it are chosen.
    kth = smallest.ravel().take(ends - 1 if some else np.maximum(ends - 1, 0))
    mask = flat <= kth[:, None]
    if not some:
        mask[count == 0] = False
    # No row has fewer than it should, so as many as asked for in all means that no row has more.
    if np.count_nonzero(mask) != int(count.sum()):
        # Rows whose next higher score is the same: too many are through, and cell order has to decide.
        following = smallest.ravel().take(ends - (count == cells[1]))
        tied = np.flatnonzero((following == kth) & (count > 0) & (count < cells[1]))
        mask[tied] = _first_in_order(flat[tied], count[tied])
    mask = mask.reshape(scores.shape)
    mask &= valid
    return mask


def _first_in_order(flat: np.ndarray, count: np.ndarray) -> np.ndarray:
    """[n, L] bool, the `count` lowest of each row, equal ones in order."""
    chosen = np.arange(flat.shape[1])[None, :] < count[:, None]
    mask = np.zeros_like(chosen)
    np.put_along_axis(mask, stable_order(flat), chosen, axis=1)
    return mask


def same_share(count: Array, n: Array, other: Array, draw: Array) -> Array:
    """The count that is to `other` things what `count` is to `n`, rounded at random so that the mean is exact.

    Args:
        count: [B] integers; more than `n` means all.
        n: [B] integers, things counted before.
        other: [B] integers, below 2**31, things counted now.
        draw: [B] int64, uniform over 0 ... 2**24 - 1.

    Returns:
        [B] int64, at most `other`.
    """
    xp = namespace(n)
    divisor = to_dtype(n + (n == 0), "int64")
    product = to_dtype(xp.minimum(to_dtype(count, "int64"), to_dtype(n, "int64")), "int64") * other
    whole = product // divisor
    return whole + to_dtype(draw * divisor < (product - whole * divisor) << 24, "int64")


def floor_share(n: Array, share: float) -> Array:
    """int64, the whole part of n x share; a product that comes to a whole number within 2**-16 is that number."""
    return n * fixed_point(share) + (1 << 20) >> _RATIO_BITS


def bounded(mask: Array, count: Array, rng: Rng) -> Array:
    """The mask, with cells shown again, chosen at random, where an example hides more than `count`.

    For patterns that set their own count, for which `count` is a bound that seldom binds.
    """
    # Looking would make an accelerator wait for longer than the selection takes.
    if (not is_torch(mask) or mask.device.type == "cpu") and not bool((true_count(mask) > count).any()):
        return mask
    return exact(rng.child("bound").bits(*mask.shape[1:]), count, mask)


def undecided(scores: Array, mask: Array, valid: Array) -> Array:
    """[B] bool, whether a chosen cell has the score of one that is not, so that the order of equal scores decided.

    With it scores of few bits, which are sorted fast, can be tried first, and all bits be looked at where they matter.

    Args:
        scores: [B, ...] integers of 0 or more.
        mask: [B, ...] bool, what `exact` chose by them.
        valid: [B, ...] bool.
    """
    xp, axes, kind = namespace(scores), tuple(range(1, scores.ndim)), dtype_name(scores)
    # Arithmetic, because `where` has a branch for each cell.
    others = (to_dtype(valid & ~mask, kind) - 1) & xp.iinfo(scores.dtype).max
    return xp.max(scores * to_dtype(mask, kind), axis=axes) == xp.min(scores | others, axis=axes)
