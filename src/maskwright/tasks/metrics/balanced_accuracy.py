"""Balanced accuracy: the mean over classes of the share of their examples that are right."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from maskwright.tasks.metrics.class_statistics import CLASSES, majority
from maskwright.tasks.metrics.metric import Metric

__all__ = ["BALANCED_ACCURACY"]


def balanced_accuracy(sums: np.ndarray, n: np.ndarray) -> np.ndarray:
    """[b, 3 · classes] counts of `class_counts` -> [b]; classes without an example are left out."""
    del n
    right, _, true = np.split(sums, 3, axis=-1)
    recalls = right / np.where(true > 0, true, 1)
    return recalls.sum(axis=-1) / np.maximum((true > 0).sum(axis=-1), 1)


def chance(references: Sequence[int]) -> float:
    """Of always answering one class.

    >>> chance([0, 0, 1, 1, 1])
    0.5
    """
    return 1 / int(np.count_nonzero(majority(references)))


BALANCED_ACCURACY = Metric("balanced_accuracy", "balanced accuracy", CLASSES, balanced_accuracy, chance=chance)
