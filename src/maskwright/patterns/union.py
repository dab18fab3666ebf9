"""Several patterns at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from maskwright.backend.arrays import Array
from maskwright.errors import ConfigError, MaskingError
from maskwright.geometry.select import bounded
from maskwright.grid import Grid
from maskwright.patterns import traits
from maskwright.rng import Rng
from maskwright.strategy import check, parts


@dataclass(frozen=True)
class Union:
    """Hide what any of several patterns hides.

    The parts draw independently and may overlap, so the count is at most the sum of theirs; each sets its own (see
    `budgeted`), and a budget of the masking is only an upper bound: beyond it, cells chosen at random stay visible.

    When it helps: gaps of two kinds in one input, as a spectrogram's lost time and lost frequencies. When not: one kind
    per example is enough (`mix`), or the ratio has to be exact.

    Source: time and frequency masks together, Park et al. 2019, SpecAugment (arXiv:1904.08779).

    Args:
        parts: patterns that set their own count. In YAML `{union: [{budgeted: [...]}, ...]}`.

    Raises:
        ConfigError: a part that takes its count from a budget.

    >>> import numpy as np
    >>> both = Union(({"budgeted": ["iid", {"count": 1}]}, {"fixed": {"first": 1}}))
    >>> both(Grid(token=5), np.array([5]), valid=np.ones((1, 5), dtype=bool), rng=Rng.from_ids([1])).astype(int)
    array([[1, 1, 0, 0, 0]])
    """

    parts: tuple[Any, ...] = parts("maskwright.patterns")

    sets_own_count: ClassVar[bool] = True
    bundles: ClassVar[None] = None
    examples: ClassVar[tuple[Any, ...]] = ([{"budgeted": ["iid", 0.1]}, {"budgeted": [{"span": 8}, 0.3]}],)

    def __post_init__(self):
        check(self)
        for pattern in self.parts:
            if not traits(pattern).sets_own_count:
                name = type(pattern).__name__.lower()
                raise ConfigError(f"union: {name} needs a budget of its own, as in {{budgeted: [{name}, 0.15]}}.")

    @property
    def inner(self) -> tuple[Any, ...]:
        """The patterns it is made of."""
        return self.parts

    def __call__(self, grid: Grid, count: Array, *, valid: Array, rng: Rng, **signals: Array) -> Array:
        """Return a bool mask [B, *grid.shape] with at most `count` cells hidden."""
        if not traits(self).fits(grid):
            raise MaskingError(f"union: one of its patterns makes no sense on {grid}.")
        mask = valid & False
        for number, pattern in enumerate(self.parts):
            wanted = {name: signals[name] for name in traits(pattern).signals}
            mask = mask | pattern(grid, count, valid=valid, rng=rng.child(f"part {number}"), **wanted)
        return bounded(mask, count, rng)
