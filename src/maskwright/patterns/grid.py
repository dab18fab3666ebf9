"""Regular lattices: every n-th cell, checkerboards, and squares at equal distances."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from maskwright import grid as lattice
from maskwright.backend.arrays import Array, extents, namespace, to_dtype
from maskwright.geometry.boxes import along, between, measured, turned
from maskwright.geometry.select import exact
from maskwright.rng import Rng
from maskwright.strategy import check, choice, number


@dataclass(frozen=True)
class Grid:
    """Hide cells at equal distances, with an exact count.

    The lattice divides the cells into classes, which are hidden one after the other; of the last only as many random
    cells as are missing. It begins at a random cell and goes around the borders, so all cells are hidden equally often;
    where the period does not divide an axis, one period is shorter.

    `every`: a class is a cell of each period and those `period` away along the axes; classes come in random order. At a
    ratio of 1/period**axes, every `period`-th cell is hidden. `checkerboard`: two classes, fields of `period` cells a
    side in two colours; at a ratio of 1/2, all fields of a colour. `squares`: in each period a square (a cube) at its
    corner, as large as the count asks, so at a ratio r the side is `period` x the root of r.

    When it helps: occlusion tests that leave no large part whole. When not: learning from neighbours that give the
    hidden away: He et al. 2022 (arXiv:2111.06377) found grid masks easy to fill in and poor to learn from.

    Source: squares, Chen et al. 2020, GridMask (arXiv:2001.04086), there without going around the borders.

    Args:
        period: cells from one lattice point to the next, or of a checkerboard's field.
        law: `every`, `checkerboard` or `squares`.

    >>> import numpy as np
    >>> valid = np.ones((1, 2, 6), dtype=bool)
    >>> cells = lattice.Grid(row=2, col=6)
    >>> Grid(1, "checkerboard")(cells, np.array([6]), valid=valid, rng=Rng.from_ids([0])).astype(int)
    array([[[1, 0, 1, 0, 1, 0],
            [0, 1, 0, 1, 0, 1]]])
    """

    period: int = number(2, 1, 1_000_000, "cells", whole=True)
    law: str = choice("every", "every", "checkerboard", "squares")

    examples: ClassVar[tuple[Any, ...]] = ({"period": 2},)

    def __post_init__(self):
        check(self)

    def __call__(self, grid: lattice.Grid, count: Array, *, valid: Array, rng: Rng, **signals: Array) -> Array:
        """Return a bool mask [B, *grid.shape] with exactly min(count, valid cells) hidden per example."""
        del signals
        if 0 in valid.shape:
            return valid & False
        order = self._order(grid, measured(extents(valid)), rng)
        scores = to_dtype(order, "int64") << 31
        scores |= rng.child("ties").bits(*grid.shape)
        return exact(scores, count, valid)

    def _order(self, grid: lattice.Grid, measure: Array, rng: Rng) -> Array:
        """[B, *grid.shape] integers: equal in a class, lower where it is hidden earlier."""
        xp = namespace(measure)
        origin = between(rng.child("origin").bits(grid.ndim), 0, measure - 1)
        order: Array = None
        for axis, size in enumerate(grid.shape):
            place = turned(origin[:, axis], measure[:, axis], size)
            place = place // self.period if self.law == "checkerboard" else place % self.period
            place = along(place, axis, grid.ndim)
            if order is None:
                order = place
            elif self.law == "squares":
                order = xp.maximum(order, place)
            else:
                order = order + place if self.law == "checkerboard" else order * self.period + place
        if self.law == "checkerboard":
            order = order % 2
        return order if self.law == "squares" else rng.child("classes").bits_at(order)
