"""Completion error: the squared error on what was hidden, in the space that the model predicts in."""

from __future__ import annotations

import math

import numpy as np

from maskwright.tasks.metrics.completion_statistics import COMPLETION
from maskwright.tasks.metrics.metric import Metric

__all__ = ["COMPLETION_ERROR"]


def completion_error(sums: np.ndarray, n: np.ndarray) -> np.ndarray:
    """[b, 3] sums of `COMPLETION` over n [b] examples -> [b] mean squared error.

    >>> completion_error(np.array([[1.5, 6.0, 1.2]]), np.array([3.0]))
    array([2.])
    """
    return sums[..., 1] / n


COMPLETION_ERROR = Metric(
    "loss",
    "squared error",
    COMPLETION,
    completion_error,
    higher_is_better=False,
    unit="",
    best=0.0,
    possible=(0.0, math.inf),
    chance=math.nan,
    of_whole=False,
    meaning="The squared error on what was hidden alone, in the units that the model predicts in.",
)
