"""R²: the share of the variance of the true numbers that the answers explain."""

from __future__ import annotations

import math

import numpy as np

from maskwright.tasks.metrics.metric import NEGLIGIBLE, Metric
from maskwright.tasks.metrics.regression_statistics import MOMENTS

__all__ = ["R2"]


def r2(sums: np.ndarray, n: np.ndarray) -> np.ndarray:
    """[b, 3] squared error, sum of the truth and of its squares -> [b]; nan where the truth does not vary."""
    error, total, squares = np.moveaxis(sums, -1, 0)
    spread = squares - total**2 / n
    # Below rounding there is no variance to explain; one example on its own has none.
    there = spread > 1e-12 * np.maximum(squares, 1e-300)
    return np.where(there, 1 - error / np.where(there, spread, 1), np.nan)


R2 = Metric(
    "r2",
    "R²",
    MOMENTS,
    r2,
    unit="",
    possible=(-math.inf, 1.0),
    negligible=NEGLIGIBLE,
    meaning="The share of the variance that the answers explain: 1 for the true numbers, 0 for always the mean.",
)
