"""What tasks on pictures ask of a masking and its strategies; each question has one home."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from maskwright.budgets.count import Count
from maskwright.budgets.ratio import Ratio
from maskwright.budgets.schedule import Schedule
from maskwright.fills.drop import Drop
from maskwright.fills.indicator import Indicator
from maskwright.fills.keep import Keep
from maskwright.fills.mask_token import MaskToken
from maskwright.patterns.tied import Tied

if TYPE_CHECKING:
    from maskwright.grid import Grid
    from maskwright.masking import Masking

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
    "numeric",
    "sets_own_count",
    "way_inside",
]

DROP, REPLACE = "drop", "mask-token"
"""Ways to hide patches inside a model, as `maskwright.vision.patch_tokens` names them."""


def way_inside(fill: Any) -> str | None:
    """How a fill hides patches inside the model; None for one that changes pixels, and for no fill."""
    if isinstance(fill, Drop):
        return DROP
    return REPLACE if isinstance(fill, MaskToken) else None


def hides_patches(masking: Masking | None) -> bool:
    """Whether a masking hides patches inside the model, and not pixels."""
    return masking is not None and way_inside(masking.fill) is not None


def adds_channel(fill: Any) -> bool:
    """Whether pictures get a channel more, which says where something is hidden."""
    return isinstance(fill, Indicator)


def numeric(fill: Any) -> bool:
    """Whether a fill computes with numbers, so that it is none for names of tokens."""
    return getattr(fill, "numeric", False)


def fills_pictures(fill: Any) -> bool:
    """Whether pictures can be filled with it, on their pixels or inside the model."""
    return numeric(fill) or way_inside(fill) is not None or isinstance(fill, Keep)


def sets_own_count(pattern: Any) -> bool:
    """Whether a pattern decides by itself how much it hides."""
    return getattr(pattern, "sets_own_count", False)


def asked_facts(masking: Masking | None) -> tuple[str, ...]:
    """What the fill asks for of other pictures: `pool`, `statistics`."""
    return () if masking is None else tuple(getattr(masking.fill, "facts", ()))


def asked_signals(masking: Masking) -> tuple[str, ...]:
    """What the pattern asks for of the examples, an array over their units each: `regions`, `scores`."""
    return tuple(getattr(masking.pattern, "signals", ()))


def as_whole_frames(masking: Masking) -> Masking:
    """The masking with a pattern that sees a whole frame as one cell of the axis `frame`."""
    return replace(masking, pattern=Tied(masking.pattern, axis=("row", "col")))


def evened(masking: Masking, grid: Grid, progress: float) -> Masking:
    """The masking with a share made a whole number of units, the same for every example; others as they are.

    A pattern that hides tubes or the like counts these, and not the cells of the grid.
    """
    budget = masking.budget
    if not isinstance(budget, Ratio | Schedule):
        return masking
    whole = getattr(masking.pattern, "units", None)
    units = grid.size if whole is None else int(whole(grid, np.ones((1, *grid.shape), dtype=bool)).sum())
    ratio, least = (budget.ratio, budget.minimum) if isinstance(budget, Ratio) else (budget.ratio(progress), 0)
    return replace(masking, budget=Count(max(int(ratio * units + 0.5), least)))
