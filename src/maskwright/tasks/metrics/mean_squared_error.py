"""Mean squared error: the loss of a regression, in the squared unit of the numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from maskwright.tasks.metrics.metric import Metric, mean
from maskwright.tasks.metrics.regression_statistics import MOMENTS

__all__ = ["MEAN_SQUARED_ERROR"]


def chance(references: Sequence[float]) -> float:
    """Of always answering the mean: the variance.

    >>> chance([1.0, 3.0])
    1.0
    """
    return float(np.var(np.asarray(references, dtype=np.float64)))


MEAN_SQUARED_ERROR = Metric(
    "loss",
    "mean squared error",
    MOMENTS,
    mean,
    chance=chance,
    higher_is_better=False,
    unit="",
    best=0.0,
    possible=(0.0, math.inf),
)
