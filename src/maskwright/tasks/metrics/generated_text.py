"""A text that a model wrote about an example, and how probable it found the reference."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["GeneratedText", "with_single_blanks"]


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
