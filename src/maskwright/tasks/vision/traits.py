"""What tasks on pictures ask of a masking: whether it hides inside the model, adds a channel, needs other pictures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from maskwright import budgets, fills, patterns
from maskwright.budgets.count import Count
from maskwright.patterns.tied import Tied

if TYPE_CHECKING:
    from maskwright.backend.arrays import Array
    from maskwright.budgets import Budget
    from maskwright.grid import Grid
    from maskwright.masking import Masking
    from maskwright.rng import Rng

__all__ = [
    "DROP",
    "REPLACE",
    "adds_channel",
    "as_whole_frames",
    "asked_facts",
    "asked_signals",
    "evened",
    "fills_pictures",
    "hides_patches",
    "way_inside",
]

DROP, REPLACE = "drop", "mask-token"
"""Ways to hide patches inside a model."""


def way_inside(fill: Any) -> str | None:
    """How a fill hides patches inside the model; None for one that changes pixels, and for no fill."""
    return None if fill is None else fills.traits(fill).in_model or None


def hides_patches(masking: Masking | None) -> bool:
    """Whether a masking hides patches inside the model, and not pixels."""
    return masking is not None and way_inside(masking.fill) is not None


def adds_channel(fill: Any) -> bool:
    """Whether pictures get a channel more, which says where something is hidden."""
    return fill is not None and fills.traits(fill).adds_channel


def fills_pictures(fill: Any) -> bool:
    """Whether pictures can be filled with it, on their pixels or inside the model."""
    declared = fills.traits(fill)
    return declared.numeric or bool(declared.in_model) or (declared.keeps and not declared.for_tokens)


def asked_facts(masking: Masking | None) -> tuple[str, ...]:
    """What the fill asks for of other pictures: `pool`, `statistics`."""
    return () if masking is None else fills.traits(masking.fill).facts


def asked_signals(masking: Masking) -> tuple[str, ...]:
    """What the pattern asks for of the examples, by name."""
    return patterns.traits(masking.pattern).signals


def as_whole_frames(masking: Masking) -> Masking:
    """The masking with a pattern that sees a whole frame as one cell of the axis `frame`."""
    return replace(masking, pattern=Tied(masking.pattern, axis=("row", "col")))


def evened(masking: Masking, grid: Grid, progress: float) -> Masking:
    """The masking with a share made a whole number of units, the same for every example; others as they are.

    A pattern that hides tubes or the like counts these, and not the cells of the grid.
    """
    declared = budgets.traits(masking.budget)
    if masking.budget is None or declared.rounded is None:
        return masking
    everything = np.ones((1, *grid.shape), dtype=bool)
    units = int(patterns.traits(masking.pattern).countable(grid, everything)[0])
    even = Count(declared.rounded(units, progress))
    return replace(masking, budget=even if declared.weights is None else _Evened(masking.budget, even))


@dataclass(frozen=True)
class _Evened:
    """A number of units in place of what a budget asks for; the weights of its law stay."""

    budget: Budget
    even: Count

    def __call__(self, n_valid: Array, *, rng: Rng, progress: float) -> Array:
        return self.even(n_valid, rng=rng, progress=progress)

    @property
    def weights(self) -> Callable[..., Array] | None:
        """A trait of budgets."""
        return budgets.traits(self.budget).weights
