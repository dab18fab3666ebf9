"""What another pattern leaves visible."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from maskwright.backend.arrays import Array, namespace, true_count
from maskwright.errors import MaskingError
from maskwright.geometry.select import bounded
from maskwright.grid import Grid
from maskwright.patterns import traits
from maskwright.rng import Rng
from maskwright.strategy import check, part


@dataclass(frozen=True)
class Complement:
    """Hide exactly what another pattern leaves visible.

    The other pattern is asked for the rest of the cells, so the count is exact. With the same seed, epoch and example
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

    pattern: Any = part("maskwright.patterns", bare=True)

    examples: ClassVar[tuple[Any, ...]] = ({"span": 6},)

    def __post_init__(self):
        check(self)

    @property
    def inner(self) -> tuple[Any, ...]:
        """The patterns it is made of."""
        return (self.pattern,)

    def __call__(self, grid: Grid, count: Array, *, valid: Array, rng: Rng, **signals: Array) -> Array:
        """Return a bool mask [B, *grid.shape] with `count` of what the pattern counts hidden, or fewer."""
        own = traits(self.pattern)
        if not own.fits(grid):
            raise MaskingError(f"complement: its pattern makes no sense on {grid}.")
        n = own.countable(grid, valid)
        if not own.sets_own_count:
            rest = n - namespace(n).minimum(n, count)
            return valid & ~self.pattern(grid, rest, valid=valid, rng=rng, **signals)
        mask = valid & ~self.pattern(grid, n, valid=valid, rng=rng, **signals)
        hidden = own.countable(grid, mask)
        return bounded(mask, namespace(n).where(hidden <= count, true_count(mask), count), rng)

    @property
    def moments(self) -> Any:
        """`moments(grid, count)` of a full grid, where those of a pattern that hides single cells are known."""
        own = traits(self.pattern)
        of_pattern = own.moments
        if of_pattern is None or own.bundles is not None:
            return None

        def moments(grid: Grid, count: int) -> tuple[Array, Array]:
            m, second = of_pattern(grid, grid.size - count)
            return 1 - m, 1 - m[:, None] - m + second

        return moments
