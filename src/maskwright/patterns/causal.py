"""The future, from a cut on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from maskwright.backend.arrays import Array, namespace, to_dtype, true_count
from maskwright.geometry.slices import axis_of, first_of, has_axis, slices, to_cells
from maskwright.grid import Grid
from maskwright.rng import Rng, below
from maskwright.strategy import axis_name, check, number


@dataclass(frozen=True)
class Causal:
    """Hide everything after a cut along an axis; where the cut falls is drawn for each example.

    The number of hidden slices (tokens, frames, rows) is uniform over 1 ... n - visible, n the slices that have a valid
    cell; an example that has no more than `visible` of them is left whole. A budget is an upper bound, under which the
    draw stays uniform. For a share or a number of hidden slices instead, use `suffix`.

    When it helps: predicting what comes next from beginnings of any length, and deciding early (streams, early exits).
    When not: where both sides of a gap are there at use time.

    Source: prefix language modelling with a uniform split, Raffel et al. 2020, T5 (arXiv:1910.10683).

    Args:
        axis: name of the axis that is time; None for the first axis of the grid.
        visible: at least this many slices stay visible.

    Raises:
        MaskingError: a grid without that axis.

    >>> import numpy as np
    >>> valid = np.ones((1, 6), dtype=bool)
    >>> Causal()(Grid(token=6), np.array([6]), valid=valid, rng=Rng.from_ids([1])).astype(int)
    array([[0, 0, 1, 1, 1, 1]])
    """

    sets_own_count: ClassVar[bool] = True
    biased: ClassVar[str] = "what comes later is hidden more often: that is what it is for"

    axis: str | None = axis_name()
    visible: int = number(1, 0, 2**31, "slices", whole=True)

    def __post_init__(self):
        check(self)

    fits = has_axis

    def bundles(self, grid: Grid, cells: Array) -> Array:
        """[B, n] bool, which slices have any of the cells."""
        return slices(cells, self._axis(grid))

    def __call__(self, grid: Grid, count: Array, *, valid: Array, rng: Rng, **signals: Array) -> Array:
        """Return a bool mask [B, *grid.shape]; at most `count` slices are hidden."""
        del signals
        axis = self._axis(grid)
        lines = slices(valid, axis)
        xp = namespace(valid)
        n = to_dtype(true_count(lines), "int64")
        most = xp.minimum(n - self.visible, to_dtype(count, "int64"))
        most = xp.where(most > 0, most, 0)
        hidden = below(rng.child("cut").draw(), most, 24) + (most > 0)
        return to_cells(lines & ~first_of(lines, n - hidden), valid, axis)

    def _axis(self, grid: Grid) -> int:
        return axis_of(self, grid) or 1
