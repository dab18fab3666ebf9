"""The cells with the highest, or lowest, scores."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

import numpy as np

from maskwright.backend.arrays import (
    Array,
    any_order,
    arange,
    cumulative_max,
    gather,
    is_torch,
    like,
    namespace,
    scatter,
    to_dtype,
    true_count,
)
from maskwright.errors import ConfigError, MaskingError
from maskwright.geometry.select import exact, fixed_point, round_count, undecided
from maskwright.geometry.signals import check_signal
from maskwright.grid import Grid
from maskwright.rng import Rng
from maskwright.strategy import check, flag, number

_TABLE_BITS, _ONE = 14, 1 << 16  # entries of the Gumbel table; 1.0 in fixed point
_LARGEST = (1 << 31) - 1


@dataclass(frozen=True)
class ByScore:
    """Hide the cells that score highest: what a teacher attends to, what is hard to predict, what is rare.

    Only the order of the scores within an example counts, so any scale will do and every back end agrees; cells with
    equal scores are drawn for. Three ways to soften the choice, which can be combined:

    - `temperature` T: cells are drawn without replacement, those of rank share z (1 for the top, 0 for the bottom) with
      weights exp(z / T), by Gumbel noise. 0.05 is nearly the order itself, 1 nearly uniform.
    - `random_share`: this share of the count is drawn from all other cells alike.
    - `hint`: the cells are drawn from a top that is 1 / (1 - hint) times the count, so that this share of it stays
      visible.

    When it helps: hiding what matters most makes the task harder where random masks are too easy. When not: undiluted
    from the start; the published methods all mix with random cells, and unlearned random masks are hard to beat.

    Source: AttMask, Kakogeorgiou et al. 2022 (arXiv:2203.12719), with its hints; hard patches with a random rest, Wang
    et al. 2023, HPM (arXiv:2304.05919); drawing with Gumbel noise, Kool et al. 2019 (arXiv:1903.06059).

    Args:
        highest: whether high scores are hidden first, or low ones.
        temperature: 0 for the order itself, up to 1000.
        random_share: share of the count, 0 to 1.
        hint: share of the top, 0 to 0.9.

    Raises:
        MaskingError: scores of another shape, none that are real numbers, or NaN in a valid cell.

    >>> import numpy as np
    >>> valid, scores = np.ones((1, 4), dtype=bool), np.array([[0.1, 7.0, -2.0, 3.0]])
    >>> ByScore()(Grid(token=4), np.array([2]), valid=valid, rng=Rng.from_ids([0]), scores=scores).astype(int)
    array([[0, 1, 0, 1]])
    """

    signals: ClassVar[tuple[str, ...]] = ("scores",)
    biased: ClassVar[str] = "the scores say which cells are hidden more often: that is what it is for"

    highest: bool = flag(True)
    temperature: float = number(0.0, 0.0, 1000.0, "share of the ranks")
    random_share: float = number(0.0, 0.0, 1.0, "share of the count")
    hint: float = number(0.0, 0.0, 0.9, "share of the top")

    examples: ClassVar[tuple[Any, ...]] = ({"temperature": 0.2},)

    def __post_init__(self):
        check(self)
        if 0 < self.temperature < 0.001:
            raise ConfigError(f"ByScore.temperature: expected 0, or 0.001 to 1000, given {self.temperature}.")

    @property
    def draws(self) -> bool:
        """Whether more is random than which of several equal scores comes first."""
        return bool(self.temperature or self.random_share or self.hint)

    def __call__(self, grid: Grid, count: Array, *, valid: Array, rng: Rng, scores: Array) -> Array:
        """Return a bool mask [B, *grid.shape] with exactly min(count, valid cells) hidden per example."""
        check_signal("scores", scores, valid)
        xp = namespace(scores)
        if xp.isdtype(scores.dtype, "real floating") and bool(xp.any(xp.isnan(scores) & valid)):
            raise MaskingError("scores: NaN in a cell that may be hidden; scores order cells, and NaN has no place.")
        if 0 in valid.shape:
            return valid & False
        n = true_count(valid)
        count = xp.minimum(to_dtype(count, "int64"), n)
        at_random = round_count(count, fixed_point(self.random_share), rng.child("random share").draw())
        mask = self._top(count - at_random, valid, n, rng, scores)
        if self.random_share:
            mask = mask | exact(rng.child("rest").bits(*grid.shape), at_random, valid & ~mask)
        return mask

    def _top(self, count: Array, valid: Array, n: Array, rng: Rng, scores: Array) -> Array:
        """The `count` cells that come first, or with hints as many of a larger top."""
        if not self.hint:
            return self._first(count, valid, n, rng, scores)
        larger = round_count(count, fixed_point(1.0 / (1.0 - self.hint)), rng.child("hint").draw())
        top = self._first(larger, valid, n, rng, scores)
        return exact(rng.child("hints").bits(*valid.shape[1:]), count, top)

    def _first(self, count: Array, valid: Array, n: Array, rng: Rng, scores: Array) -> Array:
        """The `count` cells that come first."""
        # Asking which rows are undecided would make an accelerator wait.
        if self.temperature or (is_torch(scores) and scores.device.type != "cpu"):
            return exact(self._order(valid, n, rng, scores), count, valid)
        keys = _keys(scores, self.highest)
        mask = exact(keys, count, valid)
        rows = namespace(valid).nonzero(undecided(keys, mask, valid))[0]
        if rows.shape[0]:
            few = rng.take(rows)
            mask[rows] = exact(self._order(valid[rows], n[rows], few, scores[rows]), count[rows], valid[rows])
        return mask

    def _order(self, valid: Array, n: Array, rng: Rng, scores: Array) -> Array:
        """Integers of 0 or more; cells with lower ones are hidden first."""
        shape = tuple(valid.shape)
        rank = _ranks(scores.reshape((shape[0], -1)), valid.reshape((shape[0], -1))).reshape(shape)
        last = (n - 1).reshape((-1,) + (1,) * (len(shape) - 1))
        first = last - rank if self.highest else rank
        bits = rng.child("cells").bits(*shape[1:])
        if self.temperature:
            steps = last + (last == 0)
            share = (last - first) * _ONE // steps  # 1 for what is wanted most
            noise = like(_gumbel(), valid)[to_dtype(bits >> (31 - _TABLE_BITS), "int64")]
            wanted = (share * round(_ONE / self.temperature) // _ONE) + noise
            first = (1 << 31) - wanted
        return first * (1 << 24) + (rng.child("ties").bits(*shape[1:]) >> 7)


def _keys(scores: Array, highest: bool) -> Array:
    """[B, ...] int32 of 0 or more that never order two cells the other way round, but may be equal where scores differ.

    The bits of a float, the sign apart, rise with it as those of a whole number do; the last one is left out.
    """
    with np.errstate(over="ignore"):  # what float32 does not hold becomes infinite, and so equal
        rounded = to_dtype(scores, "float32") + 0.0  # no negative zero
    bits = rounded.view(sys.modules["torch"].int32 if is_torch(rounded) else np.int32)
    bits = bits ^ ((bits >> 31) & _LARGEST) ^ (-1 if highest else 0)
    return (bits >> 1) + (1 << 30)


def _ranks(scores: Array, valid: Array) -> Array:
    """[B, N] int64, how many valid cells of the example score lower; equal scores have equal ranks."""
    xp = namespace(scores)
    if xp.isdtype(scores.dtype, "real floating"):
        scores = xp.where(valid, scores, float("inf"))
    else:
        scores = to_dtype(scores, "int64")
        scores = xp.where(valid, scores, xp.iinfo(scores.dtype).max)
    order = any_order(scores)
    ordered = gather(scores, order)
    place = arange(scores.shape[1], scores)[None, :]
    new = ordered[:, 1:] != ordered[:, :-1]
    first = xp.concat([place[:, :1] * (order[:, :1] * 0 + 1), xp.where(new, place[:, 1:], 0)], axis=1)
    return scatter(order, cumulative_max(first))


@cache
def _gumbel() -> np.ndarray:
    """-log(-log u) at the middles of 2**14 equal steps of u, in steps of 2**-16."""
    size = 1 << _TABLE_BITS
    return np.array([round(-math.log(-math.log((i + 0.5) / size)) * _ONE) for i in range(size)], dtype=np.int64)
