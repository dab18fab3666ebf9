"""Accuracy: the share of examples whose most probable class is the true one."""

from __future__ import annotations

from collections.abc import Sequence

from maskwright.tasks.metrics.class_statistics import HIT, majority
from maskwright.tasks.metrics.metric import Metric

__all__ = ["ACCURACY"]


def chance(references: Sequence[int]) -> float:
    """Share of the most frequent class.

    >>> chance([0, 0, 1, 2])
    0.5
    """
    return float(majority(references)[0])


ACCURACY = Metric("accuracy", "accuracy", HIT, chance=chance, counts=True)
