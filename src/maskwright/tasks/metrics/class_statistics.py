"""Statistics of answers that are one of some classes: logits [B, classes] against class indices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from maskwright.tasks.metrics.metric import Statistic

__all__ = ["CLASSES", "HIT", "class_counts", "majority", "probabilities"]


def probabilities(logits: Any) -> np.ndarray:
    """[B, classes] float32 from logits."""
    import torch

    return torch.softmax(torch.from_numpy(np.asarray(logits, dtype=np.float32)), dim=-1).numpy()


def majority(references: Sequence[int]) -> np.ndarray:
    """[classes] share of each class, the most frequent first."""
    counts = np.bincount(np.asarray(references, dtype=np.int64))
    return np.sort(counts)[::-1] / max(1, counts.sum())


def _hit(logits: Any, references: Any) -> np.ndarray:
    return (np.asarray(logits).argmax(axis=-1) == np.asarray(references))[:, None].astype(np.float64)


def _classes(logits: Any, references: Any) -> np.ndarray:
    return np.column_stack([np.asarray(references), np.asarray(logits).argmax(axis=-1)]).astype(np.float64)


def class_counts(records: np.ndarray) -> Any:
    """[1, N, 2] true and predicted class -> sparse [N, 3 · classes]: per class right, predicted and true.

    >>> class_counts(np.array([[[1.0, 0.0], [1.0, 1.0]]])).toarray().astype(int)
    array([[0, 0, 1, 0, 0, 1],
           [0, 1, 0, 1, 0, 1]])
    """
    from scipy.sparse import csr_array

    true, predicted = records[0].astype(np.int64).T
    classes, n = int(records.max(initial=0)) + 1, len(true)
    rows, right = np.arange(n), np.flatnonzero(true == predicted)
    places = np.concatenate([true[right], classes + predicted, 2 * classes + true])
    examples = np.concatenate([right, rows, rows])
    return csr_array((np.ones(len(places)), (examples, places)), shape=(n, 3 * classes))


HIT = Statistic("hit", _hit)
"""[B, 1] whether the class with the highest logit is the true one."""

CLASSES = Statistic("classes", _classes, class_counts)
"""[B, 2] true and predicted class."""
