"""Brier score: the mean squared distance of the probabilities from the truth, 0 to 2.

Source: Brier 1950, Verification of forecasts expressed in terms of probability.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from maskwright.tasks.metrics.class_statistics import majority, probabilities
from maskwright.tasks.metrics.metric import Metric, Statistic

__all__ = ["BRIER"]


def _squared_distance(logits: Any, references: Any) -> np.ndarray:
    """[B, 1]: Σ (p − onehot)² = Σ p² − 2 p_true + 1."""
    p = probabilities(logits).astype(np.float64)
    of_truth = np.take_along_axis(p, np.asarray(references, dtype=np.int64)[:, None], axis=1)
    return (p**2).sum(axis=1, keepdims=True) - 2.0 * of_truth + 1.0


def chance(references: Sequence[int]) -> float:
    """Of always answering the classes' own shares.

    >>> chance([0, 1])
    0.5
    """
    return float(1 - (majority(references) ** 2).sum())


BRIER = Metric(
    "brier",
    "Brier score",
    Statistic("squared distance", _squared_distance),
    chance=chance,
    higher_is_better=False,
    unit="",
    best=0.0,
    possible=(0.0, 2.0),
)
