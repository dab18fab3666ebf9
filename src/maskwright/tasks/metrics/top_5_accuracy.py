"""Top-5 accuracy: the share of examples whose true class is among the five most probable."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from maskwright.tasks.metrics.class_statistics import majority
from maskwright.tasks.metrics.metric import Metric, Statistic

__all__ = ["TOP_5_ACCURACY"]

TOP = 5


def _among_top(logits: Any, references: Any) -> np.ndarray:
    """[B, 1] whether fewer than five classes have a higher logit than the true one."""
    table = np.asarray(logits)
    own = np.take_along_axis(table, np.asarray(references, dtype=np.int64)[:, None], axis=1)
    return ((table > own).sum(axis=1, keepdims=True) < TOP).astype(np.float64)


def chance(references: Sequence[int]) -> float:
    """Share of the five most frequent classes.

    >>> chance([0, 1, 2, 3, 4, 5, 5, 5])
    0.875
    """
    return float(majority(references)[:TOP].sum())


TOP_5_ACCURACY = Metric(
    "top_5_accuracy", "top-5 accuracy", Statistic("among top 5", _among_top), chance=chance, counts=True
)
