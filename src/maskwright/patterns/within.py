"""Another pattern, only inside a region."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from maskwright.backend.arrays import Array, arange, extents, namespace
from maskwright.errors import ConfigError, MaskingError
from maskwright.geometry.select import fixed_point, same_share
from maskwright.geometry.signals import check_signal
from maskwright.grid import Grid
from maskwright.patterns import traits
from maskwright.rng import Rng
from maskwright.strategy import check, part

_BY_SIGNAL = ("objects", "context")


@dataclass(frozen=True)
class Within:
    """Apply a pattern to the cells of a region, and hide none outside.

    The share that the budget asks for is taken of the region: at a ratio of 0.3, 30 % of its cells (or bundles) are
    hidden, rounded at random so that the mean is exact. For a number of them give the pattern its own budget
    (`budgeted`).

    When it helps: only the answer, the middle rows or the last second may be hidden, only what is inside the boxes of
    objects, or only what is around them. When not: another region that differs from example to example; give the
    masking `valid` then.

    Args:
        pattern: what to apply.
        region: axis -> [start, stop], places along the axis as in Python slices (negative ones count from the end of
            what the example measures, null is the end), or shares of it with a decimal point, as [0.0, 0.5]. Or
            `objects` or `context`: the cells where the signal `regions` is above 0, or is 0; see
            `maskwright.vision.objects.object_regions`.

    Raises:
        ConfigError: a region that is not a range of cells or shares.
        MaskingError: a grid without one of the axes.

    >>> import numpy as np
    >>> valid = np.ones((1, 8), dtype=bool)
    >>> half = Within("iid", region={"token": [0.5, 1.0]})
    >>> half(Grid(token=8), np.array([4]), valid=valid, rng=Rng.from_ids([1])).astype(int)
    array([[0, 0, 0, 0, 1, 1, 0, 0]])
    """

    pattern: Any = part("maskwright.patterns")
    region: Any = ()

    approximate: ClassVar[str] = "the share asked for is taken of the region alone"
    biased: ClassVar[str] = "cells outside the region are never hidden: that is what it is for"
    regional: ClassVar[bool] = True
    examples: ClassVar[tuple[Any, ...]] = ({"pattern": "iid", "region": {"col": [0.0, 0.5]}},)

    def __post_init__(self):
        check(self)
        region = self.region
        if region in _BY_SIGNAL:
            return
        pairs = tuple(region.items()) if isinstance(region, Mapping) else region
        if not isinstance(pairs, list | tuple) or not pairs or not all(_is_range(pair) for pair in pairs):
            raise ConfigError(
                "Within.region: expected axis: [start, stop], in cells (whole numbers) or in shares (0.0 to 1.0), or "
                f"one of {', '.join(_BY_SIGNAL)}, given {region!r}."
            )
        object.__setattr__(self, "region", tuple((axis, tuple(ends)) for axis, ends in pairs))

    @property
    def inner(self) -> tuple[Any, ...]:
        """The patterns it is made of."""
        return (self.pattern,)

    @property
    def signals(self) -> tuple[str, ...]:
        """What it and the pattern ask for."""
        own = ("regions",) if self.region in _BY_SIGNAL else ()
        return tuple(dict.fromkeys(own + traits(self.pattern).signals))

    def fits(self, grid: Grid) -> bool:
        """Whether the grid has the axes of the region and fits the pattern."""
        return set(self._axes) <= set(grid.axes) and traits(self.pattern).fits(grid)

    def __call__(self, grid: Grid, count: Array, *, valid: Array, rng: Rng, **signals: Array) -> Array:
        """Return a bool mask [B, *grid.shape]; `count` is what the pattern counts, of the whole example."""
        if not self.fits(grid):
            where = f"a range of {', '.join(self._axes)}" if self._axes else self.region
            raise MaskingError(f"within {where}: the region or the pattern makes no sense on {grid}.")
        if 0 in valid.shape:
            return valid & False
        inside = self._marked(valid, signals["regions"]) if self.region in _BY_SIGNAL else self._inside(grid, valid)
        own = traits(self.pattern)
        if not own.sets_own_count:
            n, there = own.countable(grid, valid), own.countable(grid, inside)
            count = same_share(count, n, there, rng.child("share of region").draw())
        wanted = {name: signals[name] for name in own.signals}
        return self.pattern(grid, count, valid=inside, rng=rng.child("inside"), **wanted)

    @property
    def _axes(self) -> tuple[str, ...]:
        return () if self.region in _BY_SIGNAL else tuple(axis for axis, _ in self.region)

    def _marked(self, valid: Array, regions: Array) -> Array:
        """[B, *grid.shape] the valid cells of objects, or those of no object."""
        check_signal("regions", regions, valid)
        return valid & ((regions > 0) == (self.region == "objects"))

    def _inside(self, grid: Grid, valid: Array) -> Array:
        """[B, *grid.shape] the valid cells of the region."""
        measure, inside = extents(valid), valid
        for axis, (start, stop) in self.region:
            number = grid.axis(axis)
            length = measure[:, number][:, None]
            place = arange(grid.shape[number], valid)[None, :]
            line = (place >= _end(start, length)) & (place < _end(stop, length))
            shape = tuple(size if a in (0, number + 1) else 1 for a, size in enumerate(valid.shape))
            inside = inside & line.reshape(shape)
        return inside


def _end(end: Any, size: Array) -> Array:
    """[B, 1] the place of an end of the region."""
    if end is None:
        return size
    if isinstance(end, float):
        return (fixed_point(end) * size + fixed_point(0.5)) >> 36
    return namespace(size).where(size >= -end, size + end, 0) if end < 0 else size * 0 + end


def _is_range(pair: Any) -> bool:
    """Whether it is (axis, (start, stop)) in cells or in shares."""
    if not isinstance(pair, list | tuple) or len(pair) != 2 or not isinstance(pair[0], str):
        return False
    ends = pair[1]
    if not isinstance(ends, list | tuple) or len(ends) != 2 or ends[0] is None:
        return False
    if any(isinstance(end, float) for end in ends):
        return all(isinstance(end, float) for end in ends) and 0.0 <= ends[0] < ends[1] <= 1.0
    whole = all(end is None or (isinstance(end, int) and not isinstance(end, bool)) for end in ends)
    return whole and (ends[1] is None or (ends[0] >= 0) != (ends[1] >= 0) or ends[0] < ends[1])
