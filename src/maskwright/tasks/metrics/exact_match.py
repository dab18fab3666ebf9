"""Exact match: the share of texts that are the reference, letter by letter."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from maskwright.tasks.metrics.generated_text import GeneratedText, with_single_blanks
from maskwright.tasks.metrics.metric import Metric, Statistic

__all__ = ["EXACT_MATCH"]


def _same(predictions: Sequence[GeneratedText], references: Sequence[str]) -> np.ndarray:
    """[B, 1] whether they are the same; how wide blanks are does not count."""
    pairs = zip(predictions, references, strict=True)
    same = [with_single_blanks(one.text) == with_single_blanks(reference) for one, reference in pairs]
    return np.array(same, dtype=np.float64)[:, None]


EXACT_MATCH = Metric(
    "exact_match",
    "exact match",
    Statistic("same text", _same),
    counts=True,
    meaning="The share of texts that are the reference, letter by letter; how wide blanks are does not count.",
)
