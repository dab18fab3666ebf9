"""BLEU on characters: for languages that are written without blanks between words."""

from __future__ import annotations

from functools import partial

from maskwright.tasks.metrics.bleu import bleu, bleu_alone, ngram_counts
from maskwright.tasks.metrics.generated_text import score_of_others
from maskwright.tasks.metrics.metric import Metric, Statistic

__all__ = ["BLEU_CHARACTERS", "CHARACTERS"]

CHARACTERS = "char"
"""The tokenizer of sacreBLEU that makes a word of every character."""

CHARACTER_SEQUENCES = Statistic("character sequences", partial(ngram_counts, CHARACTERS))

BLEU_CHARACTERS = Metric(
    "bleu_characters",
    "BLEU of characters",
    CHARACTER_SEQUENCES,
    bleu,
    unit="points",
    best=100.0,
    possible=(0.0, 100.0),
    chance=partial(score_of_others, CHARACTER_SEQUENCES, bleu),
    negligible=0.5,
    alone=bleu_alone,
    meaning="BLEU in which every character counts as a word, for Chinese, Japanese, Thai and the like.",
)
