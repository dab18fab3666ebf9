"""Another pattern on coarser cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from maskwright.backend.arrays import Array, arange, namespace
from maskwright.errors import ConfigError, MaskingError
from maskwright.geometry.signals import only_valid
from maskwright.grid import Grid
from maskwright.patterns import traits
from maskwright.rng import Rng
from maskwright.strategy import REQUIRED, check, part


@dataclass(frozen=True)
class Coarse:
    """Divide the grid into boxes of `size` cells, apply a pattern to them, and hide each box whole.

    Boxes are counted from the first cell; where the size does not divide an axis, the last ones are smaller. A box
    exists where any of its cells is valid; hiding it hides its valid cells. Budgets count boxes.

    When it helps: cells so small that their neighbours give them away (pixels, or patches of 4 pixels). When not:
    shapes smaller than a box matter.

    Source: Xie et al. 2021, SimMIM (arXiv:2111.09886), which hides boxes of 32 x 32 pixels under patches of 4 x 4;
    Singh and Lee 2017, hide-and-seek (arXiv:1704.04232).

    Args:
        pattern: on the boxes, for example `Iid()` or "iid". Signals it needs are made coarse too: a box has the highest
            number of its valid cells.
        size: sides of a box in cells, one number for all axes or one for each.

    Raises:
        MaskingError: a grid with another number of axes than sizes, or that the pattern does not fit.

    >>> import numpy as np
    >>> valid = np.ones((1, 2, 5), dtype=bool)
    >>> Coarse("iid", 2)(Grid(row=2, col=5), np.array([1]), valid=valid, rng=Rng.from_ids([0])).astype(int)
    array([[[1, 1, 0, 0, 0],
            [1, 1, 0, 0, 0]]])
    """

    pattern: Any = part("maskwright.patterns")
    size: Any = REQUIRED

    examples: ClassVar[tuple[Any, ...]] = ({"pattern": "iid", "size": 2},)

    def __post_init__(self):
        check(self)
        if isinstance(self.size, list):
            object.__setattr__(self, "size", tuple(self.size))
        sizes = self.size if isinstance(self.size, tuple) else (self.size,)
        if not sizes or not all(isinstance(n, int) and not isinstance(n, bool) and n >= 1 for n in sizes):
            raise ConfigError(
                f"Coarse.size: expected a whole number of cells, 1 or more, or one for each axis, given {self.size!r}."
            )

    @property
    def inner(self) -> tuple[Any, ...]:
        """The patterns it is made of."""
        return (self.pattern,)

    def fits(self, grid: Grid) -> bool:
        """Whether there is a size for each axis and the pattern fits the grid of boxes."""
        if isinstance(self.size, tuple) and len(self.size) != grid.ndim:
            return False
        return traits(self.pattern).fits(self._grid(grid))

    def bundles(self, grid: Grid, cells: Array) -> Array:
        """[B, ...] bool, which boxes have any of the cells; larger bundles where the pattern hides such."""
        coarse, boxes = self._grid(grid), self._highest(grid, cells, False)
        own = traits(self.pattern).bundles
        return boxes if own is None else own(coarse, boxes)

    def __call__(self, grid: Grid, count: Array, *, valid: Array, rng: Rng, **signals: Array) -> Array:
        """Return a bool mask [B, *grid.shape]; `count` is a number of boxes."""
        if not self.fits(grid):
            raise MaskingError(f"coarse: its pattern does not fit {self._grid(grid)}, the boxes of {grid}.")
        if 0 in valid.shape:
            return valid & False
        xp = namespace(valid)
        coarse = {}
        for name in traits(self.pattern).signals:
            coarse[name] = self._highest(grid, *only_valid(name, signals[name], valid))
        mask = self.pattern(self._grid(grid), count, valid=self._highest(grid, valid, False), rng=rng, **coarse)
        for axis, size in enumerate(self._sizes(grid)):
            if size > 1:
                mask = xp.take(mask, arange(grid.shape[axis], valid) // size, axis=axis + 1)
        return mask & valid

    def _sizes(self, grid: Grid) -> tuple[int, ...]:
        sizes = self.size if isinstance(self.size, tuple) else (self.size,) * grid.ndim
        if len(sizes) != grid.ndim:
            raise MaskingError(f"coarse: expected a grid of {len(sizes)} axes, one for each size, given {grid}.")
        return sizes

    def _grid(self, grid: Grid) -> Grid:
        counts = (-(-n // size) for n, size in zip(grid.shape, self._sizes(grid), strict=True))
        return Grid(**dict(zip(grid.axes, counts, strict=True)))

    def _highest(self, grid: Grid, cells: Array, lowest: Any) -> Array:
        """The highest number of each box, or whether any of its flags is set."""
        xp = namespace(cells)
        for axis, size in enumerate(self._sizes(grid)):
            short = -cells.shape[axis + 1] % size
            if size == 1 or 0 in cells.shape:
                continue
            before, after = tuple(cells.shape[: axis + 1]), tuple(cells.shape[axis + 2 :])
            if short:
                rest = xp.zeros_like(cells[(slice(None),) * (axis + 1) + (slice(0, 1),)])
                rest = xp.broadcast_to(rest | lowest if lowest is False else rest + lowest, (*before, short, *after))
                cells = xp.concat([cells, rest], axis=axis + 1)
            boxes = cells.reshape((*before, -1, size, *after))
            cells = xp.any(boxes, axis=axis + 2) if lowest is False else xp.max(boxes, axis=axis + 2)
        return cells
