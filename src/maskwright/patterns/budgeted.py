"""A pattern with a budget of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from maskwright.backend.arrays import Array, namespace
from maskwright.errors import ConfigError, MaskingError
from maskwright.grid import Grid
from maskwright.patterns import traits
from maskwright.rng import Rng
from maskwright.strategy import check, part


@dataclass(frozen=True)
class Budgeted:
    """A pattern and its budget as one pattern that sets its own count, for `mix` and `union`.

    When it helps: parts that hide different amounts, as UL2's denoisers (short spans at 15 %, long ones at 50 %) or a
    time mask and a frequency mask. When not: alone; give the masking the budget then.

    Source: the parts of UL2, Tay et al. 2022 (arXiv:2205.05131).

    Args:
        pattern: one that takes a count.
        budget: how many of the pattern's cells or bundles; a number is a ratio. One that moves with training is
            refused: the progress does not reach a part.

    >>> import numpy as np
    >>> part = Budgeted("iid", 0.5)
    >>> part(Grid(token=4), np.array([4]), valid=np.ones((1, 4), dtype=bool), rng=Rng.from_ids([0])).sum()
    np.int64(2)
    """

    pattern: Any = part("maskwright.patterns")
    budget: Any = part("maskwright.budgets")

    sets_own_count: ClassVar[bool] = True
    draws: ClassVar[bool] = True
    examples: ClassVar[tuple[Any, ...]] = ([{"span": 3}, 0.15],)

    def __post_init__(self):
        check(self)
        if traits(self.pattern).sets_own_count:
            raise ConfigError(
                f"budgeted: {type(self.pattern).__name__.lower()} sets its own count and takes no budget."
            )
        budget: Any = self.budget
        at = [budget(np.array([1 << 20]), rng=Rng.from_ids([0]), progress=p) for p in (0.0, 0.37, 1.0)]
        if at[0] != at[1] or at[1] != at[2]:
            raise ConfigError(
                "budgeted: the progress of training does not reach a budget inside a pattern, and this one moves with "
                "it; give it to the masking, or use one that stays."
            )

    @property
    def inner(self) -> tuple[Any, ...]:
        """The patterns it is made of."""
        return (self.pattern,)

    def __call__(self, grid: Grid, count: Array, *, valid: Array, rng: Rng, **signals: Array) -> Array:
        """Return a bool mask [B, *grid.shape]; `count` is an upper bound, in what the pattern counts."""
        if not traits(self).fits(grid):
            raise MaskingError(f"budgeted: {type(self.pattern).__name__.lower()} makes no sense on {grid}.")
        n = traits(self.pattern).countable(grid, valid)
        own = self.budget(n, rng=rng.child("own budget"), progress=0.0)
        return self.pattern(grid, namespace(own).minimum(own, count), valid=valid, rng=rng, **signals)
