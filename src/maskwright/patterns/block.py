"""Boxes on any grid, with an exact count."""

from __future__ import annotations

from dataclasses import dataclass

from maskwright.backend.arrays import Array, extents, namespace, to_dtype, true_count
from maskwright.errors import ConfigError
from maskwright.geometry.boxes import along, areas, between, covering, measured, sides, turned
from maskwright.geometry.select import exact
from maskwright.grid import Grid
from maskwright.rng import Rng
from maskwright.strategy import check, choice, number

_BOXES = 8  # a round: as many as a byte has bits
_ROUNDS = 64
_NONE = 255


@dataclass(frozen=True)
class Block:
    """Hide random boxes one after the other until the count is reached; only the last box is cut.

    The example is seen as a torus: a box that leaves it at one side goes on at the other. So no cell is nearer to a
    border than another, and all are hidden equally often. The count is exact. Boxes may overlap. On one axis a box is
    a span, on three a cuboid. After 512 boxes what is still missing is hidden in reading order from a random cell; this
    happens only with small boxes at ratios near 1.

    When it helps: images, video and spectrograms, where a lone hidden cell is guessed from its neighbours. When not:
    high ratios, at which random cells did better in He et al. 2022 (arXiv:2111.06377) and train faster.

    Source: the idea of Bao et al. 2021, BEiT (arXiv:2106.08254), without its favour for the middle and its missed
    counts; `blockwise` is the law as published.

    Args:
        min_area: smallest box, as a share; areas are uniform.
        max_area: largest box, as a share.
        of: what areas are shares of: the `count` of the example, or the `grid` it measures.
        aspect: smallest ratio of two sides, in cells; log-uniform from here to its inverse. On three axes and more it
            is the side along an axis over the geometric mean of the sides along the axes after it.

    >>> import numpy as np
    >>> valid = np.ones((1, 4, 6), dtype=bool)
    >>> mask = Block(aspect=1.0)(Grid(row=4, col=6), np.array([6]), valid=valid, rng=Rng.from_ids([3]))
    >>> int(mask.sum())
    6
    """

    min_area: float = number(0.2, 0.01, 1.0, "share of the count or grid")
    max_area: float = number(1.0, 0.01, 1.0, "share of the count or grid")
    of: str = choice("count", "count", "grid")
    aspect: float = number(0.3, 0.05, 1.0, "side over side")

    def __post_init__(self):
        check(self)
        if self.min_area > self.max_area:
            raise ConfigError(f"Block: min_area is {self.min_area:g}, above max_area, which is {self.max_area:g}.")

    def __call__(self, grid: Grid, count: Array, *, valid: Array, rng: Rng, **signals: Array) -> Array:
        """Return a bool mask [B, *grid.shape] with exactly min(count, valid cells) hidden per example."""
        del signals
        if not grid.size or not valid.shape[0]:
            return valid & False
        xp = namespace(valid)
        total, measure = true_count(valid), measured(extents(valid))
        count = xp.minimum(count, total)
        base = count if self.of == "count" else measure.prod(1)
        # scores [B, *grid]: in the high bits the first box that holds the cell (256 * turn + a number that rises with
        # its index, 255 for none), in the low bits the place in reading order from a random cell. The lowest `count`
        # scores are then the mask.
        place_bits = (grid.size - 1).bit_length()
        first, origin = self._first(rng.child("boxes 0"), base, measure, grid)
        missing = (count < total) & (true_count((first != _NONE) & valid) < count)
        scores = to_dtype(first, "int32" if place_bits <= 16 else "int64")
        for turn in range(1, _ROUNDS):
            rows = xp.nonzero(missing)[0]  # [n] examples that eight boxes more may fill up
            if not rows.shape[0]:
                break
            keys = rng.take(rows).child(f"boxes {turn}")
            before, (more, _) = scores[rows], self._first(keys, base[rows], measure[rows], grid)
            scores[rows] = xp.where(before % 256 == _NONE, to_dtype(more, "int32") + 256 * turn, before)
            missing[rows] = true_count((scores[rows] % 256 != _NONE) & valid[rows]) < count[rows]
        scores <<= place_bits
        step = grid.size
        for axis, size in enumerate(grid.shape):
            # The last box is cut in reading order from a random cell, which favours no cell either.
            step //= size
            scores += along(turned(origin[:, axis], measure[:, axis], size) * step, axis, grid.ndim)
        return exact(scores, count, valid)

    def _first(self, rng: Rng, base: Array, measure: Array, grid: Grid) -> tuple[Array, Array]:
        """Of eight boxes, which is the first that holds a cell; and a random cell, [B, axes].

        The first is [B, *grid.shape] uint8 that rises with the index of the box; 255 for none.
        """
        # bits [B, 9, 2 * axes]: of each box its area, its sides and its corner; the ninth is the random cell. area
        # [B, 8], sizes [B, 8] per axis, starts [B, 9, axes], line [B, size of the axis], inside [B, *grid].
        axes = grid.ndim
        bits = rng.bits(_BOXES + 1, 2 * axes)
        area = areas(base, self.min_area, self.max_area, bits[:, :_BOXES, 0])
        sizes = sides(area, measure, grid.shape, self.aspect, bits[:, :_BOXES, 1:], "log-uniform")
        starts = between(bits[..., axes:], 0, measure[:, None] - 1)
        inside: Array = _NONE
        for axis, size in enumerate(grid.shape):
            line = covering(starts[:, :_BOXES, axis], sizes[axis], measure[:, axis], size)
            inside = inside & along(line, axis, axes)
        # Bit i says box i. The lowest bit less 1: 0, 1, 3, ... 127, and 255 where there is no bit.
        return (inside - 1) & ~inside, starts[:, _BOXES]
