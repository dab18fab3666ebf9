"""One marker for each run of hidden tokens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from maskwright.backend.arrays import Array, at_least_zero, dtype_name, largest, namespace, running_count, to_dtype
from maskwright.backend.labels import IGNORED
from maskwright.errors import MaskingError
from maskwright.fills.drop import Drop
from maskwright.rng import Rng
from maskwright.strategy import check, choice


@dataclass(frozen=True)
class Sentinel:
    """Replace every run of neighbouring hidden tokens by one token; the sequence gets shorter.

    `numbered`: the first run becomes `<extra_id_0>`, the next `<extra_id_1>`, and so on, so that the target can say
    which hidden tokens belong where (T5; `maskwright.text.denoising` makes the targets). `single`: every run becomes
    the mask token, or `<extra_id_0>` where there is none (BART's text infilling): how many tokens are missing is not
    told.

    When it helps: sequence-to-sequence pre-training, where both sides get short. When not: encoders that predict at the
    hidden places, which are gone.

    Source: Raffel et al. 2020, T5 (arXiv:1910.10683); Lewis et al. 2020, BART (arXiv:1910.13461).

    Args:
        law: `numbered` or `single`.

    Raises:
        MaskingError: no vocabulary, a tokenizer without such tokens, or more runs than it has sentinels.

    >>> import numpy as np
    >>> from types import SimpleNamespace
    >>> x, mask = np.array([[5, 6, 7, 8]]), np.array([[False, True, True, False]])
    >>> Sentinel("single")(x, mask, valid=mask | True, rng=Rng.from_ids([0]), vocabulary=SimpleNamespace(mask_id=9))
    array([[5, 9, 8]])
    """

    changes_shape: ClassVar[bool] = True

    law: str = choice("numbered", "numbered", "single")

    def __post_init__(self):
        check(self)

    def __call__(self, x: Array, mask: Array, *, valid: Array, rng: Rng, **facts: Any) -> Array:
        """Return [B, K] ids; needs the fact `vocabulary`.

        Raises:
            MaskingError: besides the above, examples of which different numbers of cells remain.
        """
        marked, starts = self._marked(x, mask, facts.get("vocabulary"))
        return Drop()(marked, mask & ~starts, valid=valid, rng=rng)

    def tokens(self, batch: Mapping[str, Any], hidden: Array, attended: Array, vocabulary: Any) -> dict:
        """A batch of text with its runs replaced, shortened as by `drop`; the labels of markers are -100."""
        ids, labels = batch["input_ids"], batch.get("labels")
        marked, starts = self._marked(ids, hidden, vocabulary)
        batch = {**batch, "input_ids": marked}
        if labels is not None and tuple(getattr(labels, "shape", ())) == tuple(ids.shape):
            batch["labels"] = namespace(hidden).where(hidden, IGNORED, labels)  # a marker is no token of the text
        return Drop().tokens(batch, hidden & ~starts, attended, vocabulary)

    def _marked(self, x: Array, mask: Array, vocabulary: Any) -> tuple[Array, Array]:
        """Ids [B, L] with the marker at the first token of each run, and where that is."""
        if vocabulary is None:
            raise MaskingError("sentinel: give vocabulary=Vocabulary.from_tokenizer(tokenizer), or use another fill.")
        if mask.ndim != 2:
            raise MaskingError(f"sentinel: expected a mask [B, L] over one axis, given shape {tuple(mask.shape)}.")
        xp = namespace(x)
        starts = run_starts(mask)
        if self.law == "single":
            return xp.where(starts, single_id(vocabulary), x), starts
        marker = to_dtype(sentinels(running_count(starts), vocabulary), dtype_name(x))
        return xp.where(starts, marker, x), starts


def run_starts(mask: Array) -> Array:
    """[B, L] bool, the first cell of every run of hidden cells."""
    xp = namespace(mask)
    return mask & ~xp.concat([mask[:, :1] & False, mask[:, :-1]], axis=1)


def sentinels(number: Array, vocabulary: Any) -> Array:
    """The ids of the sentinels of these numbers, counted from 1; anything where the number is 0.

    Raises:
        MaskingError: a tokenizer that has fewer.
    """
    ids = vocabulary.table("sentinel_ids", number)
    most = largest(number.reshape(-1))
    if most > ids.shape[0] or not ids.shape[0]:
        raise MaskingError(
            f"sentinel: {most} sentinels are needed and the tokenizer has {ids.shape[0]} (<extra_id_0>, ...). Add some "
            "to the tokenizer as special tokens, hide fewer and longer spans, or use law: single."
        )
    return ids[at_least_zero(number - 1)]


def single_id(vocabulary: Any) -> int:
    """The token that stands for any run: the mask token, or else the first sentinel."""
    if vocabulary.mask_id is not None:
        return vocabulary.mask_id
    if not len(vocabulary.sentinel_ids):
        raise MaskingError("sentinel: this tokenizer has neither a mask token nor <extra_id_0>; add a mask token.")
    return int(vocabulary.sentinel_ids[0])
