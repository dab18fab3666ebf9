"""BLEU: how many of the words and word sequences of the translations are in the references.

Source: Papineni et al. 2002, BLEU (P02-1040), in the form that Post 2018 (arXiv:1804.08771) fixed as sacreBLEU: words
by the rules of `mteval-v13a`, one reference, case kept, exponential smoothing of an order without any match.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, partial
from typing import Any

import numpy as np

from maskwright.errors import ConfigError
from maskwright.tasks.metrics.generated_text import GeneratedText, score_of_others
from maskwright.tasks.metrics.metric import Metric, Statistic

__all__ = ["BLEU", "NGRAMS", "WORDS", "bleu", "bleu_alone", "ngram_counts", "scorer"]

NGRAMS = 4
"""Longest sequence of words that is counted."""

WORDS = "13a"
"""How sacreBLEU cuts texts into words unless it is asked otherwise."""


@cache
def scorer(tokenizer: str) -> Any:
    """The BLEU of sacreBLEU with one of its tokenizers.

    Raises:
        ConfigError: sacrebleu is not installed.
    """
    try:
        from sacrebleu.metrics import bleu as sacrebleu
    except ImportError:
        raise ConfigError("BLEU needs sacrebleu: pip install 'maskwright[translation]'.") from None
    return sacrebleu.BLEU(tokenize=tokenizer, effective_order=True)


def ngram_counts(tokenizer: str, predictions: Sequence[GeneratedText], references: Sequence[str]) -> np.ndarray:
    """[B, 10] words written, words of the reference; by order 1 to 4 the n-grams that are right, and all written."""
    scores = [
        scorer(tokenizer).sentence_score(one.text, [reference])
        for one, reference in zip(predictions, references, strict=True)
    ]
    return np.array([[one.sys_len, one.ref_len, *one.counts, *one.totals] for one in scores], dtype=np.float64)


def bleu(sums: np.ndarray, n: np.ndarray, *, effective: bool = False) -> np.ndarray:
    """[b, 10] counts of `ngram_counts` added up -> [b] from 0 to 100.

    Args:
        sums: of the examples of each resample.
        n: examples.
        effective: leave out the orders of which nothing was written, for texts shorter than four words. Of a corpus
            they make the score 0.

    >>> counts = np.array([[3.0, 4, 2, 1, 0, 0, 3, 2, 1, 0]])
    >>> bleu(counts, np.ones(1)).round(1), bleu(counts, np.ones(1), effective=True).round(1)
    (array([0.]), array([39.4]))
    """
    del n
    written, expected = sums[:, 0], sums[:, 1]
    right, total = sums[:, 2 : 2 + NGRAMS], sums[:, 2 + NGRAMS :]
    there = total > 0  # where there are n-grams of an order, there are of all lower ones
    # The k-th order without any match counts as half, a quarter, ... of a match.
    halvings = np.cumsum((right == 0) & there, axis=1)
    matched = np.where(right > 0, right, 0.5**halvings)
    logs = np.log(np.where(there, matched / np.where(there, total, 1), 1.0)).sum(axis=1)
    orders = there.sum(axis=1) if effective else np.full(len(sums), NGRAMS)
    scored = right.any(axis=1) & (there[:, -1] | effective)
    brevity = np.minimum(0.0, 1 - expected / np.where(written > 0, written, 1))
    return np.where(scored, 100 * np.exp(brevity + logs / np.maximum(orders, 1)), 0.0)


def bleu_alone(counts: np.ndarray, n: np.ndarray) -> np.ndarray:
    """[N, 10] counts of single texts -> [N], as sacreBLEU scores sentences."""
    return bleu(counts, n, effective=True)


WORD_NGRAMS = Statistic("word n-grams", partial(ngram_counts, WORDS))

BLEU = Metric(
    "bleu",
    "BLEU",
    WORD_NGRAMS,
    bleu,
    unit="points",
    best=100.0,
    possible=(0.0, 100.0),
    chance=partial(score_of_others, WORD_NGRAMS, bleu),
    negligible=0.5,
    alone=bleu_alone,
    meaning="How many words and sequences of two to four words of the translations are in the references, by "
    "sacreBLEU: 100 for the references themselves.",
)
