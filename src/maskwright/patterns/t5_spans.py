"""T5's random spans: fixed numbers of hidden cells and of spans."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from maskwright.backend.arrays import (
    Array,
    arange,
    at_least_zero,
    largest,
    namespace,
    running_parity,
    to_dtype,
    true_count,
)
from maskwright.errors import MaskingError
from maskwright.geometry.select import exact
from maskwright.geometry.spans import place_of
from maskwright.grid import Grid
from maskwright.rng import Rng, below
from maskwright.strategy import check, flag, number

_PART = 16  # bits after the point of the mean length


@dataclass(frozen=True)
class T5Spans:
    """Hide `count` cells in round(count / length) spans, as T5 does.

    The hidden cells are cut into that many spans and the visible ones into as many stretches, every way of cutting as
    likely as any other; they then alternate, a visible stretch first. So the first cell is never hidden and the last
    always is: with 128 cells, 15 % and length 3 the last three are hidden in .53, .72 and 1 of 20,000 draws. `roll`
    turns the result by a random number of cells around the end, which makes every cell equally likely. A `length` as
    long as the text or longer hides the end of the text in one piece: a prefix language model.

    When it helps: sequence-to-sequence pre-training with the fill `sentinel`, where few spans make short targets. When
    not: anything that learns from single positions, unless rolled, because the start of a text is never predicted.

    Source: Raffel et al. 2020, T5 (arXiv:1910.10683), `random_spans_noise_mask` of its code: 15 %, length 3. There the
    number of hidden cells is rounded to the nearest and kept from 1 to L - 1; here the budget says it.

    Args:
        length: mean length of spans in cells.
        roll: turn the mask by a random shift over the valid cells; `random_roll` in T5's code.

    Raises:
        ConfigError: a length below 1, a `roll` that is not true or false.
        MaskingError: a grid of several axes.

    >>> import numpy as np
    >>> valid = np.ones((1, 12), dtype=bool)
    >>> T5Spans(length=2)(Grid(token=12), np.array([4]), valid=valid, rng=Rng.from_ids([3])).sum()
    np.int64(4)
    """

    length: float = number(3.0, 1, 1_000_000, "cells")
    roll: bool = flag(False)

    examples: ClassVar[tuple[Any, ...]] = ({"length": 3},)

    def __post_init__(self):
        check(self)
        object.__setattr__(self, "length", float(self.length))

    @property
    def biased(self) -> str:
        """Why some cells are hidden more often than others."""
        return "" if self.roll else "T5's law begins with a visible stretch and ends with a hidden one"

    @staticmethod
    def fits(grid: Grid) -> bool:
        """One axis only."""
        return grid.ndim == 1

    def __call__(self, grid: Grid, count: Array, *, valid: Array, rng: Rng, **signals: Array) -> Array:
        """Return a bool mask [B, L] with exactly min(count, valid cells) hidden per example."""
        del signals
        if not self.fits(grid):
            raise MaskingError(f"t5-spans: spans lie on one axis, given {grid}; use span.")
        if not grid.size or not valid.shape[0]:
            return valid & False
        xp = namespace(valid)
        total = true_count(valid)
        hidden = at_least_zero(xp.minimum(to_dtype(count, "int64"), total))
        spans = self._spans(hidden, total - hidden)
        rows, visible_end = _cut(total - hidden, spans, rng.child("visible"))
        _, hidden_end = _cut(hidden, spans, rng.child("hidden"))
        # Ranks among the valid cells where each span of each example begins and where it ends.
        before = xp.concat([hidden_end[:1] * 0, hidden_end[:-1]])
        first = xp.concat([rows[:1] == rows[:1], rows[1:] != rows[:-1]])
        start = visible_end + xp.where(first, 0, before)
        stop = visible_end + hidden_end
        shift = _shift(total, rng)[rows] if self.roll else 0
        mask = _between(rows, start + shift, stop + shift, valid, total)
        whole = xp.nonzero(hidden == total)[0]
        if whole.shape[0]:  # no visible stretch to begin with
            mask[whole] = valid[whole]
        return mask

    def _spans(self, hidden: Array, visible: Array) -> Array:
        """[B] how many spans: the nearest to hidden / length (halves to the even number), each part holding one."""
        xp = namespace(hidden)
        length = round(self.length * (1 << _PART))
        scaled = hidden << _PART
        low = scaled // length
        twice = 2 * (scaled - low * length)
        up = (twice > length) | ((twice == length) & (low % 2 == 1))
        most = xp.minimum(hidden, visible)
        return xp.minimum(xp.maximum(low + to_dtype(up, "int64"), xp.ones_like(low)), most)


def _cut(size: Array, parts: Array, rng: Rng) -> tuple[Array, Array]:
    """Cut 0 ... size - 1 into `parts` pieces of one or more, uniformly over all ways.

    Returns:
        The example and the end of each piece, flat over the batch, in order; nothing where `parts` is 0.
    """
    xp = namespace(size)
    most, last = largest(size), size - 1
    kind = "int16" if most < 1 << 15 else "int64"  # small numbers are compared in a quarter of the time
    inner = to_dtype(arange(most, size), kind)[None, :] < to_dtype(last, kind)[:, None]
    ends = exact(rng.bits(most), parts - 1, inner)
    some = xp.nonzero(parts > 0)[0]
    ends[some, last[some]] = True
    flat = xp.nonzero(ends.reshape(-1))[0]  # several times faster than over two axes
    rows = flat // max(1, ends.shape[1])
    return rows, flat - rows * ends.shape[1] + 1


def _shift(total: Array, rng: Rng) -> Array:
    """[B] int64, uniform over 0 ... total - 1."""
    return below(rng.child("roll").bits(1)[:, 0], total)


def _between(rows: Array, start: Array, stop: Array, valid: Array, total: Array) -> Array:
    """Hide the valid cells of ranks start ... stop - 1 of their example, going around its end; spans never touch."""
    xp = namespace(valid)
    width = valid.shape[1]
    n = total[rows]
    around = (start < n) & (stop > n)
    ranks = xp.concat([start - xp.where(start < n, 0, n), stop - 1 - xp.where(stop <= n, 0, n)])
    places = place_of(ranks, xp.concat([rows, rows]), valid, total)
    opens, closes = places[: rows.shape[0]], places[rows.shape[0] :]
    # A cell is hidden if an odd number of borders lies before it; columns more for spans that end with the row, up to
    # a multiple of eight, which are counted faster.
    more = 8 - width % 8
    borders = xp.zeros((valid.shape[0], width + more), dtype=xp.bool, device=valid.device)
    flat = borders.reshape(-1)
    added = rows * more
    flat[opens + added] = True
    flat[closes + added + 1] = True
    borders[rows[around], 0] = True
    return running_parity(borders)[:, :width] & valid
