"""Several patterns, one of them for each example."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from maskwright.backend.arrays import Array, is_torch, namespace, true_count
from maskwright.errors import ConfigError, MaskingError
from maskwright.geometry.select import bounded, same_share
from maskwright.grid import Grid
from maskwright.patterns import traits
from maskwright.rng import Rng
from maskwright.strategy import check, weighted


@dataclass(frozen=True)
class Mix:
    """Hide by one of several patterns, chosen for each example and epoch by weight.

    The budget is drawn before the pattern and is the same share for all of them. A part that hides more than a cell at
    a time (tubes, say) gets that share of its bundles, rounded at random so that the mean is exact; the number of
    hidden cells is then met on average. Parts that set their own count (see `budgeted`) all do, or none does.

    When it helps: one model is to stand several kinds of gaps. When not: one kind of gap is known to come.

    Source: chosen uniformly as in Müller and Hutter 2021, TrivialAugment (arXiv:2103.10158); mixes of denoisers as in
    Tay et al. 2022, UL2 (arXiv:2205.05131).

    Args:
        parts: (pattern, weight) pairs, or `{pattern: weight}`; the weights are positive and need not sum to 1. In YAML
            `{mix: {iid: 1, span: 1}}` or, for patterns with parameters, `{mix: [[{span: {length: 3}}, 0.5], [iid,
            0.5]]}`.

    Raises:
        ConfigError: weights that are not positive numbers, or some parts that set their own count and some that do not.

    >>> import numpy as np
    >>> mix = Mix({"iid": 1, "span": 3})
    >>> mix(Grid(token=9), np.array([4]), valid=np.ones((1, 9), dtype=bool), rng=Rng.from_ids([0])).sum()
    np.int64(4)
    """

    parts: Any = weighted("maskwright.patterns")

    draws: ClassVar[bool] = True
    bundles: ClassVar[None] = None
    examples: ClassVar[tuple[Any, ...]] = ([["iid", 1], [{"span": 6}, 1], ["block", 1]],)

    def __post_init__(self):
        check(self)
        own = [traits(pattern).sets_own_count for pattern in self.inner]
        if any(own) and not all(own):
            names = [type(pattern).__name__.lower() for pattern, sets in zip(self.inner, own, strict=True) if not sets]
            raise ConfigError(
                f"mix: some parts set their own count and others take the budget's ({', '.join(names)}); give those a "
                "budget of their own, as in {budgeted: [iid, 0.15]}."
            )

    @property
    def inner(self) -> tuple[Any, ...]:
        """The patterns it is made of."""
        return tuple(pattern for pattern, _ in self.parts)

    @property
    def sets_own_count(self) -> bool:
        """Whether the parts do, which all or none do."""
        return traits(self.inner[0]).sets_own_count

    @property
    def approximate(self) -> str:
        """Why the count is met on average only, or nothing."""
        parts = [traits(pattern) for pattern in self.inner]
        if not self.sets_own_count and any(part.bundles is not None for part in parts):
            return "a part hides more than a cell at a time, and gets its share of such bundles"
        return next((part.approximate for part in parts if part.approximate), "")

    def __call__(self, grid: Grid, count: Array, *, valid: Array, rng: Rng, **signals: Array) -> Array:
        """Return a bool mask [B, *grid.shape]; `count` is a number of cells."""
        if not traits(self).fits(grid):
            raise MaskingError(f"mix: one of its patterns makes no sense on {grid}.")
        count = count if self.sets_own_count else namespace(count).minimum(count, true_count(valid))
        draw = rng.child("mix").draw()
        mask, low = valid & False, 0
        for pattern, high in zip(self.inner, self._ends, strict=True):
            chosen = (draw >= low) & (draw < high)  # [B]
            low = high
            # On an accelerator picking rows would make it wait: there every part hides the whole batch.
            if is_torch(valid) and valid.device.type != "cpu":
                everywhere = self._hide(pattern, grid, count, valid, rng, signals)
                mask |= everywhere & chosen.reshape((-1,) + (1,) * grid.ndim)
                continue
            of_rows = {name: values[chosen] for name, values in signals.items()}
            mask[chosen] = self._hide(pattern, grid, count[chosen], valid[chosen], rng.take(chosen), of_rows)
        return mask

    @property
    def moments(self) -> Any:
        """`moments(grid, count)` of a full grid, where those of all parts are known and all hide single cells."""
        of_parts = [traits(pattern).moments for pattern in self.inner]
        if self.sets_own_count or self.approximate or None in of_parts:
            return None

        def moments(grid: Grid, count: int) -> tuple[Array, Array]:
            share = np.diff([0, *self._ends]) / (1 << 24)
            pairs = [of_part(grid, count) for of_part in of_parts if of_part is not None]
            m, second = (sum(a * pair[i] for a, pair in zip(share, pairs, strict=True)) for i in (0, 1))
            return m, second

        return moments

    @property
    def _ends(self) -> list[int]:
        """Where each part's stretch of the 24-bit draw ends."""
        weights = [weight for _, weight in self.parts]
        total = math.fsum(weights)
        ends = [round(math.fsum(weights[: number + 1]) / total * (1 << 24)) for number in range(len(weights))]
        return [*ends[:-1], 1 << 24]

    def _hide(
        self, pattern: Any, grid: Grid, count: Array, valid: Array, rng: Rng, signals: Mapping[str, Array]
    ) -> Array:
        """[B, *grid.shape] bool, what one of the patterns hides of these examples."""
        own = traits(pattern)
        share = own.bundles is not None and not self.sets_own_count
        if share:
            draw = rng.child("share of units").draw()
            asked = same_share(count, true_count(valid), own.countable(grid, valid), draw)
        else:
            asked = count
        wanted = {name: signals[name] for name in own.signals}
        # Draws of their own for the parts, among which may be another mix.
        mask = pattern(grid, asked, valid=valid, rng=rng.child("part"), **wanted)
        return bounded(mask, count, rng) if own.bundles is not None and self.sets_own_count else mask
