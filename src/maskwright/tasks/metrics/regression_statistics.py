"""Statistics of answers that are a number."""

from __future__ import annotations

from typing import Any

import numpy as np

from maskwright.tasks.metrics.metric import Statistic

__all__ = ["ERROR", "MOMENTS"]


def _moments(predictions: Any, references: Any) -> np.ndarray:
    answer, truth = np.asarray(predictions, dtype=np.float64), np.asarray(references, dtype=np.float64)
    return np.column_stack([(answer - truth) ** 2, truth, truth**2])


def _error(predictions: Any, references: Any) -> np.ndarray:
    return np.abs(np.asarray(predictions, dtype=np.float64) - np.asarray(references, dtype=np.float64))[:, None]


MOMENTS = Statistic("moments", _moments)
"""[B, 3] squared error, true value, its square."""

ERROR = Statistic("absolute error", _error)
"""[B, 1]."""
