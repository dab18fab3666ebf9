"""The learning rate over a run."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["LearningRate"]


@dataclass
class LearningRate:
    """Factor on the peak learning rate, by optimiser step.

    It rises in a straight line over the warm-up, whose first step already learns, then stays, or falls to zero behind
    the last step.

    Attributes:
        kind: constant, linear or cosine.
        warmup: steps of warm-up.
        steps: optimiser steps in all.

    >>> [round(LearningRate("linear", 2, 6)(step), 2) for step in range(6)]
    [0.33, 0.67, 1.0, 0.75, 0.5, 0.25]
    """

    kind: str
    warmup: int
    steps: int

    def __call__(self, step: int) -> float:
        """The factor for the step with this number, from 0."""
        if step < self.warmup:
            return (step + 1) / (self.warmup + 1)
        done = (step - self.warmup) / max(1, self.steps - self.warmup)
        if self.kind == "constant":
            return 1.0
        if self.kind == "cosine":
            return max(0.0, (1.0 + math.cos(math.pi * done)) / 2.0)
        return max(0.0, 1.0 - done)
