"""The same places in all cells of an axis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from maskwright.backend.arrays import Array, any_over, namespace
from maskwright.errors import ConfigError, MaskingError
from maskwright.geometry.signals import only_valid
from maskwright.grid import Grid
from maskwright.patterns import traits
from maskwright.rng import Rng
from maskwright.strategy import REQUIRED, check, part


@dataclass(frozen=True)
class Tied:
    """Apply a pattern to the grid without an axis, and hide the same places in all cells of that axis.

    What is hidden whole is a bundle, and the budget counts bundles: tied over `frame` a tube (the same patch in all
    frames), tied over `freq` a stretch of time of a spectrogram, tied over `time` a band of frequencies, tied over
    `row` a column. A bundle exists where any of its cells is valid; hiding it hides its valid cells.

    When it helps: what an axis repeats (a patch in the next frame, a word's neighbouring bins) cannot be copied from
    along it. When not: where the axis holds all there is to learn from, such as fast motion at high ratios.

    Source: tubes, Tong et al. 2022, VideoMAE (arXiv:2203.12602); time and frequency masks, Park et al. 2019,
    SpecAugment (arXiv:1904.08779).

    Args:
        pattern: on the remaining axes, for example `Iid()` or "iid". Signals it needs are tied alike: a bundle has
            the highest number of its valid cells.
        axis: name of the axis, or several names.

    Raises:
        MaskingError: a grid without that axis, or without another one.

    >>> import numpy as np
    >>> valid = np.ones((1, 2, 4), dtype=bool)
    >>> tube = Tied("iid", axis="frame")
    >>> tube(Grid(frame=2, patch=4), np.array([1]), valid=valid, rng=Rng.from_ids([0])).astype(int)
    array([[[0, 0, 0, 1], [0, 0, 0, 1]]])
    """

    pattern: Any = part("maskwright.patterns")
    axis: str | tuple[str, ...] = REQUIRED  # type: ignore[assignment]

    examples: ClassVar[tuple[Any, ...]] = (
        {"pattern": "iid", "axis": "frame"},
        {"pattern": {"span": 3}, "axis": "freq"},
    )

    def __post_init__(self):
        check(self)
        names = self._names if isinstance(self.axis, str | list | tuple) else ()
        if not names or not all(isinstance(name, str) and name for name in names) or len(set(names)) < len(names):
            raise ConfigError(f"Tied.axis: expected the name of an axis, or different names, given {self.axis!r}.")
        if not isinstance(self.axis, str):
            object.__setattr__(self, "axis", names)

    @property
    def inner(self) -> tuple[Any, ...]:
        """The patterns it is made of."""
        return (self.pattern,)

    def fits(self, grid: Grid) -> bool:
        """Whether the grid has the axis and another one, and the pattern fits what remains."""
        if not set(self._names) < set(grid.axes):
            return False
        return traits(self.pattern).fits(self._rest(grid))

    def bundles(self, grid: Grid, cells: Array) -> Array:
        """[B, ...] bool, which tubes have any of the cells; larger bundles where the inner pattern hides such."""
        tubes, rest = any_over(cells, self._tied_axes(grid)), self._rest(grid)
        own = traits(self.pattern).bundles
        return tubes if own is None else own(rest, tubes)

    def __call__(self, grid: Grid, count: Array, *, valid: Array, rng: Rng, **signals: Array) -> Array:
        """Return a bool mask [B, *grid.shape]; `count` is a number of bundles."""
        if not self.fits(grid):
            raise MaskingError(
                f"tied over {', '.join(self._names)}: expected a grid with that axis and another one, given {grid}."
            )
        if 0 in valid.shape:
            return valid & False
        axes = self._tied_axes(grid)
        tubes = any_over(valid, axes)
        xp = namespace(valid)
        names = traits(self.pattern).signals
        tied = {name: xp.max(only_valid(name, signals[name], valid)[0], axis=axes) for name in names}
        mask = self.pattern(self._rest(grid), count, valid=tubes, rng=rng, **tied)
        kept = [1 if axis in axes else size for axis, size in enumerate(valid.shape)]
        return mask.reshape(tuple(kept)) & valid

    @property
    def moments(self) -> Any:
        """`moments(grid, count)` of a full grid, where those of the inner pattern are known: a tube is as one cell."""
        of_pattern = traits(self.pattern).moments
        if of_pattern is None:
            return None

        def moments(grid: Grid, count: int) -> tuple[Array, Array]:
            rest = self._rest(grid)
            shape = [1 if axis in self._names else size for axis, size in zip(grid.axes, grid.shape, strict=True)]
            tube = np.broadcast_to(np.arange(rest.size).reshape(shape), grid.shape).ravel()
            m, second = of_pattern(rest, count)
            return m[tube], second[tube][:, tube]

        return moments

    @property
    def _names(self) -> tuple[str, ...]:
        return (self.axis,) if isinstance(self.axis, str) else tuple(self.axis)

    def _tied_axes(self, grid: Grid) -> tuple[int, ...]:
        return tuple(grid.axis(name) + 1 for name in self._names)

    def _rest(self, grid: Grid) -> Grid:
        return Grid(**{a: n for a, n in zip(grid.axes, grid.shape, strict=True) if a not in self._names})
