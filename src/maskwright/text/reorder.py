"""Texts in another order: sentence permutation and document rotation (BART).

Nothing is hidden: the tokens are all there, and the model learns to say where they belong.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from maskwright.backend.arrays import (
    Array,
    arange,
    gather,
    like,
    namespace,
    running_count,
    stable_order,
    to_dtype,
    true_count,
)
from maskwright.errors import ConfigError, did_you_mean
from maskwright.rng import Rng, below
from maskwright.units.vocabulary import SPECIAL, Vocabulary

REORDERINGS = ("sentences", "rotation")
_ENDS = (".", "!", "?", "。", "！", "？", "…")


def permute_sentences(ends: Array, movable: Array, rng: Rng) -> Array:
    """Put the sentences of each text into random order; the tokens of a sentence stay together and in order.

    Source: Lewis et al. 2020, BART (arXiv:1910.13461): a document is divided at its full stops and the sentences are
    shuffled.

    Args:
        ends: [B, L] bool, the token ends a sentence; see `sentence_ends`.
        movable: [B, L] bool, False for padding and special tokens, which stay where they are.
        rng: of the examples.

    Returns:
        [B, L] int64, the place that each token comes from: `gather(ids, index)` is the new text.

    >>> ends = np.array([[False, True, False, True, False]])
    >>> permute_sentences(ends, ends | True, Rng.from_ids([3])).tolist()
    [[0, 1, 4, 2, 3]]
    """
    ended = ends & movable
    sentence = to_dtype(running_count(ended), "int64") - to_dtype(ended, "int64")
    key = to_dtype(rng.child("sentences").bits_at(sentence), "int64") << 24
    return _movable_in_order(key + sentence, movable)


def rotate(movable: Array, rng: Rng) -> Array:
    """Let each text begin at a random token; what stood before it follows at the end.

    Source: Lewis et al. 2020, BART (arXiv:1910.13461), document rotation.

    Args:
        movable: [B, L] bool, False for padding and special tokens, which stay where they are.
        rng: of the examples.

    Returns:
        [B, L] int64, the place that each token comes from.

    >>> rotate(np.array([[True, True, True, False]]), Rng.from_ids([0])).tolist()
    [[2, 0, 1, 3]]
    """
    n = true_count(movable)[:, None]
    shift = below(rng.child("rotation").bits(1), n)
    rank = to_dtype(running_count(movable), "int64") - 1
    before = rank < shift
    return _movable_in_order(rank + n * to_dtype(before, "int64"), movable)


def sentence_ends(ids: Array, vocabulary: Vocabulary) -> Array:
    """[B, L] bool, the token's text ends with a full stop, a question mark or an exclamation mark."""
    return like(_ending(vocabulary), ids)[ids]


def reorder_batch(law: str, ids: Array, attended: Array, vocabulary: Vocabulary, rng: Rng) -> Array:
    """New ids [B, L] by `sentences` or `rotation`; special tokens and padding stay.

    Raises:
        ConfigError: another law.
    """
    movable = attended & ((vocabulary.look_up("flags", ids) & SPECIAL) == 0)
    if law == "sentences":
        return gather(ids, permute_sentences(sentence_ends(ids, vocabulary), movable, rng))
    if law == "rotation":
        return gather(ids, rotate(movable, rng))
    raise ConfigError(f"reorder: given {law!r}. {did_you_mean(law, REORDERINGS)}")


def _movable_in_order(key: Array, movable: Array) -> Array:
    """The movable cells by key, into the movable places in order; the others map to themselves."""
    xp = namespace(movable)
    order = stable_order(xp.where(movable, key, xp.iinfo(key.dtype).max))
    rank = xp.where(movable, to_dtype(running_count(movable), "int64") - 1, 0)
    place = arange(movable.shape[1], movable)[None, :]
    return xp.where(movable, gather(order, rank), place)


@lru_cache(maxsize=8)
def _ending(vocabulary: Vocabulary) -> np.ndarray:
    return np.array([piece.text.endswith(_ENDS) for piece in vocabulary.pieces], dtype=bool)
