"""A share that moves with training progress."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real
from typing import ClassVar

from maskwright.backend.arrays import Array
from maskwright.errors import MaskingError
from maskwright.geometry.select import fixed_point, round_count
from maskwright.rng import Rng
from maskwright.strategy import REQUIRED, check, choice, number


@dataclass(frozen=True)
class Schedule:
    """Hide a share that goes from `start` to `end` as progress goes from 0 to 1.

    Falling ratios helped pre-training where rising ones did not (Ankner et al. 2024, arXiv:2305.15096, 0.30 -> 0.15);
    cyclic falling ratios were proposed for fine-tuning (TIACBM, arXiv:2502.12953).

    Args:
        start: share at progress 0.
        end: share at progress 1 (for `cyclic`, at the end of every cycle).
        shape: `linear`; `cosine`, flat at both ends; `cyclic`, linear from `start` to `end` and back at once, `cycles`
            times.
        cycles: number of cycles, for `cyclic` only.

    >>> [round(Schedule(0.4, 0.2, shape="cyclic", cycles=2).ratio(p), 3) for p in (0.0, 0.25, 0.5, 0.75, 1.0)]
    [0.4, 0.3, 0.4, 0.3, 0.2]
    """

    moves: ClassVar[bool] = True

    start: float = number(REQUIRED, 0.0, 1.0, "share of valid units")
    end: float = number(REQUIRED, 0.0, 1.0, "share of valid units")
    shape: str = choice("linear", "linear", "cosine", "cyclic")
    cycles: int = number(4, 1, 10_000, "cycles over the whole training", whole=True)

    def __post_init__(self):
        check(self)

    def ratio(self, progress: float) -> float:
        """The share at a point of training, `progress` in [0, 1]."""
        if not isinstance(progress, Real) or not 0.0 <= progress <= 1.0:
            raise MaskingError(
                f"progress: expected a number from 0 (start) to 1 (end of training), given {progress!r}."
            )
        if self.shape == "cyclic" and progress < 1.0:
            progress = progress * self.cycles % 1.0
        if self.shape == "cosine":
            progress = (1.0 - math.cos(math.pi * progress)) / 2.0
        return self.start + (self.end - self.start) * progress

    def rounded(self, n: int, progress: float) -> int:
        """The nearest whole number of units at a point of training, halves up."""
        return int(self.ratio(progress) * n + 0.5)

    def __call__(self, n_valid: Array, *, rng: Rng, progress: float) -> Array:
        """Return [B] int64 counts."""
        # One number for the whole batch, made on the host: back ends cannot disagree about the cosine.
        return round_count(n_valid, fixed_point(self.ratio(progress)), rng.child("ratio").draw())
