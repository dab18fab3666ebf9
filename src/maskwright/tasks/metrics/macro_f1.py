"""Macro F1: the mean over classes of the harmonic mean of precision and recall."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from maskwright.tasks.metrics.class_statistics import CLASSES, majority
from maskwright.tasks.metrics.metric import Metric

__all__ = ["MACRO_F1"]


def macro_f1(sums: np.ndarray, n: np.ndarray) -> np.ndarray:
    """[b, 3 · classes] counts of `class_counts` -> [b]; classes that neither occur nor were predicted are left out."""
    del n
    right, predicted, true = np.split(sums, 3, axis=-1)
    there = predicted + true
    scores = 2 * right / np.where(there > 0, there, 1)
    return scores.sum(axis=-1) / np.maximum((there > 0).sum(axis=-1), 1)


def chance(references: Sequence[int]) -> float:
    """Of always answering the most frequent class.

    >>> round(chance([0, 0, 1]), 3)
    0.4
    """
    shares = majority(references)
    return float(2 * shares[0] / (1 + shares[0]) / np.count_nonzero(shares))


MACRO_F1 = Metric("macro_f1", "macro F1", CLASSES, macro_f1, chance=chance)
