"""Slices of a grid along an axis, for patterns that hide frames, rows or moments whole."""

from __future__ import annotations

import math
from typing import Any

from maskwright.backend.arrays import Array, any_over, running_count
from maskwright.errors import MaskingError
from maskwright.grid import Grid


def slices(cells: Array, axis: int | None) -> Array:
    """[B, n] which slices along a grid axis (from 1) have any True cell; None: the single cells in reading order."""
    if axis is None:
        return cells.reshape((cells.shape[0], math.prod(cells.shape[1:])))
    return any_over(cells, tuple(a for a in range(1, cells.ndim) if a != axis))


def to_cells(lines: Array, cells: Array, axis: int | None) -> Array:
    """The reverse of `slices`: [B, n] per slice, to the True cells of those slices."""
    shape = [size if a in (0, axis) else 1 for a, size in enumerate(cells.shape)]
    return lines.reshape(tuple(cells.shape) if axis is None else tuple(shape)) & cells


def first_of(cells: Array, count: Array) -> Array:
    """The first `count` True cells of each row of [B, n]."""
    return cells & (running_count(cells) <= count[:, None])


def axis_of(pattern: Any, grid: Grid) -> int | None:
    """The place of a pattern's `axis` in arrays of the grid, from 1; None where it names none.

    Raises:
        MaskingError: a grid without that axis.
    """
    if not has_axis(pattern, grid):
        name = type(pattern).__name__.lower()
        raise MaskingError(f"{name} along {pattern.axis}: expected a grid with that axis, given {grid}.")
    return None if pattern.axis is None else grid.axis(pattern.axis) + 1


def has_axis(self: Any, grid: Grid) -> bool:
    """Whether the grid has the axis."""
    return self.axis is None or self.axis in grid.axes


def bundles_along(self: Any, grid: Grid, cells: Array) -> Array:
    """[B, n] bool, which slices (or cells) have any of the cells."""
    return slices(cells, axis_of(self, grid))
