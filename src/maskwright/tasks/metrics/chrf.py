"""chrF: how many of the character sequences of translation and reference the two have in common.

Source: Popović 2015, chrF (W15-3049), with the defaults of sacreBLEU: sequences of 1 to 6 characters, blanks left out,
recall weighted twice as much as precision.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial

import numpy as np

from maskwright.tasks.metrics.generated_text import GeneratedText, score_of_others
from maskwright.tasks.metrics.metric import Metric, Statistic

__all__ = ["CHRF", "chrf"]

ORDER = 6
"""Longest sequence of characters that is counted."""

BETA = 2
"""How many times recall weighs what precision does."""


def _counts(predictions: Sequence[GeneratedText], references: Sequence[str]) -> np.ndarray:
    """[B, 3 · 6] for each order: sequences written, in the reference, in both."""
    pairs = zip(predictions, references, strict=True)
    return np.array([_matches(one.text, reference) for one, reference in pairs], dtype=np.float64)


def _matches(written: str, reference: str) -> list[int]:
    one, other = "".join(written.split()), "".join(reference.split())
    numbers = []
    for order in range(1, ORDER + 1):
        ours, theirs = _ngrams(one, order), _ngrams(other, order)
        expected = theirs.total()
        # As sacreBLEU has it, sequences longer than the reference count neither for nor against.
        numbers += [ours.total() if expected else 0, expected, (ours & theirs).total()]
    return numbers


def _ngrams(text: str, order: int) -> Counter[str]:
    return Counter(text[start : start + order] for start in range(len(text) - order + 1))


def chrf(sums: np.ndarray, n: np.ndarray) -> np.ndarray:
    """[b, 3 · 6] counts added up -> [b] from 0 to 100: the F-score of mean precision and mean recall.

    Orders of which there are no sequences on one side are left out of the means.

    >>> chrf(np.array([[4.0, 5, 3, 3, 4, 2, *[0] * 12]]), np.ones(1)).round(1)
    array([57.6])
    """
    del n
    written, expected, both = (sums[:, part::3] for part in range(3))
    there = (written > 0) & (expected > 0)
    orders = np.maximum(there.sum(axis=1), 1)
    precision, recall = (
        np.where(there, both / np.where(there, whole, 1), 0.0).sum(axis=1) / orders for whole in (written, expected)
    )
    weighted = BETA**2 * precision + recall
    return 100 * (1 + BETA**2) * precision * recall / np.where(weighted > 0, weighted, 1)


CHARACTER_NGRAMS = Statistic("character n-grams", _counts)

CHRF = Metric(
    "chrf",
    "chrF",
    CHARACTER_NGRAMS,
    chrf,
    unit="points",
    best=100.0,
    possible=(0.0, 100.0),
    chance=partial(score_of_others, CHARACTER_NGRAMS, chrf),
    negligible=0.5,
    meaning="How many sequences of one to six characters translation and reference have in common, as sacreBLEU "
    "counts: 100 for the references themselves.",
)
