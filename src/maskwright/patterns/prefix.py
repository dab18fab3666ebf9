"""The first cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from maskwright.backend.arrays import Array
from maskwright.geometry.slices import axis_of, bundles_along, first_of, has_axis, slices, to_cells
from maskwright.grid import Grid
from maskwright.rng import Rng
from maskwright.strategy import axis_name, check


@dataclass(frozen=True)
class Prefix:
    """Hide the first `count` valid cells, in reading order or along an axis.

    With an axis, whole slices are hidden (the leading frames, the upper rows), and the budget counts slices that have
    a valid cell. Nothing is random but the budget.

    When it helps: asking what the beginning is worth, and learning to do without it. When not: as the only training
    noise; the end is always visible.

    Args:
        axis: None for single cells in reading order, or the name of the axis along which slices are hidden.

    Raises:
        MaskingError: a grid without that axis.

    >>> import numpy as np
    >>> valid = np.array([[False, True, True, True]])
    >>> Prefix()(Grid(token=4), np.array([2]), valid=valid, rng=Rng.from_ids([0])).astype(int)
    array([[0, 1, 1, 0]])
    """

    draws: ClassVar[bool] = False
    biased: ClassVar[str] = "what is hidden begins at the first cell: that is what it is for"

    fits, bundles = has_axis, bundles_along

    axis: str | None = axis_name()

    def __post_init__(self):
        check(self)

    def __call__(self, grid: Grid, count: Array, *, valid: Array, rng: Rng, **signals: Array) -> Array:
        """Return a bool mask [B, *grid.shape] with the first min(count, valid) cells or slices hidden."""
        del signals, rng
        axis = axis_of(self, grid)
        lines = slices(valid, axis)
        return to_cells(first_of(lines, count), valid, axis)
