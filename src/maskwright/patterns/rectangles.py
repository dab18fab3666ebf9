"""A few rectangles of random size, as random erasing and cutout use them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from maskwright.backend.arrays import Array, arange, extents, like, namespace, to_dtype
from maskwright.compact.shapes import Boxes
from maskwright.errors import ConfigError
from maskwright.geometry.boxes import any_box, areas, aspects, between, measured, rounded_root, sides
from maskwright.geometry.select import bounded
from maskwright.grid import Grid
from maskwright.rng import Rng
from maskwright.strategy import check, choice, number

_TRIES = 8


@dataclass(frozen=True)
class Rectangles:
    """Hide n rectangles (spans on one axis, cuboids on three); their areas set the count.

    They may overlap. A budget, if there is one, is an upper bound, for which cells are shown again at random.

    `edge` says what happens at borders. `wrap`: a rectangle that leaves the grid at one side goes on at the other, and
    all cells are hidden equally often. `inside`: it lies whole inside, as in random erasing; of eight draws of size the
    first that is shorter than the example along every axis is taken, and none if none is. `clip`: its centre is
    uniform over the cells and what lies outside is lost, as in cutout. The last two hide the middle more often.

    When it helps: pixels, against occlusion; cheap. When not: at ratios that must be met; use `block`.

    Source: Zhong et al. 2017, random erasing (arXiv:1708.04896): area .02 to .4, aspect .3 to 1/.3, uniform; later
    tools draw it log-uniform and up to .33. DeVries and Taylor 2017, cutout (arXiv:1708.04552): one square.

    Args:
        n: number of rectangles.
        min_area: smallest, as a share of the grid; areas are uniform.
        max_area: largest.
        aspect: smallest ratio of the first side to the second; the largest is its inverse. On three axes and more as in
            `block`.
        law: of the aspect, `log-uniform` or `uniform`.
        edge: `wrap`, `inside` or `clip`.

    >>> import numpy as np
    >>> one = Rectangles(min_area=0.25, max_area=0.25, aspect=1.0)
    >>> valid = np.ones((1, 4, 6), dtype=bool)
    >>> int(one(Grid(row=4, col=6), np.array([24]), valid=valid, rng=Rng.from_ids([0])).sum())
    6
    """

    sets_own_count: ClassVar[bool] = True

    n: int = number(1, 1, 64, "rectangles", whole=True)
    min_area: float = number(0.02, 0.0, 1.0, "share of the grid")
    max_area: float = number(0.33, 0.0, 1.0, "share of the grid")
    aspect: float = number(0.3, 0.05, 1.0, "side over side")
    law: str = choice("log-uniform", "log-uniform", "uniform")
    edge: str = choice("wrap", "wrap", "inside", "clip")

    examples: ClassVar[tuple[Any, ...]] = ({"n": 2},)

    def __post_init__(self):
        check(self)
        if self.min_area > self.max_area:
            raise ConfigError(f"Rectangles: min_area is {self.min_area:g}, above max_area, {self.max_area:g}.")

    @property
    def biased(self) -> str:
        """Which cells are hidden more often than others."""
        return "" if self.edge == "wrap" else "rectangles do not go on at the other side, so they favour the middle"

    def __call__(self, grid: Grid, count: Array, *, valid: Array, rng: Rng, **signals: Array) -> Array:
        """Return a bool mask [B, *grid.shape]; at most `count` cells per example."""
        del signals
        if 0 in valid.shape:
            return valid & False
        box = to_dtype(self.boxes(grid, valid=valid, rng=rng), "int64")
        starts = [box[:, :, axis, 0] for axis in range(grid.ndim)]
        lengths = [box[:, :, axis, 1] - box[:, :, axis, 0] for axis in range(grid.ndim)]
        mask = any_box(starts, lengths, measured(extents(valid)), grid.shape) & valid
        return bounded(mask, count, rng)

    def boxes(self, grid: Grid, *, valid: Array, rng: Rng) -> Array:
        """Where the rectangles are, for writing slices instead of masks.

        Returns:
            [B, n, axes, 2] int64, start and stop along each axis, within what the example measures. With `wrap` a stop
            may lie beyond the end of the axis; the rest of the rectangle is at its start.
        """
        return self._boxes(grid, measured(extents(valid)), rng)

    def compact(self, grid: Grid, count: Array, *, valid: Array | None, rng: Rng) -> Boxes:
        """Return the rectangles as boxes; `valid` None means all cells, and `count` 0 leaves an example whole."""
        xp = namespace(count)
        shape = like(np.array(grid.shape, dtype=np.int64), count)[None, :]
        measure = shape + count[:, None] * 0 if valid is None else measured(extents(valid))
        bounds = self._boxes(grid, measure, rng) * (count > 0)[:, None, None, None]
        if self.edge != "wrap":
            return Boxes(bounds, grid.shape)
        for axis in range(grid.ndim):  # what passes the end goes on at the first cell, as a box of its own
            end = measure[:, None, axis]
            first, second = bounds * 1, bounds * 1
            first[:, :, axis, 1] = xp.minimum(bounds[:, :, axis, 1], end)
            second[:, :, axis, 0] = 0
            second[:, :, axis, 1] = bounds[:, :, axis, 1] - end
            bounds = xp.concat([first, second], axis=1)
        return Boxes(bounds, grid.shape)

    def _boxes(self, grid: Grid, measure: Array, rng: Rng) -> Array:
        xp = namespace(measure)
        rectangles, axes = self.n, grid.ndim
        tries = _TRIES if self.edge == "inside" else 1
        bits = rng.child("rectangles").bits(rectangles * tries, 2 * axes)
        area = areas(measure.prod(1), self.min_area, self.max_area, bits[..., 0])
        sizes = xp.stack(self._sides(area, measure, grid, bits), axis=-1).reshape((-1, rectangles, tries, axes))
        size, bits = sizes[:, :, 0], bits.reshape((-1, rectangles, tries, 2 * axes))[:, :, 0]
        extent = measure[:, None, :]
        if self.edge == "inside":
            fits = xp.all(sizes < extent[:, :, None], axis=-1)
            first = xp.argmax(to_dtype(fits, "int32"), axis=-1)  # the first of the largest
            chosen = (arange(tries, first) == first[..., None]) & fits
            size = xp.sum(sizes * chosen[..., None], axis=2)
        room = extent - size if self.edge == "inside" else extent - 1
        start = between(bits[..., axes:], 0, room)
        if self.edge == "clip":
            start = start - size // 2
            stop = xp.minimum(start + size, extent)
            return xp.stack([start * (start > 0), stop], axis=-1)
        return xp.stack([start, start + size], axis=-1)

    def _sides(self, area: Array, measure: Array, grid: Grid, bits: Array) -> list[Array]:
        if self.edge == "wrap" or grid.ndim != 2:
            return sides(area, measure, grid.shape, self.aspect, bits[..., 1:], self.law)
        # As published: sides may be longer than the example, which `inside` refuses and `clip` cuts.
        drawn = aspects(bits[..., 1], self.aspect, law=self.law)
        longest = 4 * max(grid.shape)
        return [rounded_root(area * drawn, 2, longest), rounded_root((area << 32) // drawn, 2, longest)]
