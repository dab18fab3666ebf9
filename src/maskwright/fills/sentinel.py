"""One marker for each run of hidden tokens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from maskwright.backend.arrays import Array, dtype_name, namespace, running_count, to_dtype
from maskwright.backend.codes import IGNORED
from maskwright.errors import MaskingError
from maskwright.fills.drop import Drop
from maskwright.geometry.kept import run_starts
from maskwright.rng import Rng
from maskwright.strategy import check, choice
from maskwright.units.vocabulary import sentinels, single_id


@dataclass(frozen=True)
class Sentinel:
    """Replace every run of neighbouring hidden tokens by one token; the sequence gets shorter.

    `numbered`: the first run becomes `<extra_id_0>`, the next `<extra_id_1>`, and so on, so that the target can say
    which hidden tokens belong where (T5; `maskwright.text.denoising` makes the targets). `single`: every run becomes
    the mask token, or `<extra_id_0>` where there is none (BART's text infilling): how many tokens are missing stays
    open.

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
    for_tokens: ClassVar[bool] = True

    law: str = choice("numbered", "numbered", "single")

    def __post_init__(self):
        check(self)

    @property
    def marks_runs(self) -> str:
        """How runs are marked."""
        return self.law

    def __call__(self, x: Array, mask: Array, *, valid: Array, rng: Rng, **facts: Any) -> Array:
        """Return [B, K] ids; needs the fact `vocabulary`.

        Raises:
            MaskingError: besides the above, examples of which different numbers of cells remain.
        """
        marked, starts = self._marked(x, mask, facts.get("vocabulary"))
        return Drop()(marked, mask & ~starts, valid=valid, rng=rng)

    def shorten(self, batch: Mapping[str, Any], hidden: Array, attended: Array, vocabulary: Any) -> dict:
        """A batch of text with its runs replaced, shortened as by `drop`; the labels of markers are -100."""
        ids, labels = batch["input_ids"], batch.get("labels")
        marked, starts = self._marked(ids, hidden, vocabulary)
        batch = {**batch, "input_ids": marked}
        if labels is not None and tuple(getattr(labels, "shape", ())) == tuple(ids.shape):
            batch["labels"] = namespace(hidden).where(hidden, IGNORED, labels)  # a marker is no token of the text
        return Drop().shorten(batch, hidden & ~starts, attended, vocabulary)

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
