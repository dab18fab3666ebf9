"""Contiguous runs along one axis."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from maskwright.backend.arrays import Array, arange, at_least_zero, gather, is_torch, namespace, to_dtype
from maskwright.errors import ConfigError, MaskingError
from maskwright.geometry.moments import circle_spans
from maskwright.geometry.select import random_order
from maskwright.geometry.spans import LAWS, Circles, Lengths, running_sum
from maskwright.grid import Grid
from maskwright.rng import Rng, below
from maskwright.strategy import check, choice, flag, number


@dataclass(frozen=True)
class Span:
    """Hide whole spans of neighbouring cells until the count is reached; only the last span is cut.

    The valid cells of the last axis are seen as a circle. From a random place on, the circle is cut into consecutive
    spans whose lengths follow a law, the last of them cut where the circle closes. The spans are then hidden in random
    order. Because a circle has no ends, the first and the last cell are hidden as often as any other; a span may
    continue at the other end of the text. On grids of several axes each line of the last axis is a circle.

    Laws: `constant`; `geometric`, a span ends after every cell with probability 1/length; `uniform` from min_length to
    max_length; `poisson` with mean length (spans of no cells are skipped). All are conditioned on lying within
    min_length and max_length, where those are given.

    Neighbouring spans may both be chosen and then look like one longer run. With `min_gap` they may not: after every
    span that many cells stay visible, so that no more than length / (length + min_gap) of the cells, on average, can be
    hidden. A higher count hides all spans, and lines of `min_gap` cells or fewer stay whole.

    When it helps: phrases and neighbouring frames tell the same, so isolated gaps are guessed from next to them. When
    not: very short inputs, where one span is everything.

    Source: geometric lengths (0.2, of 1 to 10) from Joshi et al. 2020, SpanBERT (arXiv:1907.10529), without its biased
    start; Poisson lengths (mean 3) from Lewis et al. 2020, BART (arXiv:1910.13461); constant lengths as in wav2vec2
    (arXiv:2006.11477), without its overlaps.

    Args:
        length: length of spans in cells; the mean one if `geometric` or `poisson`; not used if `uniform`. 1 or more, a
            whole number if `constant`.
        law: `constant`, `geometric`, `uniform` or `poisson`.
        max_length: spans are no longer than this many cells; `uniform` needs it.
        min_length: spans are no shorter than this many cells, but for those cut.
        min_gap: visible cells between two hidden spans, at least; the count is then an upper bound.
        whole: do not cut the last span: it is hidden or not, so that the count is met on average; with `min_gap`, where
            the count is an upper bound, it is not hidden.

    >>> import numpy as np
    >>> valid = np.ones((1, 8), dtype=bool)
    >>> Span(length=4)(Grid(token=8), np.array([4]), valid=valid, rng=Rng.from_ids([5])).astype(int)
    array([[1, 1, 1, 1, 0, 0, 0, 0]])
    """

    length: float = number(3.0, 1, 1_000_000, "cells")
    law: str = choice("constant", *LAWS)
    max_length: int | None = number(None, 1, 1_000_000, "cells", whole=True)
    min_length: int = number(1, 1, 1_000_000, "cells", whole=True)
    min_gap: int = number(0, 0, 1_000_000, "cells", whole=True)
    whole: bool = flag(False)

    examples: ClassVar[tuple[Any, ...]] = (4,)

    def __post_init__(self):
        check(self)
        object.__setattr__(self, "length", float(self.length))
        bounded = self.max_length is not None or self.min_length > 1
        if self.law == "constant" and (self.length % 1 or bounded):
            raise ConfigError(
                f"Span: with law=constant expected a whole length and neither min_length nor max_length, "
                f"given length={self.length:g}, max_length={self.max_length}; use law: geometric."
            )
        if self.law == "uniform" and self.max_length is None:
            raise ConfigError("Span: with law=uniform give max_length, the longest span.")
        if self.max_length is not None and self.max_length < self.min_length:
            raise ConfigError(
                f"Span: expected max_length of min_length or more, given {self.max_length} below {self.min_length}."
            )

    @property
    def sets_own_count(self) -> bool:
        """Whether the count is an upper bound, because of gaps that may leave no room for more."""
        return self.min_gap > 0

    @property
    def approximate(self) -> str:
        """Why the count is not met in every example; nothing if it is."""
        average = self.whole and not self.min_gap
        return "the last span is whole or left out, so that the count is met on average" if average else ""

    def __call__(self, grid: Grid, count: Array, *, valid: Array, rng: Rng, **signals: Array) -> Array:
        """Return a bool mask [B, *grid.shape] with min(count, valid cells) hidden per example, see above."""
        del signals
        if not grid.size or not valid.shape[0]:
            return valid & False
        # N = B * lines circles with S spans each: begin, size and bits [N, S], then [B, lines * S], because the spans
        # of all lines of an example are hidden in one random order, [B, K], until the count is reached.
        lines = grid.shape[:-1]
        turn = rng.child("turn").bits(*lines, 1).reshape(-1)
        circles = Circles.of(valid.reshape((-1, grid.shape[-1])), turn)
        begin, size, bits = self._cut(grid, circles.total, rng)
        spans = begin.shape[-1]
        begin, size, bits = (part.reshape((valid.shape[0], -1)) for part in (begin, size, bits))
        chosen = random_order(bits, size > 0, count)
        begin, size = gather(begin, chosen), gather(size, chosen)
        line = arange(valid.shape[0], chosen)[:, None] * math.prod(lines) + (chosen // spans if lines else chosen * 0)
        size = self._up_to(grid, to_dtype(count, "int64")[:, None], size, rng)
        return circles.cover(line, begin, size).reshape(valid.shape)

    @property
    def moments(self) -> Any:
        """`moments(grid, count)` of a full grid of one axis, for constant lengths without gaps, the last span cut."""
        if self.law != "constant" or self.min_gap or self.whole:
            return None

        def moments(grid: Grid, count: int) -> tuple[Array, Array]:
            if grid.ndim > 1:
                raise MaskingError(f"span: its moments are known on one axis, given {grid}.")
            return circle_spans(grid.size, int(self.length), count)

        return moments

    def _cut(self, grid: Grid, total: Array, rng: Rng) -> tuple[Array, Array, Array]:
        """[N, S] each: where the spans of each circle begin, how long they are (0: the circle is full), and draws.

        The high bits of a draw made the length; the low ones are free to decide the order.
        """
        longest = grid.shape[-1]
        law = Lengths(self.law, self.length, self.min_length, self.max_length)
        mean = law.mean(longest) + self.min_gap
        shortest = (mean if self.law == "constant" else self.min_length + self.min_gap) or 1
        most = _of_four(longest / shortest)
        # Nearly all circles are full with this many; a device is given the most, since it would have to wait if asked.
        usual = _of_four(longest / mean + 3 * math.sqrt(longest / mean) + 4)
        spans = most if is_torch(total) else min(most, usual)
        while True:
            bits = rng.child("spans").bits(*grid.shape[:-1], spans).reshape((-1, spans))
            size = law.draw(bits, longest)
            step = size + self.min_gap if self.min_gap else size
            begin = running_sum(step, self._largest(grid) + self.min_gap) - step
            if spans == most or bool((begin[:, -1] + step[:, -1] >= total).all()):
                room = at_least_zero(to_dtype(total - self.min_gap, "int32")[:, None] - begin)
                return begin, namespace(room).minimum(room, size), bits
            spans = min(most, 2 * spans)

    def _largest(self, grid: Grid) -> int:
        return max(self.max_length or grid.shape[-1], self.min_length)

    def _up_to(self, grid: Grid, count: Array, size: Array, rng: Rng) -> Array:
        """The sizes of spans in order, cut so that they add up to the count."""
        xp = namespace(size)
        before = running_sum(size, self._largest(grid)) - size
        size, room = to_dtype(size, "int64"), count - before
        if not self.whole:
            return xp.minimum(at_least_zero(room), size)
        zero = room * 0
        if self.min_gap:
            return xp.where(room >= size, size, zero)
        # The span that the count falls into is hidden in as large a share of the examples as it would be hidden.
        kept = below(rng.child("last").bits(1), size) < room
        return xp.where(kept & (room > 0), size, zero)


def _of_four(number: float) -> int:
    """A multiple of four that is no smaller, since sums of four spans are made at once; what is too many is empty."""
    return -(-math.ceil(number) // 4) * 4
