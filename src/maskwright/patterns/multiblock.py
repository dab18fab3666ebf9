"""A visible context block without the target blocks, as I-JEPA and V-JEPA use them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from maskwright.backend.arrays import Array, extents, namespace
from maskwright.errors import ConfigError, MaskingError
from maskwright.geometry.boxes import BITS, any_box, between, box_masks, measured, rounded_root, share
from maskwright.geometry.select import bounded
from maskwright.grid import Grid
from maskwright.rng import Rng
from maskwright.strategy import check, flag, number

_Blocks = tuple[list[Array], list[Array]]
"""First places and lengths, one [B, n] array an axis."""


@dataclass(frozen=True)
class Multiblock:
    """Hide everything but a large context block, less several target blocks, which may overlap.

    All targets of an example have one size. On two axes blocks are rectangles; on three the first axis is time, and a
    block spans `duration` of it. Blocks that leave the grid at one side go on at the other, so all cells are hidden
    equally often. The blocks set their own count; a budget is an upper bound, for which cells are shown again at
    random. On grids of a few cells the targets may cover the whole context. `blocks` also gives the targets, one mask
    each.

    Published differences, which `published` brings back. On two axes (I-JEPA): places leave out the last row and
    column, which are never visible and never a target; one random number sets both area and aspect; blocks stay inside
    the grid and cover its middle more often. On three axes (V-JEPA): blocks stay inside. Never brought back: one size
    for a whole batch, and cutting index lists to the shortest of the batch, which loses the last rows or frames.

    When it helps: predicting features of regions from a context (joint-embedding predictive architectures). When not:
    a model that needs a given count in every example.

    Source: Assran et al. 2023, I-JEPA (arXiv:2301.08243); Bardes et al. 2024, V-JEPA (arXiv:2404.08471).

    Args:
        targets: number of target blocks.
        min_scale: smallest target, as a share of rows x columns; uniform.
        max_scale: largest target.
        min_aspect: smallest ratio of a target's rows to its columns; uniform.
        max_aspect: largest.
        min_context: smallest context block; its share is uniform from here to 1, and its shape is the grid's.
        duration: share of the first of three axes that a target spans, rounded down, at least one.
        published: with the published faults.

    Raises:
        MaskingError: a grid that has not two or three axes.

    >>> import numpy as np
    >>> valid = np.ones((1, 4, 6), dtype=bool)
    >>> context, targets = Multiblock().blocks(Grid(row=4, col=6), valid=valid, rng=Rng.from_ids([2]))
    >>> targets.shape, bool((context & targets.any(1)).any())
    ((1, 4, 4, 6), False)
    """

    targets: int = number(4, 1, 64, "blocks", whole=True)
    min_scale: float = number(0.15, 0.0, 1.0, "share of rows x columns")
    max_scale: float = number(0.2, 0.0, 1.0, "share of rows x columns")
    min_aspect: float = number(0.75, 0.05, 20.0, "rows over columns")
    max_aspect: float = number(1.5, 0.05, 20.0, "rows over columns")
    min_context: float = number(0.85, 0.0, 1.0, "share of rows x columns")
    duration: float = number(1.0, 0.0, 1.0, "share of the first of three axes")
    published: bool = flag(False)

    sets_own_count: ClassVar[bool] = True

    def __post_init__(self):
        check(self)
        for low, high in (("min_scale", "max_scale"), ("min_aspect", "max_aspect")):
            if getattr(self, low) > getattr(self, high):
                raise ConfigError(
                    f"Multiblock: {low} is {getattr(self, low):g}, above {high}, which is {getattr(self, high):g}."
                )

    @property
    def biased(self) -> str:
        """Which cells are hidden more often than others."""
        return "blocks stay inside the grid, and I-JEPA's never reach its last row and column" if self.published else ""

    def fits(self, grid: Grid) -> bool:
        """Whether the grid has two or three axes."""
        return grid.ndim in (2, 3)

    def __call__(self, grid: Grid, count: Array, *, valid: Array, rng: Rng, **signals: Array) -> Array:
        """Return a bool mask [B, *grid.shape], hidden for the context encoder; at most `count` cells per example."""
        del signals
        if 0 in valid.shape:
            self._check(grid)
            return valid & False
        context, targets, measure = self._places(grid, valid, rng)
        shown = any_box(*context, measure, grid.shape) & ~any_box(*targets, measure, grid.shape)
        return bounded(valid & ~shown, count, rng)

    def blocks(self, grid: Grid, *, valid: Array, rng: Rng) -> tuple[Array, Array]:
        """The cells that the context encoder sees, and those of each target.

        Args:
            grid: of two or three axes.
            valid: [B, *grid.shape] bool.
            rng: of the examples.

        Returns:
            (context [B, *grid.shape], targets [B, n, *grid.shape]), both bool and within `valid`; True = in it.
        """
        xp = namespace(valid)
        if 0 in valid.shape:
            self._check(grid)
            return valid, xp.stack([valid] * self.targets, axis=1)
        context, targets, measure = self._places(grid, valid, rng)
        each = box_masks(*targets, measure, grid.shape) & valid[:, None]
        return any_box(*context, measure, grid.shape) & valid & ~xp.any(each, axis=1), each

    def _check(self, grid: Grid) -> None:
        if not self.fits(grid):
            raise MaskingError(f"multiblock: expected a grid of two or three axes, given {grid}.")

    def _places(self, grid: Grid, valid: Array, rng: Rng) -> tuple[_Blocks, _Blocks, Array]:
        """The context, the targets, and what the examples measure."""
        self._check(grid)
        measure = measured(extents(valid))
        bits = rng.child("blocks").bits(self.targets + 2, 3)  # sizes, the context's place, and the targets' places
        context = self._blocks(measure, self._context_sides(grid, measure, bits[:, 0]), bits[:, 1:2])
        return context, self._blocks(measure, self._target_sides(grid, measure, bits[:, 0]), bits[:, 2:]), measure

    def _target_sides(self, grid: Grid, measure: Array, bits: Array) -> list[Array]:
        """One [B] array an axis."""
        half = 0 if self.published else 1 << (BITS - 1)  # published: rounded down
        scale = between(bits[:, 0], share(self.min_scale), share(self.max_scale))
        together = self.published and grid.ndim == 2
        aspect = between(bits[:, 0 if together else 1], share(self.min_aspect), share(self.max_aspect))
        area = measure[:, -2] * measure[:, -1] * scale + half >> BITS
        area = area + (area < 1)
        rows = rounded_root(area * aspect, 2, grid.shape[-2])
        cols = rounded_root((area << 2 * BITS) // aspect, 2, grid.shape[-1])
        time = [measure[:, 0] * share(self.duration) >> BITS] if grid.ndim == 3 else []
        return [*time, rows, cols]

    def _context_sides(self, grid: Grid, measure: Array, bits: Array) -> list[Array]:
        scale = between(bits[:, 2], share(self.min_context), 1 << BITS)
        time = [measure[:, 0]] if grid.ndim == 3 else []
        # The side along each axis is that axis by the root of the scale.
        planes = [rounded_root(n * n * scale, 2, size) for n, size in zip(measure.T[-2:], grid.shape[-2:], strict=True)]
        return [*time, *planes]

    def _blocks(self, measure: Array, sides: list[Array], bits: Array) -> _Blocks:
        """Blocks of these sides at n places, whose bits are [B, n, 3]."""
        xp = namespace(measure)
        starts, lengths = [], []
        short = int(self.published and len(sides) == 2)
        for axis, side in enumerate(sides):
            extent = measure[:, axis]
            length = xp.minimum(side + (side < 1), extent - short)
            places = extent - length - short if self.published else extent - 1
            start = between(bits[..., axis], 0, places[:, None])
            starts.append(start)
            lengths.append(xp.zeros_like(start) + length[:, None])
        return starts, lengths
