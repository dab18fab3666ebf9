"""Token accuracy: the share of words whose tag is right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from maskwright.tasks.metrics.metric import Metric, Statistic

__all__ = ["TOKEN_ACCURACY"]


def _words(predictions: Sequence[Any], references: Sequence[Any]) -> np.ndarray:
    """[B, 2] words with the right tag, and words."""
    pairs = [(answer.tags, truth.tags) for answer, truth in zip(predictions, references, strict=True)]
    right = [sum(one == other for one, other in zip(*pair, strict=True)) for pair in pairs]
    return np.array([right, [len(pair[1]) for pair in pairs]], dtype=np.float64).T


def token_accuracy(sums: np.ndarray, n: np.ndarray) -> np.ndarray:
    """[b, 2] right words and words -> [b]."""
    del n
    return sums[..., 0] / np.maximum(sums[..., 1], 1)


def chance(references: Sequence[Any]) -> float:
    """Share of the most frequent tag.

    >>> from types import SimpleNamespace
    >>> chance([SimpleNamespace(tags=("O", "O", "B-PER")), SimpleNamespace(tags=("O",))])
    0.75
    """
    counts = Counter(tag for truth in references for tag in truth.tags)
    return max(counts.values(), default=0) / max(1, sum(counts.values()))


TOKEN_ACCURACY = Metric(
    "token_accuracy",
    "token accuracy",
    Statistic("words", _words),
    token_accuracy,
    chance=chance,
    meaning="The share of words whose tag is right; most words lie outside of mentions.",
)
