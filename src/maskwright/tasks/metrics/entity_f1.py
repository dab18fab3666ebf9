"""Entity F1: the harmonic mean of precision and recall of mentions, of which type, first and last word must be right.

Source: Tjong Kim Sang and De Meulder 2003, Introduction to the CoNLL-2003 shared task; counted as seqeval does
(Nakayama 2018).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from maskwright.tasks.metrics.metric import Metric, Statistic

__all__ = ["ENTITY_F1", "MENTIONS", "counts_by_type", "f1"]


def _counts(predictions: Sequence[Any], references: Sequence[Any]) -> np.ndarray:
    """[B] objects, of each sentence (type, right, predicted, true) of every type that it has or was said to have."""
    records = np.empty(len(predictions), dtype=object)
    for row, (answer, truth) in enumerate(zip(predictions, references, strict=True)):
        sets = answer.mentions & truth.mentions, answer.mentions, truth.mentions
        right, predicted, true = (Counter(mention[0] for mention in mentions) for mentions in sets)
        records[row] = tuple((kind, right[kind], predicted[kind], true[kind]) for kind in sorted(predicted | true))
    return records


def counts_by_type(records: np.ndarray) -> tuple[list[str], Any]:
    """[1, N] records -> (types, sparse [N, 3 · types]: of each type right, then of each predicted, then of each true).

    >>> records = np.empty((1, 2), dtype=object)
    >>> records[0, 0], records[0, 1] = (("LOC", 1, 2, 1),), (("LOC", 0, 0, 1), ("PER", 1, 1, 1))
    >>> types, counts = counts_by_type(records)
    >>> types, counts.toarray().astype(int).tolist()
    (['LOC', 'PER'], [[1, 0, 2, 0, 1, 0], [0, 1, 0, 1, 1, 1]])
    """
    from scipy.sparse import csr_array

    types = sorted({entry[0] for record in records[0] for entry in record})
    number = {kind: place for place, kind in enumerate(types)}
    width = len(types)
    cells = [
        (row, part * width + number[entry[0]], entry[1 + part])
        for row, record in enumerate(records[0])
        for entry in record
        for part in range(3)
    ]
    rows, columns, values = np.array(cells, dtype=np.int64).reshape(-1, 3).T
    return types, csr_array((values.astype(np.float64), (rows, columns)), shape=(records.shape[1], 3 * width))


def _over_types(records: np.ndarray) -> np.ndarray:
    """[1, N] records -> [N, 3] right, predicted and true mentions of all types."""
    return np.array([[sum(entry[part] for entry in record) for part in (1, 2, 3)] for record in records[0]], np.float64)


def f1(sums: np.ndarray, n: np.ndarray) -> np.ndarray:
    """[b, 3] right, predicted and true mentions -> [b]; 1 where there is none and none was said to be.

    >>> f1(np.array([[1.0, 2.0, 1.0], [0.0, 0.0, 0.0]]), np.ones(2)).round(3).tolist()
    [0.667, 1.0]
    """
    del n
    right, predicted, true = np.moveaxis(sums, -1, 0)
    there = predicted + true
    return np.where(there > 0, 2 * right / np.where(there > 0, there, 1), 1.0)


MENTIONS = Statistic("mentions", _counts, _over_types)
"""[B] (type, right, predicted, true) of each type of a sentence."""

ENTITY_F1 = Metric(
    "entity_f1",
    "entity F1",
    MENTIONS,
    f1,
    meaning="The harmonic mean of precision and recall of mentions, which are right if their type and all words are.",
)
