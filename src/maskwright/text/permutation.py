"""Permutation language modelling: which tokens are predicted, in which order, and who sees whom."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from maskwright.backend.arrays import Array, arange, gather, like, namespace, segment_sum, to_dtype, true_count
from maskwright.rng import Rng, below
from maskwright.strategy import check, number
from maskwright.units.text import places
from maskwright.units.vocabulary import SPECIAL, Vocabulary


@dataclass(frozen=True, eq=False)
class Permuted:
    """Who is predicted, and who sees whom.

    Attributes:
        hidden: [B, L] bool, True = predicted; never padding or a special token.
        blocked: [B, L, L] bool, True where the token of the middle axis may not see that of the last.
    """

    hidden: Array
    blocked: Array


@dataclass(frozen=True)
class Permutation:
    """Choose spans to predict, and a random order in which hidden tokens may see one another.

    From the first token on, a span length from 1 to `max_span` is drawn, room of floor(length / `probability`) tokens
    is set aside, and the span lies anywhere in that room. Hidden tokens then stand in a random order: each sees the
    tokens that are not hidden and the hidden ones before it. The first half of a text comes before the second half, so
    that the order suits a model that reuses the first half as memory. The draws are those of the example's own places:
    they do not change with padding, on either side, and odd lengths are as good as even ones.

    No path of any number of layers leads from a token back to itself or to a later one: tokens that are not hidden,
    special tokens included, see no hidden token.

    Biased: the room for the first span begins at the first token, so that the first token is hidden about half as often
    as others; that is the published law.

    When it helps: pre-training a two-stream model (XLNet), which predicts each token from some of the other hidden
    ones too. When not: other encoders, which have no `perm_mask`.

    Source: Yang et al. 2019, XLNet (arXiv:1906.08237), and the span law of its released code.

    Args:
        probability: of being hidden, roughly: a span of n tokens gets room for n / probability.
        max_span: longest span in tokens.

    >>> import numpy as np
    >>> from maskwright.rng import Rng
    >>> whole = np.ones((1, 8), dtype=bool)
    >>> plan = Permutation(probability=0.5, max_span=2).plan(whole, whole, Rng.from_ids([1]))
    >>> bool((plan.blocked[0].diagonal() == plan.hidden[0]).all())
    True
    """

    probability: float = number(1 / 6, 1e-6, 1.0, "share of tokens")
    max_span: int = number(5, 1, 100_000, "tokens", whole=True)

    def __post_init__(self):
        check(self)

    def __call__(self, ids: Array, attended: Array, *, vocabulary: Vocabulary, rng: Rng) -> Permuted:
        """The plan for a batch of token ids [B, L]; `attended` [B, L] bool is False for padding, on either side."""
        return self.plan(attended, attended & ((vocabulary.look_up("flags", ids) & SPECIAL) == 0), rng)

    def plan(self, attended: Array, valid: Array, rng: Rng) -> Permuted:
        """The plan for tokens of which the valid ones may be hidden."""
        xp = namespace(valid)
        place = places(attended)
        place = arange(valid.shape[1], valid)[None, :] if place is None else place
        hidden = self._spans(place, valid.shape[1], rng) & valid
        # Each half of the text is shuffled by the same numbers, and the first half comes first.
        half = (true_count(attended)[:, None] + 1) // 2
        late = place >= half
        within = xp.where(late, place - half, place)
        order = to_dtype(rng.child("order").bits_at(within), "int64") + to_dtype(late, "int64") * (1 << 31)
        order = xp.where(hidden, order, xp.full_like(order, -1))
        return Permuted(hidden, (order[:, :, None] <= order[:, None, :]) & hidden[:, None, :])

    def _spans(self, place: Array, length: int, rng: Rng) -> Array:
        """[B, L] bool by place: the spans, one in each room."""
        rooms = np.array([math.floor(n / self.probability + 1e-9) for n in range(1, self.max_span + 1)])
        spans = -(-length // int(rooms[0])) if length else 0
        size = below(rng.child("length").bits(spans), self.max_span)
        room = like(rooms, size)[size]
        size = size + 1
        before = namespace(size).cumulative_sum(room, axis=1) - room
        start = before + below(rng.child("start").bits(spans), room - size + 1)
        xp = namespace(size)
        edges = xp.concat([start, start + size], axis=1)
        edges = xp.where(edges < length, edges, xp.full_like(edges, length))  # what lies behind the text
        steps = xp.concat([xp.ones_like(size), -xp.ones_like(size)], axis=1)
        inside = xp.cumulative_sum(segment_sum(steps, edges, length + 1), axis=1)[:, :length] > 0
        return gather(inside, place) if length else inside
