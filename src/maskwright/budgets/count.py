"""A fixed number of units."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from maskwright.backend.arrays import Array, like, namespace
from maskwright.rng import Rng
from maskwright.strategy import REQUIRED, check, number


@dataclass(frozen=True)
class Count:
    """Hide `count` units of every example, or all of them where there are fewer.

    >>> import numpy as np
    >>> Count(3)(np.array([8, 2]), rng=Rng.from_ids([0, 1]), progress=0.0)
    array([3, 2])
    """

    count: int = number(REQUIRED, 0, 2**31, "units", whole=True)

    def __post_init__(self):
        check(self)

    @property
    def whole_number(self) -> int:
        """It asks for a number of units, not for a share."""
        return self.count

    def __call__(self, n_valid: Array, *, rng: Rng, progress: float) -> Array:
        """Return [B] int64 counts."""
        del rng, progress
        return namespace(n_valid).minimum(n_valid, like(np.asarray([self.count]), n_valid))
