"""Overconfidence: mean probability of the answers minus accuracy; above 0 a model claims too much."""

from __future__ import annotations

import numpy as np

from maskwright.tasks.metrics.calibration_error import CONFIDENCE
from maskwright.tasks.metrics.metric import Metric

__all__ = ["OVERCONFIDENCE"]


def overconfidence(sums: np.ndarray, n: np.ndarray) -> np.ndarray:
    """[b, bins] gaps between outcome and confidence -> [b]."""
    return -(sums / n[..., None]).sum(axis=-1)


OVERCONFIDENCE = Metric(
    "overconfidence",
    "overconfidence",
    CONFIDENCE,
    overconfidence,
    higher_is_better=False,
    best=0.0,
    possible=(-1.0, 1.0),
)
