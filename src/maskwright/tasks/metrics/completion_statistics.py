"""Statistics of answers that complete a picture or a clip: three numbers per example."""

from __future__ import annotations

from typing import Any

import numpy as np

from maskwright.tasks.metrics.metric import Statistic

__all__ = ["COMPLETION"]


def _numbers(predictions: Any, references: Any) -> np.ndarray:
    del references  # a picture is its own
    return np.asarray(predictions, dtype=np.float64)


COMPLETION = Statistic("completion", _numbers)
"""[B, 3] explained variance, squared error on hidden patches, variance that the mean of what is visible explains."""
