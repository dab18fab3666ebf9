"""Boxes of cells as units: patches of an image, tubelets of a clip, bands of a spectrogram."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from maskwright.backend.arrays import Array, any_over, arange, like, namespace, true_count
from maskwright.errors import MaskingError
from maskwright.geometry.boxes import enlarged, of_boxes
from maskwright.grid import Grid

BOXES = ("patch", "pixel", "tubelet", "frame", "bin", "feature")
"""Names of the units of an array. They say what a cell of the grid is; how large it is, its sides say."""


@dataclass(frozen=True, eq=False)
class BoxUnits:
    """The units of an array: each cell of a grid is a box of cells of the array; see `units.text.Units`.

    Attributes:
        grid: lattice of units.
        sides: cells of a unit along each axis.
        array: [B, *grid x sides, ...], whose back end and device everything gets.
        allowed: [B, *grid] or [B, *grid x sides] bool, what may be hidden; None means all.
    """

    grid: Grid
    sides: tuple[int, ...]
    array: Array
    allowed: Array | None = None

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """Of a mask over units and of one over cells."""
        wide = tuple(self.array.shape[: 1 + self.grid.ndim])
        return ((self.array.shape[0], *self.grid.shape), wide)

    @property
    def whole(self) -> bool:
        """Whether units are allowed whole or not at all."""
        return self.allowed is None or tuple(self.allowed.shape) == self.shapes[0]

    @cached_property
    def valid(self) -> Array:
        """[B, *grid] bool, the unit exists: any of its cells may be hidden."""
        if self.allowed is None:
            return like(np.ones(self.shapes[0], dtype=bool), self.array)
        return self.allowed if self.whole else self._any(self.allowed)

    @cached_property
    def hideable(self) -> Array:
        """[B, *grid x sides] bool, the cell may be hidden."""
        return enlarged(self.valid, self.sides) if self.allowed is None or self.whole else self.allowed

    @property
    def groups(self) -> Array:
        """[1, *grid x sides] int64, the unit of each cell."""
        return enlarged(arange(self.grid.size, self.array).reshape((1, *self.grid.shape)), self.sides)

    @cached_property
    def n(self) -> Array:
        """[B] int64, number of units."""
        return true_count(self.valid)

    def to_cells(self, mask: Array) -> Array:
        """[B, *grid x sides] bool from a mask over units."""
        return enlarged(mask, self.sides) & self.hideable

    def of_cells(self, mask: Array) -> Array:
        """[B, *grid] bool, the units that have a cell in the mask."""
        return self._any(mask & self.hideable)

    def to_units(self, values: Array) -> Array:
        """[B, *grid] from numbers per unit or per cell: a unit has the highest of its cells that may be hidden."""
        if tuple(values.shape) == self.shapes[0]:
            return values
        xp = namespace(values)
        if xp.isdtype(values.dtype, "bool"):
            return self._any(values & self.hideable)
        lowest = float("-inf") if xp.isdtype(values.dtype, "real floating") else xp.iinfo(values.dtype).min
        boxes = of_boxes(xp.where(self.hideable, values, lowest), self.sides)
        highest = boxes.reshape((*self.shapes[0], -1)).max(-1)
        return getattr(highest, "values", highest)  # torch says where, too

    def _any(self, cells: Array) -> Array:
        if cells.shape == self.shapes[0]:
            return cells
        ndim = self.grid.ndim
        return any_over(of_boxes(cells, self.sides), tuple(range(1 + ndim, 1 + 2 * ndim)))


@dataclass(frozen=True)
class Patches:
    """How images or clips are cut into boxes of pixels, as vision models cut them.

    Images are [B, C, row, col] and clips [B, frame, C, row, col], as models of Transformers take them; cells are the
    same numbers with channels last.

    Args:
        grid: of patches.
        sides: pixels (and frames) of a patch along each axis.
        channels: of a pixel.

    >>> Patches.of((8, 3, 224, 224), 16).grid
    Grid(row=14, col=14)
    >>> Patches.of((8, 16, 3, 224, 224), (2, 16, 16)).sides
    (2, 16, 16)
    """

    grid: Grid
    sides: tuple[int, ...]
    channels: int

    @classmethod
    def of(cls, shape: Sequence[int], side: int | Sequence[int]) -> Patches:
        """Of an array of images or clips of that shape.

        Args:
            shape: (B, C, row, col) or (B, frame, C, row, col).
            side: pixels of a patch along rows and columns; (frames, rows, columns) for clips.

        Raises:
            MaskingError: another number of axes, sides that are no whole numbers, sizes that are no multiples of them.
        """
        if len(shape) not in (4, 5):
            raise MaskingError(
                f"Patches: expected images [B, C, row, col] or clips [B, frame, C, row, col], given {tuple(shape)}."
            )
        axes = ("row", "col") if len(shape) == 4 else ("frame", "row", "col")
        sizes = [int(n) for n in ((*shape[1:2], *shape[3:]) if len(shape) == 5 else shape[2:])]
        sides = (side, side) if isinstance(side, int) and len(axes) == 2 else side
        whole = isinstance(sides, Sequence) and all(isinstance(n, int) and not isinstance(n, bool) for n in sides)
        if not whole or isinstance(sides, int) or len(sides) != len(axes) or min(sides) < 1:
            example = "16 or (16, 16)" if len(axes) == 2 else "(2, 16, 16)"
            raise MaskingError(f"Patches: expected a side for each of {', '.join(axes)}: {example}, given {side!r}.")
        for axis, size, length in zip(axes, sizes, sides, strict=True):
            if size % length:
                low, high = size // length * length, -(-size // length) * length
                near = f"{low} or {high}" if low else f"{high}"
                raise MaskingError(
                    f"Patches: {size} along {axis} is no multiple of the side {length}; resize or pad to {near}."
                )
        grid = Grid(**{axis: size // length for axis, size, length in zip(axes, sizes, sides, strict=True)})
        return cls(grid, tuple(sides), int(shape[1] if len(axes) == 2 else shape[2]))

    @property
    def values(self) -> int:
        """Numbers of a patch."""
        return int(np.prod(self.sides)) * self.channels

    def to_cells(self, pixel_values: Array) -> Array:
        """[B, (frame,) row, col, C], a view with channels last.

        Raises:
            MaskingError: images or clips of another size.
        """
        ndim, xp = self.grid.ndim, namespace(pixel_values)
        moved = None
        if pixel_values.ndim == ndim + 2:
            moved = xp.permute_dims(pixel_values, (0, *(a for a in range(1, ndim + 2) if a != ndim - 1), ndim - 1))
        sizes = (*(n * side for n, side in zip(self.grid.shape, self.sides, strict=True)), self.channels)
        if moved is None or tuple(moved.shape[1:]) != sizes:
            wanted = [*sizes[:-1]]
            wanted.insert(ndim - 2, self.channels)
            raise MaskingError(f"Patches: expected [B, {str(wanted)[1:-1]}], given shape {tuple(pixel_values.shape)}.")
        return moved

    def from_cells(self, cells: Array) -> Array:
        """[B, (frame,) C, row, col], a view of what `to_cells` gives, whatever the number of channels."""
        ndim = self.grid.ndim
        order = [*range(ndim + 1)]
        order.insert(ndim - 1, ndim + 1)
        return namespace(cells).permute_dims(cells, tuple(order))

    def flatten(self, pixel_values: Array) -> Array:
        """[B, patches, values], the order of Transformers' `ViTMAE.patchify` and VideoMAE: a pixel's channels together.

        >>> x = np.arange(8.0).reshape(1, 2, 2, 2)
        >>> Patches.of(x.shape, 2).flatten(x)
        array([[[0., 4., 1., 5., 2., 6., 3., 7.]]])
        """
        boxes = of_boxes(self.to_cells(pixel_values), self.sides)
        return boxes.reshape((boxes.shape[0], self.grid.size, self.values))

    def unflatten(self, patches: Array) -> Array:
        """Images or clips from what `flatten` gives, such as a model's reconstruction.

        Raises:
            MaskingError: another shape.
        """
        expected = (self.grid.size, self.values)
        if tuple(patches.shape[1:]) != expected:
            raise MaskingError(f"Patches: expected [B, {expected[0]}, {expected[1]}], given {tuple(patches.shape)}.")
        ndim, batch = self.grid.ndim, patches.shape[0]
        boxes = patches.reshape((batch, *self.grid.shape, *self.sides, self.channels))
        order = (0, *(n for axis in range(1, ndim + 1) for n in (axis, axis + ndim)), 2 * ndim + 1)
        sizes = (size * side for size, side in zip(self.grid.shape, self.sides, strict=True))
        cells = namespace(patches).permute_dims(boxes, order).reshape((batch, *sizes, self.channels))
        return self.from_cells(cells)
