"""What another pattern leaves visible."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from maskwright.backend.arrays import Array, namespace, true_count
from maskwright.errors import MaskingError
from maskwright.geometry.select import bounded
from maskwright.grid import Grid
from maskwright.rng import Rng
from maskwright.strategy import check, fits_inner, of_inner, part, signals_of_inner, units_of_inner


@dataclass(frozen=True)
class Complement:
    """Hide exactly what another pattern leaves visible.

    The other pattern is asked for the rest of the units, so the count is exact. With the same seed, epoch and example
    ids, a pattern at count k and its complement at n - k split the input in two.

    When it helps: what stays visible should be a span, a block, a tube (context from one place), and two views that
    share nothing. When not: with `iid`, whose complement is `iid` again.

    Source: a visible block as context, the simple case of I-JEPA, Assran et al. 2023 (arXiv:2301.08243).

    Args:
        pattern: what stays visible.

    >>> import numpy as np
    >>> valid = np.ones((1, 8), dtype=bool)
    >>> Complement({"span": 4})(Grid(token=8), np.array([4]), valid=valid, rng=Rng.from_ids([3])).astype(int)
    array([[0, 1, 1, 1, 1, 0, 0, 0]])
    """

    pattern: Any = part("maskwright.patterns")

    sets_own_count = of_inner("sets_own_count", False)
    approximate = of_inner("approximate", "")
    biased = of_inner("biased", "")
    draws = of_inner("draws", True)
    signals = signals_of_inner
    units = units_of_inner
    fits = fits_inner

    @classmethod
    def from_parameters(cls, parameters: Any) -> Complement:
        """Build from the node of the pattern."""
        return cls(parameters)

    def to_parameters(self) -> Any:
        """The node of the pattern."""
        from maskwright.strategy import to_node

        return to_node(self.pattern)

    def __post_init__(self):
        check(self)

    @property
    def inner(self) -> tuple[Any, ...]:
        """The patterns it is made of."""
        return (self.pattern,)

    def __call__(self, grid: Grid, count: Array, *, valid: Array, rng: Rng, **signals: Array) -> Array:
        """Return a bool mask [B, *grid.shape] with `count` units hidden, or at most that if the pattern decides."""
        if not self.fits(grid):
            raise MaskingError(f"complement: its pattern makes no sense on {grid}.")
        units = getattr(self.pattern, "units", None)
        n = true_count(units(grid, valid) if units else valid)
        if not self.sets_own_count:
            rest = n - namespace(n).minimum(n, count)
            return valid & ~self.pattern(grid, rest, valid=valid, rng=rng, **signals)
        mask = valid & ~self.pattern(grid, n, valid=valid, rng=rng, **signals)
        hidden = true_count(units(grid, mask) if units else mask)
        return bounded(mask, namespace(n).where(hidden <= count, true_count(mask), count), rng)

    @property
    def moments(self) -> Any:
        """`moments(grid, count)` of a full grid, where those of a pattern that hides single cells are known."""
        known = self.pattern.moments
        if hasattr(self.pattern, "units"):
            raise AttributeError("moments")

        def moments(grid: Grid, count: int) -> tuple[Array, Array]:
            m, second = known(grid, grid.size - count)
            return 1 - m, 1 - m[:, None] - m + second

        return moments
