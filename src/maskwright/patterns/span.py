"""Contiguous runs along one axis."""

from __future__ import annotations

from dataclasses import dataclass

from maskwright.arrays import Array, cumulative_max, namespace, running_count, to_dtype
from maskwright.errors import ConfigError
from maskwright.grid import Grid
from maskwright.rng import Rng
from maskwright.select import exact
from maskwright.strategy import choice, number


@dataclass(frozen=True)
class Span:
    """Hide whole spans of neighbouring cells until the count is reached; only the last span is cut.

    The valid cells of the last axis are seen as a circle. The circle is cut into consecutive spans: from a random place
    on, every `length` cells (`constant`), or at every cell with probability 1/length, which makes the lengths geometric
    (`geometric`). The spans are then hidden in random order. Because a circle has no ends, the first and the last cell
    are hidden as often as any other; a span may continue at the other end of the text. Neighbouring spans may both be
    chosen and then look like one longer run. On grids of several axes each line of the last axis is a circle.

    When it helps: phrases and neighbouring frames tell the same, so isolated gaps are guessed from next to them. When
    not: very short inputs, where one span is everything.

    Source: geometric lengths (0.2, cut at 10) from Joshi et al. 2020, SpanBERT (arXiv:1907.10529), without its biased
    start; constant lengths as in wav2vec2 (arXiv:2006.11477), without its overlaps.

    Args:
        length: length of spans in cells, the mean one if `geometric`; 1 or more (a whole number if `constant`).
        law: `constant` or `geometric`.
        max_length: longer geometric spans are cut into pieces of this many cells.

    >>> import numpy as np
    >>> valid = np.ones((1, 8), dtype=bool)
    >>> Span(length=4)(Grid(token=8), np.array([4]), valid=valid, rng=Rng.from_ids([3])).astype(int)
    array([[0, 1, 1, 1, 1, 0, 0, 0]])
    """

    length: float = number(3.0, 1, 1_000_000, "cells")
    law: str = choice("constant", "constant", "geometric")
    max_length: int | None = number(None, 1, 1_000_000, "cells", whole=True)

    def __post_init__(self):
        from maskwright.strategy import check

        check(self)
        object.__setattr__(self, "length", float(self.length))
        if self.law == "constant" and (self.length % 1 or self.max_length is not None):
            raise ConfigError(
                f"Span: with law=constant expected a whole length and no max_length, "
                f"given length={self.length:g}, max_length={self.max_length}; use law: geometric."
            )

    def __call__(self, grid: Grid, count: Array, *, valid: Array, rng: Rng, **signals: Array) -> Array:
        """Return a bool mask [B, *grid.shape] with exactly min(count, valid cells) hidden per example."""
        del signals
        if not grid.size or not valid.shape[0]:
            return valid & False
        rank = running_count(valid) - 1  # place on the circle
        total = rank[..., -1:] + 1
        start = self._starts(grid, rank, total, valid, rng)
        place = _around(rank - start, total)  # within the stretch, which may lie over the end of the circle
        if self._longest:
            place -= place // self._longest * self._longest  # division by a number is fast on NumPy, remainder is not
            start = _around(rank - place, total)
        scores = to_dtype(_at(rng.child("spans"), grid, start), "int64")
        scores <<= 32  # the order of the spans decides, and within a span the place
        scores |= place
        return exact(scores, count, valid)

    @property
    def _longest(self) -> int:
        return int(self.length) if self.law == "constant" else self.max_length or 0

    def _starts(self, grid: Grid, rank: Array, total: Array, valid: Array, rng: Rng) -> Array:
        """Where the stretch that holds each cell begins, as a place on the circle."""
        lines = grid.shape[:-1]
        turn = to_dtype(rng.child("turn").bits(*lines, 1), "int64") * to_dtype(total, "int64") >> 31
        turn = to_dtype(turn, "int32")  # uniform over 0 ... total - 1
        if self.law == "constant":
            return turn
        threshold = (round((1 << 24) / self.length) << 7) - 1
        cut = (_at(rng.child("cuts"), grid, rank) <= threshold) & valid
        before = cumulative_max(namespace(valid).where(cut, rank, -1))
        last = before[..., -1:]
        # A line without any cut is one span that begins at a random place, so that cutting it favours no cell.
        last = namespace(valid).where(last >= 0, last, turn)
        before += (last + 1) * (before < 0)  # the cells before the first cut belong to the last one, around the circle
        return before


def _around(place: Array, total: Array) -> Array:
    """Places before 0, counted from the end of the circle; the array is changed."""
    place += total * (place < 0)
    return place


def _at(rng: Rng, grid: Grid, place: Array) -> Array:
    """Bits of the cell at `place` on the line of each cell."""
    if grid.ndim == 1:
        return rng.bits_at(place)
    lines = rng.child("lines").bits(*grid.shape[:-1], 1)
    return rng.bits_at(place ^ lines)
