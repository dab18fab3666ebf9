"""Random keys are not seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from maskwright.backend.arrays import Array
from maskwright.strategy import REQUIRED, check, number


@dataclass(frozen=True)
class KeyDropout:
    """Hide each key position with probability `probability`, from all queries alike, drawn per example and head.

    Masking inside the model: the token stays in the sequence, but nobody can look at it in this layer's attention
    (DropKey, Li et al. 2023, arXiv:2208.02646, draws per query instead). A position still sees itself, so that no
    softmax is empty. For training only: leave it out at evaluation.

    Args:
        probability: 0 to 1, in steps of 2**-24.

    Needs the fact `rng` (`Rng.from_ids(example_ids, seed=..., epoch=...)`); draws do not depend on batch neighbours.

    >>> import numpy as np
    >>> from maskwright import Rng
    >>> from maskwright.text.attention import AttentionMask
    >>> everyone = np.ones((1, 100), dtype=bool)
    >>> hidden = AttentionMask([{"key-dropout": 0.3}]).hidden(everyone, rng=Rng.from_ids([0]))
    >>> bool(0.15 < hidden.mean() < 0.45), bool(hidden[0, 0].diagonal().any())
    (True, False)
    """

    needs: ClassVar[tuple[str, ...]] = ("rng",)

    probability: float = number(REQUIRED, 0.0, 1.0, "probability per key")

    def __post_init__(self):
        check(self)

    def hides(self, b: Array, h: Array, q: Array, k: Array, facts: Any) -> Array:
        """See `maskwright.text.attention`."""
        length = facts.attended.shape[1]
        bits = facts.rng.child("key dropout").bits(facts.heads, length)
        dropped = bits <= (round(self.probability * (1 << 24)) << 7) - 1
        return dropped[b, h, k] & (q != k)
