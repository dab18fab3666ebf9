"""A text that a model wrote about an example, and how probable it found the reference."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from maskwright.tasks.metrics.metric import Statistic

__all__ = ["GeneratedText", "score_of_others", "with_single_blanks"]

MOST_REFERENCES = 5_000
"""References that are compared with each other, at most."""


@dataclass(frozen=True)
class GeneratedText:
    """What metrics of texts score against a reference text.

    Attributes:
        text: what the model wrote, without special tokens.
        nll: negative log-likelihood of the reference's tokens, each given those before it, in nats.
        tokens: how many they are.
    """

    text: str
    nll: float = 0.0
    tokens: int = 0


def with_single_blanks(text: str) -> str:
    r"""Every run of blanks as one space, and none at the ends; a narrow or unbreakable one is a blank too.

    >>> with_single_blanks(" 5\u00a0kg  of rice\n")
    '5 kg of rice'
    """
    return " ".join(text.split())


def score_of_others(
    statistic: Statistic, formula: Callable[[np.ndarray, np.ndarray], np.ndarray], references: Sequence[str]
) -> float:
    """The score where every text is answered by the reference of another one: an answer that ignores its text.

    It is above 0, because texts of a language, and more so of a domain, have words and letters in common.

    Args:
        statistic: of `GeneratedText` against a reference.
        formula: of its sums.
        references: of all texts; the first few thousand are looked at.
    """
    some = list(references[:MOST_REFERENCES])
    if len(some) < 2:
        return 0.0
    half = len(some) // 2  # neighbours in a file are often alike
    answers = [GeneratedText(text) for text in (*some[half:], *some[:half])]
    counts = statistic.summable(statistic.of(answers, some)[None])
    return float(formula(counts.sum(axis=0, keepdims=True), np.array([len(some)]))[0])
