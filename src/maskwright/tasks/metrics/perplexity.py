"""Perplexity: among how many tokens a model seems to choose, on average, when it predicts those of the reference."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from maskwright.tasks.metrics.generated_text import GeneratedText
from maskwright.tasks.metrics.metric import Metric, Statistic

__all__ = ["PERPLEXITY", "perplexity"]


def _likelihood(predictions: Sequence[GeneratedText], references: Any) -> np.ndarray:
    """[B, 2] negative log-likelihood of the reference's tokens in nats, and how many they are."""
    del references
    return np.array([[one.nll, one.tokens] for one in predictions], dtype=np.float64)


def perplexity(sums: np.ndarray, n: np.ndarray) -> np.ndarray:
    """[b, 2] nats and tokens -> [b]; every token counts alike, so longer references count more.

    >>> perplexity(np.array([[2 * np.log(8), 2.0]]), np.ones(1))
    array([8.])
    """
    del n
    nats, tokens = np.moveaxis(sums, -1, 0)
    return np.exp(nats / np.where(tokens > 0, tokens, np.nan))


PERPLEXITY = Metric(
    "perplexity",
    "perplexity",
    Statistic("likelihood", _likelihood),
    perplexity,
    higher_is_better=False,
    unit="",
    best=1.0,
    possible=(1.0, math.inf),
    chance=math.nan,  # what a model without the source would reach is not known
    negligible=0.1,
    meaning="Among how many tokens the model seems to choose when it predicts each token of the reference, the ones "
    "before it given. It compares only models of one tokenizer.",
)
