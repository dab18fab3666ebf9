"""SpanBERT's spans: geometric lengths from random anchors to the right."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

import numpy as np

from maskwright.backend.arrays import Array, gather, like, namespace, running_count, stable_order, to_dtype, true_count
from maskwright.errors import MaskingError
from maskwright.geometry.select import exact
from maskwright.grid import Grid
from maskwright.rng import Rng
from maskwright.strategy import check, number


@dataclass(frozen=True)
class Spanbert:
    """Hide spans as SpanBERT does: anchor after anchor, until the count is reached; only the last span is cut.

    An anchor is drawn uniformly from the cells that are not hidden yet. From it a span runs to the right for a
    geometric number of cells, which is cut off at `max_length`; it may run over cells that are hidden already and ends
    with the text. With `p` 0.2 and 10 the mean length is 3.8. Spans only run to the right, so the first cells are
    hidden less often than the others: with 10 of 64 cells the first in 5.4 % of 20,000 draws, the middle in 16 %. The
    pattern `span` with law `geometric` has no such bias.

    Use it with unit `word`, as published: lengths are then words. There the anchor was drawn from the word's tokens, so
    that long words came more often, and the budget was counted in tokens; here both are in units. For a replacement
    that is drawn once per span, wrap the fill in `by-run`.

    When it helps: question answering and other tasks that select spans. When not: short inputs, and where the first
    words matter.

    Source: Joshi et al. 2020, SpanBERT (arXiv:1907.10529): p = 0.2, at most 10, 15 % of the tokens.

    Args:
        p: probability that a span ends after each cell.
        max_length: of a span, in cells; the law is that of shorter spans, scaled to sum to 1.

    Raises:
        MaskingError: a grid of several axes.

    >>> import numpy as np
    >>> valid = np.ones((1, 12), dtype=bool)
    >>> Spanbert()(Grid(token=12), np.array([5]), valid=valid, rng=Rng.from_ids([3])).sum()
    np.int64(5)
    """

    biased: ClassVar[str] = "spans run to the right of their anchor, so the first cells are hidden less often"

    p: float = number(0.2, 0.001, 1.0, "probability")
    max_length: int = number(10, 1, 100, "cells", whole=True)

    def __post_init__(self):
        check(self)
        object.__setattr__(self, "p", float(self.p))

    @staticmethod
    def fits(grid: Grid) -> bool:
        """One axis only."""
        return grid.ndim == 1

    def __call__(self, grid: Grid, count: Array, *, valid: Array, rng: Rng, **signals: Array) -> Array:
        """Return a bool mask [B, L] with exactly min(count, valid cells) hidden per example."""
        del signals
        if not self.fits(grid):
            raise MaskingError(f"spanbert: spans lie on one axis, given {grid}; use span.")
        if not grid.size or not valid.shape[0]:
            return valid & False
        xp = namespace(valid)
        total = true_count(valid)
        cells = stable_order(to_dtype(~valid, "int32"))  # the valid cells of each example, in order, to the front
        present = gather(valid, cells)
        # Drawing anchors until one is free is the same as going through the cells in random order and skipping those
        # that are hidden by then. Each of the first `count` cells of that order is hidden at its turn at the latest,
        # so that no later one is ever looked at.
        turn = rng.child("anchors").bits(*grid.shape)
        candidate = exact(turn, count, present)
        place = xp.nonzero(candidate.reshape(-1))[0]
        row = place // grid.size
        longest = (total[row] + row * grid.size) - place
        drawn = rng.child("lengths").bits(*grid.shape).reshape(-1)[place]
        lengths = xp.searchsorted(like(_thresholds(self.p, self.max_length), valid), drawn) + 1
        lengths = xp.minimum(lengths, longest)
        turns = to_dtype(turn.reshape(-1)[place], "int64")
        used = self._anchors(place, lengths, turns)
        order = self._first_turn(place[used], lengths[used], turns[used], valid)
        chosen = exact(order, count, present)
        rank = running_count(valid, -1)
        return gather(chosen, xp.where(valid, rank, 0)) & valid

    def _anchors(self, place: Array, lengths: Array, turns: Array) -> Array:
        """[N] bool, the candidate is not hidden when its turn comes; candidates flat over the batch, in order."""
        xp = namespace(place)
        hides = []  # hides[d][i]: candidate i, if it is an anchor, hides candidate i + 1 + d before that one's turn
        for ahead in range(1, min(self.max_length, place.shape[0])):
            near = (place[ahead:] - place[:-ahead]) < lengths[:-ahead]
            hides.append(near & (turns[:-ahead] <= turns[ahead:]))
        # Who is hidden depends on earlier turns alone, so that each round settles at least the next turn; in practice
        # a handful of rounds, because chains of overlapping spans are short.
        used = place == place
        while True:
            hidden = xp.zeros_like(used)
            for ahead, pairs in enumerate(hides, start=1):
                hidden[ahead:] |= pairs & used[:-ahead]
            again = ~hidden
            if bool((again == used).all()):
                return used
            used = again

    def _first_turn(self, place: Array, lengths: Array, turns: Array, valid: Array) -> Array:
        """[B, L] int64, the turn of the first span over each cell; the largest number where there is none."""
        xp = namespace(valid)
        worst = np.iinfo(np.int64).max
        order = xp.full(valid.shape[0] * valid.shape[1], worst, dtype=xp.int64, device=valid.device)
        for offset in range(self.max_length):
            reaches = lengths > offset
            cells = place[reaches] + offset  # different for different spans
            order[cells] = xp.minimum(order[cells], turns[reaches])
        return order.reshape(tuple(valid.shape))


@cache
def _thresholds(p: float, max_length: int) -> Any:
    """Upper ends, in 31-bit draws, of the lengths 1, 2, ...: length = how many of them lie below the draw + 1."""
    shares = np.cumsum([p * (1 - p) ** step for step in range(max_length)])
    return np.array([round(share * (1 << 31)) - 1 for share in (shares / shares[-1])[:-1]], dtype=np.int32)
