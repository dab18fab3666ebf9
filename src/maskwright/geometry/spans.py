"""Lengths of spans drawn from a law by integer tables, a circle cut into spans, and the cells that spans cover."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from functools import cache

import numpy as np

from maskwright.backend.arrays import (
    Array,
    arange,
    gather,
    is_torch,
    like,
    namespace,
    running_count,
    segment_sum,
    to_dtype,
)
from maskwright.backend.arrays import true_count as count_true
from maskwright.rng import below

LAWS = ("constant", "geometric", "uniform", "poisson")
_GUIDE_BITS = 12  # leading bits of a draw that the guide table looks at


@dataclass(frozen=True)
class Lengths:
    """A law of whole lengths of 1 or more, conditioned on lying within bounds.

    Attributes:
        law: `constant`, `geometric` (probability 1/length to end at every cell), `uniform`, or `poisson`.
        length: the constant length, or the mean of the geometric or Poisson law before the bounds.
        low: smallest length.
        high: largest length, or None.
    """

    law: str
    length: float
    low: int = 1
    high: int | None = None

    def draw(self, bits: Array, longest: int) -> Array:
        """int32 lengths from the highest 16 of 31 bits; those beyond `longest` are `longest`: tables stay small."""
        if self.law == "constant":
            return bits * 0 + min(int(self.length), longest)
        table = like(_thresholds(self, longest), bits)
        if is_torch(bits):
            import torch

            return torch.searchsorted(table, bits, right=True, out_int32=True) + self.low
        # Nearly all draws are decided by their leading bits; the others are searched for.
        out = _guide(self, longest).take(bits >> (31 - _GUIDE_BITS))
        open_ = np.flatnonzero(out == 0)
        out.reshape(-1)[open_] = np.searchsorted(table, bits.ravel().take(open_), side="right") + self.low
        return out

    def mean(self, longest: int) -> float:
        """The mean of what `draw` gives."""
        return min(self.length, longest) if self.law == "constant" else _mean(self, longest)


@cache
def _thresholds(lengths: Lengths, longest: int) -> np.ndarray:
    """int32 [K]: the draw of a length above `low + k` is at least the k-th, in steps of 2**-16."""
    last = max(lengths.low, min(lengths.high or longest, longest))
    shares = [_log_probability(lengths, value) for value in range(lengths.low, (lengths.high or last) + 1)]
    top = max(shares)
    shares = [math.exp(share - top) for share in shares]
    total = math.fsum(shares) if lengths.high else math.fsum(shares) + _tail(lengths, last, top)
    sums, out = 0.0, []
    for share in shares[: last - lengths.low]:
        sums += share
        out.append(min(round(sums / total * (1 << 16)), (1 << 16) - 1) << 15)
    return np.array(out, dtype=np.int32)


@cache
def _mean(lengths: Lengths, longest: int) -> float:
    ends = np.concatenate([[0], _thresholds(lengths, longest), [1 << 31]])
    return float((np.diff(ends) / (1 << 31) * (lengths.low + np.arange(len(ends) - 1))).sum())


def _log_probability(lengths: Lengths, value: int) -> float:
    """Up to a constant."""
    if lengths.law == "uniform":
        return 0.0
    if lengths.law == "poisson":
        return value * math.log(lengths.length) - math.lgamma(value + 1)
    return (value - lengths.low) * math.log1p(-1 / lengths.length) if lengths.length > 1 else -1e3 * value


def _tail(lengths: Lengths, last: int, top: float) -> float:
    """The law's weight beyond `last`, in units of exp(top)."""
    total, value = 0.0, last + 1
    if lengths.law == "geometric":
        return math.exp(_log_probability(lengths, value) - top) * lengths.length
    while True:
        share = math.exp(_log_probability(lengths, value) - top)
        total += share
        if value > lengths.length and share < 1e-9:
            return total
        value += 1


@cache
def _guide(lengths: Lengths, longest: int) -> np.ndarray:
    """int32 [4096]: the length of all draws with these leading bits, 0 where they differ."""
    edges = np.arange(1 << _GUIDE_BITS, dtype=np.int64) << (31 - _GUIDE_BITS)
    table = _thresholds(lengths, longest)
    first = np.searchsorted(table, edges, side="right")
    last = np.searchsorted(table, edges + (1 << (31 - _GUIDE_BITS)) - 1, side="right")
    return np.where(first == last, first + lengths.low, 0).astype(np.int32)


