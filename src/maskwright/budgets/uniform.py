"""A share drawn anew for every example."""

from __future__ import annotations

from dataclasses import dataclass

from maskwright.backend.arrays import Array, to_dtype
from maskwright.errors import ConfigError
from maskwright.geometry.select import fixed_point, round_count
from maskwright.rng import Rng, below
from maskwright.strategy import check, number


@dataclass(frozen=True)
class Uniform:
    """Hide a share of the valid units that is drawn from U(low, high) for each example and epoch.

    One model then learns every ratio, clean text included: the default for robustness when the ratio at use time is not
    known. A fixed `Ratio` is better when it is.

    Args:
        low: smallest share, 0 to 1.
        high: largest share, `low` to 1.

    >>> import numpy as np
    >>> counts = Uniform(0.0, 0.5)(np.full(1000, 100), rng=Rng.from_ids(np.arange(1000)), progress=0.0)
    >>> int(counts.min()) >= 0, int(counts.max()) <= 50, 23 < float(counts.mean()) < 27
    (True, True, True)
    """

    low: float = number(0.0, 0.0, 1.0, "share of valid units")
    high: float = number(1.0, 0.0, 1.0, "share of valid units")

    def __post_init__(self):
        check(self)
        if self.low > self.high:
            raise ConfigError(f"Uniform: expected low <= high, given low={self.low} and high={self.high}.")

    def __call__(self, n_valid: Array, *, rng: Rng, progress: float) -> Array:
        """Return [B] int64 counts."""
        del progress
        return round_count(n_valid, self._ratios(rng), rng.child("ratio").draw())

    def probabilities(self, *, rng: Rng, progress: float) -> Array:
        """[B] float64, the share that is drawn for each example."""
        del progress
        return to_dtype(self._ratios(rng), "float64") / fixed_point(1.0)

    def _ratios(self, rng: Rng) -> Array:
        """[B] int64, the share of each example in fixed point."""
        low, high = fixed_point(self.low), fixed_point(self.high)
        return low + below(rng.child("uniform ratio").draw(), high - low, 24)
