"""Mean absolute error: how far the answers are from the true numbers, in their unit."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from maskwright.tasks.metrics.metric import Metric
from maskwright.tasks.metrics.regression_statistics import ERROR

__all__ = ["MEAN_ABSOLUTE_ERROR"]


def chance(references: Sequence[float]) -> float:
    """Of always answering the median.

    >>> chance([1.0, 2.0, 6.0])
    1.6666666666666667
    """
    truth = np.asarray(references, dtype=np.float64)
    return float(np.abs(truth - np.median(truth)).mean())


MEAN_ABSOLUTE_ERROR = Metric(
    "mean_absolute_error",
    "mean absolute error",
    ERROR,
    chance=chance,
    higher_is_better=False,
    unit="",
    best=0.0,
    possible=(0.0, math.inf),
)
