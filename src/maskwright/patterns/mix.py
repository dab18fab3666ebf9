"""Several patterns, one of them for each example."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from maskwright.backend.arrays import Array, is_torch, namespace, true_count
from maskwright.errors import ConfigError, MaskingError
from maskwright.geometry.select import bounded, same_share
from maskwright.grid import Grid
from maskwright.rng import Rng
from maskwright.strategy import fits_inner, from_node, of_inner, signals_of_inner, to_node


@dataclass(frozen=True)
class Mix:
    """Hide by one of several patterns, chosen for each example and epoch by weight.

    The budget is drawn before the pattern and is the same share for all of them. A part that hides more than a cell at
    a time (tubes, say) gets that share of its units, rounded at random so that the mean is exact; the number of hidden
    cells is then met on average. Parts that set their own count (see `budgeted`) all do, or none does.

    When it helps: one model is to stand several kinds of gaps. When not: one kind of gap is known to come.

    Source: chosen uniformly as in Müller and Hutter 2021, TrivialAugment (arXiv:2103.10158); mixes of denoisers as in
    Tay et al. 2022, UL2 (arXiv:2205.05131).

    Args:
        parts: (pattern, weight) pairs; the weights are positive and need not sum to 1. In YAML `{mix: {iid: 1,
            span: 1}}` or, for patterns with parameters, `{mix: [[{span: {length: 3}}, 0.5], [iid, 0.5]]}`.

    Raises:
        ConfigError: weights that are not positive numbers, or some parts that set their own count and some that do not.

    >>> import numpy as np
    >>> mix = Mix.from_parameters({"iid": 1, "span": 3})
    >>> mix(Grid(token=9), np.array([4]), valid=np.ones((1, 9), dtype=bool), rng=Rng.from_ids([0])).sum()
    np.int64(4)
    """

    parts: tuple[tuple[Any, float], ...]

    sets_own_count = of_inner("sets_own_count", False)
    biased = of_inner("biased", "")
    draws = True
    signals = signals_of_inner
    fits = fits_inner

    def __post_init__(self):
        if not isinstance(self.parts, list | tuple) or not self.parts:
            raise ConfigError(f"mix: expected one (pattern, weight) pair or more, given {self.parts!r}.")
        for pair in self.parts:
            if not isinstance(pair, list | tuple) or len(pair) != 2 or not _is_weight(pair[1]):
                raise ConfigError(f"mix: expected a pattern and a weight above 0, given {pair!r}.")
        read = [(p if callable(p) else from_node("maskwright.patterns", p), weight) for p, weight in self.parts]
        object.__setattr__(self, "parts", tuple(read))
        own = [bool(getattr(pattern, "sets_own_count", False)) for pattern in self.inner]
        if any(own) and not all(own):
            names = [type(pattern).__name__.lower() for pattern, sets in zip(self.inner, own, strict=True) if not sets]
            raise ConfigError(
                f"mix: some parts set their own count and others take the budget's ({', '.join(names)}); give those a "
                "budget of their own, as in {budgeted: [iid, 0.15]}."
            )

    @classmethod
    def from_parameters(cls, parameters: Any) -> Mix:
        """Build from `{pattern: weight}`, or from a list of [pattern node, weight]."""
        if isinstance(parameters, Mapping):
            parameters = list(parameters.items())
        return cls(parameters)

    def to_parameters(self) -> list[list[Any]]:
        """The YAML form."""
        return [[to_node(pattern), weight] for pattern, weight in self.parts]

    @property
    def inner(self) -> tuple[Any, ...]:
        """The patterns it is made of."""
        return tuple(pattern for pattern, _ in self.parts)

    @property
    def approximate(self) -> str:
        """Why the count is met on average only, or nothing."""
        if not self.sets_own_count and any(hasattr(pattern, "units") for pattern in self.inner):
            return "a part hides more than a cell at a time, and gets its share of such units"
        return next((why for why in (getattr(pattern, "approximate", "") for pattern in self.inner) if why), "")

    def __call__(self, grid: Grid, count: Array, *, valid: Array, rng: Rng, **signals: Array) -> Array:
        """Return a bool mask [B, *grid.shape]; `count` is a number of cells."""
        if not self.fits(grid):
            raise MaskingError(f"mix: one of its patterns makes no sense on {grid}.")
        count = count if self.sets_own_count else namespace(count).minimum(count, true_count(valid))
        draw = rng.child("mix").draw()
        mask, low = valid & False, 0
        for pattern, high in zip(self.inner, self._thresholds, strict=True):
            chosen = (draw >= low) & (draw < high)
            mask = self._put(mask, chosen, pattern, (grid, count, valid, rng, signals))
            low = high
        return mask

    @property
    def moments(self) -> Any:
        """`moments(grid, count)` of a full grid, where those of all parts are known and all hide single cells."""
        known = [pattern.moments for pattern in self.inner]
        if self.sets_own_count or self.approximate:
            raise AttributeError("moments")

        def moments(grid: Grid, count: int) -> tuple[Array, Array]:
            share = np.diff([0, *self._thresholds]) / (1 << 24)
            pairs = [of_part(grid, count) for of_part in known]
            m, second = (sum(a * pair[i] for a, pair in zip(share, pairs, strict=True)) for i in (0, 1))
            return m, second

        return moments

    @property
    def _thresholds(self) -> list[int]:
        """Where each part's stretch of the 24-bit draw ends."""
        weights = [weight for _, weight in self.parts]
        total = math.fsum(weights)
        ends = [round(math.fsum(weights[: number + 1]) / total * (1 << 24)) for number in range(len(weights))]
        return [*ends[:-1], 1 << 24]

    def _put(self, mask: Array, chosen: Array, pattern: Any, given: tuple) -> Array:
        """The mask with the chosen examples hidden by one pattern."""
        grid, count, valid, rng, signals = given
        # On an accelerator picking rows would make it wait: there every part hides the whole batch.
        if is_torch(chosen) and chosen.device.type != "cpu":
            made = self._hide(pattern, given)
            return mask | (made & chosen.reshape((-1,) + (1,) * (mask.ndim - 1)))
        rows = {name: values[chosen] for name, values in signals.items()}
        few = (grid, count[chosen], valid[chosen], Rng(rng.keys[chosen], rng.purpose), rows)
        mask[chosen] = self._hide(pattern, few)
        return mask

    def _hide(self, pattern: Any, given: tuple) -> Array:
        grid, count, valid, rng, signals = given
        own, asked = getattr(pattern, "units", None), count
        if own is not None and not self.sets_own_count:
            draw = rng.child("share of units").draw()
            asked = same_share(count, true_count(valid), true_count(own(grid, valid)), draw)
        wanted = {name: signals[name] for name in getattr(pattern, "signals", ())}
        # Draws of their own for the parts, among which may be another mix.
        mask = pattern(grid, asked, valid=valid, rng=rng.child("part"), **wanted)
        if own is not None and self.sets_own_count:
            mask = bounded(mask, count, rng)
        return mask


def _is_weight(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < math.inf
