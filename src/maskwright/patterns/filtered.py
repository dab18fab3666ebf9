"""Blobs and gaps of a chosen size, from filtered noise."""

from __future__ import annotations

from dataclasses import dataclass

from maskwright.backend.arrays import Array, arange, extents, gather, namespace, to_dtype
from maskwright.geometry.select import exact, undecided
from maskwright.grid import Grid
from maskwright.rng import Rng
from maskwright.strategy import check, choice, number

_NOISE_BITS = 24


@dataclass(frozen=True)
class Filtered:
    """Hide the cells where noise, filtered to one range of spatial frequencies, is lowest.

    The colours, after the frequencies that are kept: `red` low ones, so that large areas are hidden and others left;
    `blue` high ones, so that hidden cells are spread evenly, with little clumping; `green` a middle range, blobs of
    about `size` cells, evenly spread; `purple` all but the middle range. The filter is a box run twice along every
    axis (a triangle, near a Gaussian), over `size` cells, and for green and purple also over 2 x size + 1. Noise and
    filter wrap around at the ends of what the example measures, so that edges are hidden as often as the middle.

    When it helps: for image reconstruction green masks were better than isolated random patches at the same ratio, at
    no cost of data or models. When not: `size` near the size of the grid, where red hides one side of the input.

    Source: Hinojosa et al. 2024, ColorMAE (arXiv:2407.13036), which filters large noise images by Gaussians once and
    cuts masks out of them.

    Args:
        color: `green`, `red`, `blue` or `purple`.
        size: width of the box in cells, 2 or more.

    >>> import numpy as np
    >>> valid = np.ones((1, 1, 12), dtype=bool)
    >>> mask = Filtered("red", size=4)(Grid(row=1, col=12), np.array([6]), valid=valid, rng=Rng.from_ids([1]))
    >>> mask.astype(int)
    array([[[1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 1]]])
    """

    color: str = choice("green", "green", "red", "blue", "purple")
    size: int = number(3, 2, 10_000, "cells", whole=True)

    def __post_init__(self):
        check(self)

    def __call__(self, grid: Grid, count: Array, *, valid: Array, rng: Rng, **signals: Array) -> Array:
        """Return a bool mask [B, *grid.shape] with exactly min(count, valid cells) hidden per example."""
        del signals
        if 0 in valid.shape:
            return valid & False
        noise = rng.child("cells").bits(*grid.shape) >> (31 - _NOISE_BITS)
        measure = extents(valid)
        measure = measure + (measure == 0)
        field = _smooth(noise, self.size, measure)
        if self.color == "blue":
            field = noise - field
        if self.color in ("green", "purple"):
            field = field - _smooth(noise, 2 * self.size + 1, measure)
        if self.color == "purple":
            field = noise - field
        field = field + (2 << _NOISE_BITS)  # room for negative values
        mask = exact(field, count, valid)
        rows = namespace(valid).nonzero(undecided(field, mask, valid))[0]
        if rows.shape[0]:  # lots for cells whose values are equal
            lots = rng.take(rows).child("ties").bits(*grid.shape) >> 7
            mask[rows] = exact(to_dtype(field[rows], "int64") << _NOISE_BITS | lots, count[rows], valid[rows])
        return mask


def _smooth(noise: Array, width: int, measure: Array) -> Array:
    """int32 means over `width` cells, twice along every axis, centred; whole numbers, rounded down."""
    sizes = tuple(noise.shape[1:])
    whole = all(bool((measure[:, axis] == size).all()) for axis, size in enumerate(sizes))
    # Below this width running sums may wrap around: their differences are right all the same.
    if width >= 1 << (31 - _NOISE_BITS):
        noise = to_dtype(noise, "int64")
    for axis in range(1, noise.ndim):
        for before in ((width + 1) // 2, width // 2 + 1):  # an even box leans to one side, and then to the other
            if whole:
                noise = _circular_sum(noise, axis, before, width) // width
            else:
                noise = _ragged_sum(noise, axis, before, width, measure[:, axis - 1]) // width
    return to_dtype(noise, "int32")


def _circular_sum(field: Array, axis: int, before: int, width: int) -> Array:
    """Sums over `width` cells of an axis, from `before` - 1 before each, around a circle of its whole size."""
    xp, size = namespace(field), field.shape[axis]
    whole, rest = divmod(width, size)
    total = xp.sum(field, axis=axis, keepdims=True, dtype=field.dtype) * whole if whole else 0
    if not rest:
        return total + field * 0
    every, cells, at = (slice(None),) * axis, 1, 0
    left, pieces = rest - 1 + (1 - before) % size, [field[(*every, slice((1 - before) % size, None))]]
    while left > 0:
        pieces.append(field[(*every, slice(left))])
        left -= size
    # Sums over 1, 2, 4, ... cells, and of these those that add up to the width.
    sums = xp.concat(pieces, axis=axis)
    while True:
        if rest & cells:
            total = total + sums[(*every, slice(at, at + size))]
            at += cells
        cells *= 2
        if cells > rest:
            return total
        sums = sums[(*every, slice(cells // 2, None))] + sums[(*every, slice(-(cells // 2)))]


def _ragged_sum(field: Array, axis: int, before: int, width: int, size: Array) -> Array:
    """The same where each example measures its own `size` along the axis."""
    xp = namespace(field)
    lines = xp.moveaxis(field, axis, -1)
    total = xp.cumulative_sum(lines, axis=-1, dtype=field.dtype).reshape((-1, lines.shape[-1]))
    circle = xp.repeat(size, total.shape[0] // size.shape[0])[:, None]
    whole = gather(total, circle - 1)
    start = arange(lines.shape[-1], lines)[None, :] - before
    ends = []
    for place in (start + width, start):
        turns = place // circle
        ends.append(gather(total, place - turns * circle) + to_dtype(turns, "int32") * whole)
    return xp.moveaxis((ends[0] - ends[1]).reshape(tuple(lines.shape)), -1, axis)
