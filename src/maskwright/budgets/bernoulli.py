"""A fixed probability for every unit, instead of a fixed count."""

from __future__ import annotations

from dataclasses import dataclass

from maskwright.backend.arrays import Array, arange, largest, to_dtype
from maskwright.rng import Rng
from maskwright.strategy import REQUIRED, check, number


@dataclass(frozen=True)
class Bernoulli:
    """Hide each unit with probability `probability`, so that the count of an example is binomial.

    This is what BERT-style collators do. Short texts are often left whole (with probability (1 - p)^n); `Ratio` has the
    same mean and far less spread. Cheaper than an exact count: the pattern `iid` needs no selection.

    Args:
        probability: 0 to 1, in steps of 2**-24.

    >>> import numpy as np
    >>> counts = Bernoulli(0.15)(np.full(1000, 100), rng=Rng.from_ids(np.arange(1000)), progress=0.0)
    >>> 14 < float(counts.mean()) < 16
    True
    """

    probability: float = number(REQUIRED, 0.0, 1.0, "probability per unit")

    def __post_init__(self):
        check(self)

    @property
    def steps(self) -> int:
        """The probability in steps of 2**-24."""
        return round(self.probability * (1 << 24))

    @property
    def share(self) -> float:
        """The share that it asks for, on average."""
        return self.probability

    def probabilities(self, *, rng: Rng, progress: float) -> Array:
        """[B] float64, the same for every example."""
        del progress
        return to_dtype(rng.keys * 0, "float64") + self.steps / (1 << 24)

    def __call__(self, n_valid: Array, *, rng: Rng, progress: float) -> Array:
        """Return [B] int64 binomial counts."""
        del progress
        cells = largest(n_valid)
        hit = rng.child("bernoulli").chance(self.steps, cells)
        return to_dtype(hit & (arange(cells, n_valid)[None, :] < n_valid[:, None]), "int64").sum(1)