@dataclass(frozen=True, eq=False)
class Circles:
    """The valid cells of lines, each line bent to a circle that begins at a place of its own.

    Attributes:
        valid: [N, L] bool.
        total: [N] int64, valid cells of each line.
        turn: [N] int64, the valid cell that each circle begins with, counted from the line's first.
    """

    valid: Array
    total: Array
    turn: Array

    @classmethod
    def of(cls, valid: Array, bits: Array) -> Circles:
        """Circles that begin at a uniformly drawn valid cell; `bits` [N] are 31-bit draws."""
        total = count_true(valid)
        return cls(valid, total, below(bits, total))

    def cover(self, line: Array, begin: Array, size: Array) -> Array:
        """[N, L] bool, the cells of spans.

        Args:
            line: [B, K] integers, the lines that the spans lie on; those of an example are N / B lines in a row.
            begin: [B, K] integers, from where each circle begins; spans do not overlap.
            size: [B, K] integers, cells of each span; 0 is no span.
        """
        return self._cover_torch(line, begin, size) if is_torch(size) else self._cover_numpy(line, begin, size)

    def _cover_numpy(self, line: np.ndarray, begin: np.ndarray, size: np.ndarray) -> np.ndarray:
        # From here on line, begin and size are [n], one entry for each span of any example that has cells.
        spans = np.flatnonzero(size > 0)
        line, size = line.ravel().take(spans), size.ravel().take(spans)
        total = self.total.take(line)
        begin = begin.ravel().take(spans) + self.turn.take(line)
        begin -= total * (begin >= total)
        over = begin + size - total  # what lies over the end of the circle is a span at its beginning
        again = np.flatnonzero(over > 0)
        over = over.take(again)
        size[again] -= over
        # Flat place in [N, L] of each line's first valid cell; where valid cells have gaps between them, places are
        # counted without the gaps first and moved apart at the end.
        width = self.valid.shape[1]
        first = unbroken(self.valid, self.total)
        base = line * width if first is None else line * width + first.take(line)
        begin = np.concatenate([base + begin, base.take(again)])
        size = np.concatenate([size, over])
        # All cells of all spans in one array: span i takes size[i] numbers, which count up from begin[i].
        before = np.cumsum(size) - size
        flat = np.repeat(begin - before, size) + np.arange(int(size.sum()))
        mask = np.zeros(self.valid.shape, dtype=bool)
        mask.reshape(-1)[flat] = True
        if first is not None:
            return mask
        return gather(mask, running_count(self.valid, -1)) & self.valid

    def _cover_torch(self, line: Array, begin: Array, size: Array) -> Array:
        lines, width = self.valid.shape
        examples = line.shape[0]
        # Without looking at values, which would make a device wait: +1 where a span begins and -1 behind its end, both
        # added up along circles of width + 1 places, give 1 inside of spans. `own` is the line within its example.
        own = line - arange(examples, line)[:, None] * (lines // max(1, examples))
        place = own * (width + 1) + begin
        some = to_dtype(size > 0, "int64")
        cells = lines // max(1, examples) * (width + 1)
        edges = segment_sum(some, place * some, cells) - segment_sum(some, (place + size) * some, cells)
        inside = edges.cumsum(1).reshape((lines, width + 1)) > 0
        # Each cell then looks its place on the circle up.
        rank = to_dtype(running_count(self.valid), "int64") - 1
        place = rank - self.turn[:, None]
        place = namespace(place).where(place < 0, place + self.total[:, None], place)
        return gather(inside, place.clamp(min=0)) & self.valid


def place_of(rank: Array, rows: Array, valid: Array, total: Array) -> Array:
    """[n] int64, the flat place of the `rank`-th True cell, from 0, of each of the given rows.

    Args:
        rank: [n] integers below the row's total.
        rows: [n] integers.
        valid: [B, L] bool.
        total: [B] int64, `true_count(valid)`.
    """
    xp = namespace(valid)
    width = valid.shape[1]
    if not is_torch(valid) and width:
        first = unbroken(valid, total)
        if first is not None:
            return (first + np.arange(0, valid.size, width)).take(rows) + rank  # counting is enough
    cells = xp.nonzero(valid.reshape(-1))[0]
    return cells[(xp.cumulative_sum(total, axis=0) - total)[rows] + rank]


def unbroken(valid: np.ndarray, total: np.ndarray) -> np.ndarray | None:
    """[B] int64, the first True cell of each row of [B, L] if no row has gaps, else None (NumPy only).

    Args:
        valid: [B, L] bool.
        total: [B] int64, `true_count(valid)`.
    """
    # A row without gaps is one run. Counted flat; a run that begins a row may follow one that ends the row before.
    flat = valid.reshape(-1)
    runs = int(flat[0]) + np.count_nonzero(flat[1:] > flat[:-1]) + np.count_nonzero(valid[1:, 0] & valid[:-1, -1])
    return valid.argmax(axis=1) if runs == np.count_nonzero(total) else None


def running_sum(sizes: Array, largest: int) -> Array:
    """int32, the sum of the numbers up to and including each, along the last of two axes.

    Args:
        sizes: [N, S] int32, 0 or more.
        largest: none is larger.
    """
    if is_torch(sizes) or sizes.shape[1] % 4 or sizes.shape[1] * largest >= 1 << 16 or sys.byteorder == "big":
        return namespace(sizes).cumulative_sum(sizes, axis=1, dtype=sizes.dtype)
    # Four sums in one word: a multiplication adds up the four, and only every fourth is summed one by one.
    ones = np.uint64(0x0001_0001_0001_0001)
    words = sizes.astype(np.uint16).view(np.uint64) * ones
    total = words >> np.uint64(48)
    before = np.cumsum(total, axis=1)
    before -= total
    before *= ones
    words += before
    return words.view(np.uint16).astype(np.int32)
