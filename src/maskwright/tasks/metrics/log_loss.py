"""Log loss: the mean negative log probability of the true class, in nats."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from maskwright.tasks.metrics.class_statistics import majority
from maskwright.tasks.metrics.metric import Metric, Statistic

__all__ = ["LOG_LOSS"]


def _cross_entropy(logits: Any, references: Any) -> np.ndarray:
    """[B, 1] float64."""
    from scipy.special import log_softmax

    logs = log_softmax(np.asarray(logits, dtype=np.float64), axis=1)
    return -np.take_along_axis(logs, np.asarray(references, dtype=np.int64)[:, None], axis=1)


def chance(references: Sequence[int]) -> float:
    """Of always answering the classes' own shares: their entropy.

    >>> round(chance([0, 1]), 4)
    0.6931
    """
    shares = majority(references)
    present = shares[shares > 0]
    return float(-(present * np.log(present)).sum())


LOG_LOSS = Metric(
    "loss",
    "log loss",
    Statistic("cross entropy", _cross_entropy),
    chance=chance,
    higher_is_better=False,
    unit="nats",
    best=0.0,
    possible=(0.0, math.inf),
)
