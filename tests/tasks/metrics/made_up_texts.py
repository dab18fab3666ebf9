"""Translations and references that are made here: nearly right, wrong, short, empty."""

from __future__ import annotations

import numpy as np

from maskwright.tasks.metrics.generated_text import GeneratedText

WORDS = "le la un une bibliothèque outil de pour fichiers, données (système) réseau. C++ n’est-ce 中文 x86 -".split()


def sentence(rng: np.random.Generator, most: int) -> str:
    return " ".join(rng.choice(WORDS, rng.integers(1, most)))


def texts(n: int = 80, seed: int = 0) -> tuple[list[GeneratedText], list[str]]:
    """[n] answers, and [n] references; some pairs are equal, share nothing, or are shorter than four words."""
    rng = np.random.default_rng(seed)
    references = [sentence(rng, 12) for _ in range(n)]
    answers = []
    for number, reference in enumerate(references):
        words = [word if rng.random() < 0.7 else str(rng.choice(WORDS)) for word in reference.split()]
        written = {0: reference, 1: "", 2: "zzz yyy", 3: sentence(rng, 12)}.get(number % 10, " ".join(words))
        answers.append(GeneratedText(written, nll=float(rng.gamma(2.0, 3.0)), tokens=int(rng.integers(1, 9))))
    return answers, references
