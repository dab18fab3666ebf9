"""A fixed share of the valid units of every example."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from maskwright.backend.arrays import Array, like, namespace
from maskwright.geometry.select import fixed_point, round_count
from maskwright.rng import Rng
from maskwright.strategy import REQUIRED, check, number


@dataclass(frozen=True)
class Ratio:
    """Hide `ratio` x n units, rounded up or down at random so that the mean is exact.

    Args:
        ratio: share of valid units, 0 to 1.
        minimum: hide at least this many units (or all, if there are fewer); 0 leaves the ratio exact. 1 avoids
            reconstruction losses over nothing on short texts, at the price of a higher ratio there.

    >>> import numpy as np
    >>> Ratio(0.25)(np.array([8, 4, 0]), rng=Rng.from_ids([0, 1, 2]), progress=0.0)
    array([2, 1, 0])
    """

    ratio: float = number(REQUIRED, 0.0, 1.0, "share of valid units")
    minimum: int = number(0, 0, 2**31, "units", whole=True)

    def __post_init__(self):
        check(self)

    @property
    def share(self) -> float:
        """The share that it asks for."""
        return self.ratio

    def rounded(self, n: int, progress: float) -> int:
        """The nearest whole number of units, halves up."""
        del progress
        return max(int(self.ratio * n + 0.5), self.minimum)

    def __call__(self, n_valid: Array, *, rng: Rng, progress: float) -> Array:
        """Return [B] int64 counts."""
        del progress
        count = round_count(n_valid, fixed_point(self.ratio), rng.child("ratio").draw())
        if not self.minimum:
            return count
        least = like(np.asarray([self.minimum]), n_valid)
        xp = namespace(n_valid)
        return xp.minimum(n_valid, xp.maximum(count, least))
