"""The last cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from maskwright.backend.arrays import Array, true_count
from maskwright.geometry.slices import axis_of, bundles_along, first_of, has_axis, slices, to_cells
from maskwright.grid import Grid
from maskwright.rng import Rng
from maskwright.strategy import axis_name, check


@dataclass(frozen=True)
class Suffix:
    """Hide the last `count` valid cells, in reading order or along an axis.

    With an axis, whole slices are hidden (the closing frames, the lower rows), and the budget counts slices that have
    a valid cell. Nothing is random but the budget.

    When it helps: continuing what is given (the rest of a text, the next frames), and asking what the end is worth.
    When not: as the only training noise; the beginning is always visible. `causal` draws where the future begins.

    Args:
        axis: None for single cells in reading order, or the name of the axis along which slices are hidden.

    Raises:
        MaskingError: a grid without that axis.

    >>> import numpy as np
    >>> valid = np.array([[False, True, True, True]])
    >>> Suffix()(Grid(token=4), np.array([2]), valid=valid, rng=Rng.from_ids([0])).astype(int)
    array([[0, 0, 1, 1]])
    """

    draws: ClassVar[bool] = False
    biased: ClassVar[str] = "what is hidden ends at the last cell: that is what it is for"

    fits, bundles = has_axis, bundles_along

    axis: str | None = axis_name()

    def __post_init__(self):
        check(self)

    def __call__(self, grid: Grid, count: Array, *, valid: Array, rng: Rng, **signals: Array) -> Array:
        """Return a bool mask [B, *grid.shape] with the last min(count, valid) cells or slices hidden."""
        del signals, rng
        axis = axis_of(self, grid)
        lines = slices(valid, axis)
        return to_cells(lines & ~first_of(lines, true_count(lines) - count), valid, axis)
