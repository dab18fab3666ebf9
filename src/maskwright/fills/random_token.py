"""A random ordinary token in hidden cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from maskwright.backend.arrays import Array, dtype_name, namespace, to_dtype
from maskwright.backend.codes import RANDOM
from maskwright.errors import MaskingError
from maskwright.rng import Rng, below


@dataclass(frozen=True)
class RandomToken:
    """Put tokens drawn uniformly from the ordinary vocabulary into hidden cells.

    Special tokens and reserved ones (`[unused7]`) are never drawn. The model cannot see what was hidden, so this is
    noise rather than a gap: it teaches to doubt what is there. Part of BERT's 80/10/10 (see `mix`).

    Raises:
        MaskingError: no vocabulary was given.
    """

    for_tokens: ClassVar[bool] = True

    def token(self, vocabulary: Any) -> int:
        """An ordinary token for each cell, drawn."""
        if vocabulary is None:
            raise MaskingError(
                "random-token: give vocabulary=Vocabulary.from_tokenizer(tokenizer), or use another fill."
            )
        return RANDOM

    def __call__(self, x: Array, mask: Array, *, valid: Array, rng: Rng, **facts: Any) -> Array:
        """Return new ids; needs the fact `vocabulary`."""
        del valid
        vocabulary: Any = facts.get("vocabulary")
        places = facts.get("places")
        self.token(vocabulary)
        ordinary = vocabulary.table("ordinary_ids", x)
        draws = rng.child("random token")
        bits = draws.bits(*x.shape[1:]) if places is None else draws.bits_at(places)
        return namespace(x).where(mask, to_dtype(ordinary[below(bits, ordinary.shape[0])], dtype_name(x)), x)
