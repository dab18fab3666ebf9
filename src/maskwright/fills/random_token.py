"""A random ordinary token in hidden cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from maskwright.backend.arrays import Array, dtype_name, namespace, to_dtype
from maskwright.errors import MaskingError
from maskwright.rng import Rng


@dataclass(frozen=True)
class RandomToken:
    """Put tokens drawn uniformly from the ordinary vocabulary into hidden cells.

    Special tokens and reserved ones (`[unused7]`) are never drawn. The model cannot see what was hidden, so this is
    noise rather than a gap: it teaches to doubt what is there. Part of BERT's 80/10/10 (see `mix`).

    Raises:
        MaskingError: no vocabulary was given.
    """

    def __call__(self, x: Array, mask: Array, *, valid: Array, rng: Rng, **facts: Any) -> Array:
        """Return new ids; needs the fact `vocabulary`."""
        del valid
        ordinary = self._ordinary(x, facts)
        places = facts.get("places")
        draws = rng.child("random token")
        bits = to_dtype(draws.bits(*x.shape[1:]) if places is None else draws.bits_at(places), "int64")
        tokens = ordinary[bits * ordinary.shape[0] >> 31]
        return namespace(x).where(mask, to_dtype(tokens, dtype_name(x)), x)

    def put(self, out: np.ndarray, flat: np.ndarray, *, rng: Rng, shape: tuple[int, ...], **facts: Any) -> None:
        """Write the hidden cells of a flat copy; see `maskwright.fills`."""
        ordinary = self._ordinary(out, facts)
        bits = rng.child("random token").at_cells(flat, shape).bits(1)[:, 0].astype(np.int64)
        out[flat] = ordinary.take(bits * len(ordinary) >> 31)

    def _ordinary(self, x: Array, facts: Mapping[str, Any]) -> Array:
        vocabulary = facts.get("vocabulary")
        if vocabulary is None:
            raise MaskingError(
                "random-token: give vocabulary=Vocabulary.from_tokenizer(tokenizer), or use another fill."
            )
        return vocabulary.table("ordinary_ids", x)
