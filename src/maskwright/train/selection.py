"""Which weights are kept, and when it is time to stop."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["Selection"]


@dataclass
class Selection:
    """Remembers the best validation score.

    Better is a higher score, the number that is reported (made negative where lower is better); between equal scores,
    which are common on small validation sets, a lower loss.

    Attributes:
        best: (score, -loss) of the best evaluation so far.
        best_step: the optimiser step it was made at.
        without_improvement: evaluations since then.

    >>> selection = Selection()
    >>> selection.consider(5, score=0.5, loss=0.7), selection.consider(10, score=0.5, loss=0.8)
    (True, False)
    >>> selection.best_step, selection.without_improvement
    (5, 1)
    """

    best: tuple[float, float] | None = None
    best_step: int | None = None
    without_improvement: int = 0

    def consider(self, step: int, score: float, loss: float) -> bool:
        """Take in an evaluation; True if it is the best so far."""
        # An undefined score is worse than any other: it must not stay the best for being the first.
        rank = (float("-inf") if math.isnan(score) else score, float("-inf") if math.isnan(loss) else -loss)
        if self.best is None or rank > self.best:
            self.best, self.best_step, self.without_improvement = rank, step, 0
            return True
        self.without_improvement += 1
        return False

    def exhausted(self, patience: int | None) -> bool:
        """Whether `patience` evaluations in a row brought nothing."""
        return patience is not None and self.without_improvement >= patience
