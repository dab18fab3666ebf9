"""Boxes on a grid in whole numbers: sides from area and aspect, and the cells they cover.

Sides come from tables made on the host and from comparisons of integers, so that every back end gets the same boxes.
Shares and aspects are whole numbers of 2**-16.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from maskwright.backend.arrays import Array, arange, like, namespace, to_dtype
from maskwright.rng import below

BITS = 16
_TABLE_BITS = 10


def share(value: float) -> int:
    """A share or an aspect as a whole number of 2**-16."""
    return round(value * (1 << BITS))


def between(bits: Array, low: Array | int, high: Array | int) -> Array:
    """Whole numbers from low to high inclusive, uniform, from 31 random bits each."""
    return low + below(bits, high - low + 1)


def areas(cells: Array, low: float, high: float, bits: Array) -> Array:
    """[B, n] areas in cells, 1 or more, uniform from low to high as shares of `cells` [B]."""
    half = 1 << (BITS - 1)
    least = (cells * share(low) + half >> BITS)[:, None]
    most = (cells * share(high) + half >> BITS)[:, None]
    drawn = between(bits, least, most)
    return drawn + (drawn < 1)


def aspects(bits: Array, low: float, power: int = 1, *, law: str = "log-uniform") -> Array:
    """Aspects from `low` to 1/low, to a power, in steps of 2**-16; `law` is `log-uniform` or `uniform`."""
    return like(_aspect_table(low, power, law), bits)[to_dtype(bits >> (31 - _TABLE_BITS), "int64")]


@cache
def _aspect_table(low: float, power: int, law: str) -> np.ndarray:
    steps = [(step + 0.5) / (1 << _TABLE_BITS) for step in range(1 << _TABLE_BITS)]
    values = [low ** (1 - 2 * at) if law == "log-uniform" else low + at * (1 / low - low) for at in steps]
    return np.array([share(value**power) for value in values], dtype=np.int64)


def rounded_root(value: Array, power: int, longest: int) -> Array:
    """The power-th root of a number of 2**-16, rounded to whole cells; `longest` or more comes out as `longest`."""
    return namespace(value).searchsorted(like(_halves(power, longest), value), value << power, side="right")


@cache
def _halves(power: int, longest: int) -> np.ndarray:
    # A root is at least m - 1/2 where the number is at least ((2 m - 1) / 2) ** power.
    highest = (1 << 63) - 1
    table = [min((2 * side - 1) ** power << BITS, highest) for side in range(1, longest + 1)]
    return np.array(table, dtype=np.int64)


def sides(area: Array, measure: Array, shape: tuple[int, ...], aspect: float, bits: Array, law: str) -> list[Array]:
    """Sides of boxes, one [B, n] array an axis, each from 1 to what the example measures.

    The aspect is the side along an axis over the geometric mean of the sides along the axes after it.

    Args:
        area: [B, n] cells; met to rounding, unless the box is longer than the example.
        measure: [B, axes], what the examples measure, 1 or more.
        shape: of the grid.
        aspect: the smallest; the largest is its inverse.
        bits: [B, n, axes - 1 or more], 31 random bits each.
        law: see `aspects`.
    """
    xp = namespace(area)
    out = []
    for axis in range(len(shape) - 1):
        left = len(shape) - axis
        drawn = aspects(bits[..., axis], aspect, left - 1, law=law)
        # Where the axes that remain cannot hold the area, this one takes more.
        rest = measure[:, axis + 1 :].prod(1)[:, None]
        side = xp.maximum(rounded_root(area * drawn, left, shape[axis]), (area + rest - 1) // rest)
        side = xp.minimum(side, measure[:, axis, None])
        area = (2 * area + side) // (2 * side)
        area = area + (area < 1)
        out.append(side)
    out.append(xp.minimum(area, measure[:, -1, None]))
    return out


def measured(extent: Array) -> Array:
    """Extents with 1 in place of 0, for examples without a valid cell."""
    return extent + (extent < 1)


def covered(start: Array, side: Array, extent: Array, size: int) -> Array:
    """[B, size, n] bool: which places of an axis each box covers; a box that reaches over the end goes on at the start.

    Args:
        start: [B, n] first places.
        side: [B, n] cells.
        extent: [B], where the axis ends.
        size: of the grid's axis.
    """
    start, side = to_dtype(start, "int32"), to_dtype(side, "int32")
    place = to_dtype(arange(size, start), "int32")[None, :, None] - start[:, None, :]
    over = side - to_dtype(extent, "int32")[:, None]
    return ((place >= 0) & (place < side[:, None, :])) | (place < over[:, None, :])


def covering(start: Array, side: Array, extent: Array, size: int) -> Array:
    """[B, size] uint8: bit i says whether box i, of up to eight, covers a place of an axis; see `covered`."""
    xp = namespace(start)
    # Examples along the last axis, which is the longest as a rule, make the fastest loops.
    start, side = to_dtype(_transposed(start), "int32"), to_dtype(_transposed(side), "int32")
    place = to_dtype(arange(size, start), "int32")[:, None, None] - start
    inside = ((place >= 0) & (place < side)) | (place < side - to_dtype(extent, "int32"))
    weights = to_dtype(1 << arange(start.shape[0], start), "uint8")
    return _transposed(xp.sum(to_dtype(inside, "uint8") * weights[:, None], axis=1, dtype=xp.uint8))


def _transposed(matrix: Array) -> Array:
    """The transpose, in the order in which it is read on."""
    return matrix.T.reshape((-1,)).reshape(tuple(matrix.shape[::-1]))


def turned(start: Array, extent: Array, size: int) -> Array:
    """[B, size] int32: the places of an axis counted from `start` [B] around its end at `extent` [B]."""
    place = to_dtype(arange(size, start), "int32")[None, :] - to_dtype(start, "int32")[:, None]
    return place + to_dtype(extent, "int32")[:, None] * (place < 0)


def along(values: Array, axis: int, axes: int) -> Array:
    """[B, size] values of one axis, shaped to broadcast over a grid of so many axes."""
    shape = [1] * axes
    shape[axis] = values.shape[1]
    return values.reshape((values.shape[0], *shape))


def any_box(starts: list[Array], sizes: list[Array], measure: Array, shape: tuple[int, ...]) -> Array:
    """[B, *shape] bool: the cells of any of the boxes; arguments as of `box_masks`, in a fraction of the time."""
    if starts[0].shape[1] == 1:
        return box_masks(starts, sizes, measure, shape)[:, 0]
    out: Array = False
    for low in range(0, starts[0].shape[1], 8):
        inside: Array = 255
        for axis, (start, side) in enumerate(zip(starts, sizes, strict=True)):
            line = covering(start[:, low : low + 8], side[:, low : low + 8], measure[:, axis], shape[axis])
            inside = inside & along(line, axis, len(shape))
        out = out | (inside != 0)
    return out


def box_masks(starts: list[Array], sizes: list[Array], measure: Array, shape: tuple[int, ...]) -> Array:
    """[B, n, *shape] bool: the cells of each box; `starts` and `sizes` hold one [B, n] array an axis."""
    n = starts[0].shape[1]
    out = None
    for axis, (start, side) in enumerate(zip(starts, sizes, strict=True)):
        line = namespace(start).permute_dims(covered(start, side, measure[:, axis], shape[axis]), (0, 2, 1))
        line = line.reshape((line.shape[0], n, *(size if a == axis else 1 for a, size in enumerate(shape))))
        out = line if out is None else out & line
    return out


def enlarged(cells: Array, sides: tuple[int, ...]) -> Array:
    """[B, *grid x sides]: every cell of [B, *grid] repeated as a box of that many cells."""
    if all(side == 1 for side in sides):
        return cells
    grid = tuple(cells.shape[1:])
    narrow = [n for size in grid for n in (size, 1)]
    wide = [n for size, side in zip(grid, sides, strict=True) for n in (size, side)]
    batch = cells.shape[0]
    grown = namespace(cells).broadcast_to(cells.reshape((batch, *narrow)), (batch, *wide))
    return grown.reshape((batch, *(size * side for size, side in zip(grid, sides, strict=True))))


def of_boxes(cells: Array, sides: tuple[int, ...]) -> Array:
    """[B, *grid, *sides, ...] from [B, *grid x sides, ...]: the cells of each box; a view where memory allows it."""
    ndim = len(sides)
    split = [n for size, side in zip(cells.shape[1 : 1 + ndim], sides, strict=True) for n in (size // side, side)]
    split = cells.reshape((cells.shape[0], *split, *cells.shape[1 + ndim :]))
    order = (0, *range(1, 2 * ndim, 2), *range(2, 2 * ndim + 1, 2), *range(2 * ndim + 1, split.ndim))
    return namespace(cells).permute_dims(split, order)
