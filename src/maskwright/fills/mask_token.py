"""The tokenizer's mask token in hidden cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from maskwright.backend.arrays import Array, namespace
from maskwright.errors import MaskingError
from maskwright.rng import Rng


@dataclass(frozen=True)
class MaskToken:
    """Put the mask token into hidden cells: the model knows that something was there and that it cannot see it.

    The default for text. At use time such a model expects missing parts to be marked the same way.

    Source: Devlin et al. 2019 (arXiv:1810.04805); always the mask token rather than 80/10/10: Wettig et al. 2023
    (arXiv:2202.08005).

    Raises:
        MaskingError: no vocabulary was given, or its tokenizer has no mask token.
    """

    for_tokens: ClassVar[bool] = True
    in_model: ClassVar[str] = "mask-token"
    needs_mask_token: ClassVar[bool] = True

    def token(self, vocabulary: Any) -> int:
        """The mask token's id."""
        if vocabulary is None:
            raise MaskingError("mask-token: give vocabulary=Vocabulary.from_tokenizer(tokenizer), or use another fill.")
        if vocabulary.mask_id is None:
            raise MaskingError("mask-token: this tokenizer has no mask token; use fill: drop, or add a mask token.")
        return vocabulary.mask_id

    def __call__(self, x: Array, mask: Array, *, valid: Array, rng: Rng, **facts: Any) -> Array:
        """Return new ids; needs the fact `vocabulary`."""
        del valid, rng
        return namespace(x).where(mask, self.token(facts.get("vocabulary")), x)
