"""What a kernel has to know to hide tokens that each draw for themselves.

Tuples, which numba takes, because a kernel with one argument per array would have fifteen.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

_NO_TABLE, _NO_ROWS = np.empty((0, 0), dtype=np.int64), np.empty(0, dtype=bool)


class Texts(NamedTuple):
    """The tokens of a batch.

    Attributes:
        ids: [B, L] int64.
        attention: [B, L] int64, 0 for padding; [0, 0] if all is attended.
        flags: [V] uint8, of the vocabulary, one for each of its ids.
        ordinary: [n] int64, the tokens that random ones are drawn from.
    """

    ids: np.ndarray
    attention: np.ndarray
    flags: np.ndarray
    ordinary: np.ndarray

    @classmethod
    def of(cls, ids: np.ndarray, attention: Any, flags: np.ndarray, ordinary: np.ndarray) -> Texts:
        """With attention of any type, or None."""
        attention = _NO_TABLE if attention is None else attention
        if attention.dtype != np.int64:
            attention = attention != 0
        return cls(ids, np.ascontiguousarray(attention, dtype=np.int64), flags, ordinary)


class Draws(NamedTuple):
    """The randomness of a batch.

    Attributes:
        keys: [B] int64, of the examples.
        whole: [B] bool, rows to be left whole; [0] if there are none.
        hiding: purpose of the mask, uint64.
        choosing: purpose of the choice among fills, uint64.
        drawing: purpose of random tokens, uint64.
        steps: probability of each token to be hidden, in steps of 2**-24.
        counters: [words] uint64, those of `Rng.chance`.
    """

    keys: np.ndarray
    whole: np.ndarray
    hiding: Any
    choosing: Any
    drawing: Any
    steps: int
    counters: np.ndarray

    @classmethod
    def of(cls, keys: np.ndarray, whole: Any, purposes: Purposes, steps: int, counters: np.ndarray) -> Draws:
        """With rows left whole, or None."""
        whole = _NO_ROWS if whole is None else whole
        hiding, choosing, drawing = map(np.uint64, purposes)
        return cls(np.ascontiguousarray(keys), whole, hiding, choosing, drawing, steps, counters)


class Purposes(NamedTuple):
    """What numbers are drawn for: the mask, the choice among fills, random tokens."""

    hiding: int
    choosing: int
    drawing: int


class Choices(NamedTuple):
    """Which token is put.

    Attributes:
        ends: [n] int64, up to which draw of 2**24 each of them; the last end is above all draws.
        tokens: [n] int64, ids or the codes RANDOM and KEPT of `maskwright.backend.codes`.
    """

    ends: np.ndarray
    tokens: np.ndarray


class HiddenTokens(NamedTuple):
    """Where the results go; all but the first may be of size 0, and are then left out.

    Attributes:
        ids: [B, L] int64, the new ids; may be the old ones.
        labels: [B, L] int64.
        mask: [B, L] bool, all False before.
        flat: [B x L] int64, the flat places that are hidden.
    """

    ids: np.ndarray
    labels: np.ndarray
    mask: np.ndarray
    flat: np.ndarray


class TokenWork(NamedTuple):
    """All that has to be known."""

    texts: Texts
    draws: Draws
    choices: Choices
