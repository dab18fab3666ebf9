"""What to put into hidden cells: one fill a file, found by file name.

A fill is called with values and a mask and returns new values: `fill(x, mask, valid=valid, rng=rng) -> x'`. `x` is
[B, ...], `mask` and `valid` bool arrays that broadcast against it. The arrays given are never written to. Two more
facts may come by keyword, and a fill that does not need them ignores them: `groups` [B, L], the unit of each cell,
and `vocabulary`, the facts about token ids. A fill that says `draws = True` draws for each cell and looks at no
other, so that it may be given the hidden cells alone; one that says
`numeric = True` puts numbers into cells and is no fill for text.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from maskwright.arrays import Array, is_torch
from maskwright.errors import ConfigError
from maskwright.rng import Rng


class Fill(Protocol):
    """The shape of a fill."""

    def __call__(self, x: Array, mask: Array, *, valid: Array, rng: Rng, **facts: Any) -> Array:
        """Return `x` with the hidden cells replaced; same shape and dtype (except `drop`)."""
        ...


_SMALL = 8192
"""Cells below which gathering the hidden ones costs more than it saves."""


def names() -> tuple[str, ...]:
    """The names of all fills."""
    from maskwright import strategy

    return strategy.names(__name__)


def from_node(node: Any) -> Fill:
    """Build a fill from its YAML node; a plain number is a `constant`.

    >>> from_node("mask-token"), from_node(0)
    (MaskToken(), Constant(value=0))
    """
    from maskwright import strategy

    if isinstance(node, int | float) and not isinstance(node, bool):
        node = {"constant": node}
    return strategy.from_node(__name__, node)


def check_for_tokens(fill: Fill) -> None:
    """Refuse fills that put numbers into cells, for text: the number 0 is the name of some token, not nothing.

    Raises:
        ConfigError: `zero`, `constant` or `mean`, alone or in a mix.
    """
    if getattr(fill, "numeric", False):
        name = type(fill).__name__.lower()
        raise ConfigError(
            f"fill: {name} puts numbers into cells, and the numbers of a text are names of tokens. "
            "Use mask-token, random-token, keep, drop, or a mix of the first three."
        )


def replace_hidden(fill: Fill, x: Array, mask: Array, *, rng: Rng, **facts: Any) -> Array:
    """`where(mask, fill, x)`; on NumPy, fills that draw for each cell are given the hidden cells only."""
    whole = x.shape[0] * x.shape[-1] < _SMALL or facts.get("places") is not None
    if whole or is_torch(x) or not getattr(fill, "draws", False) or mask.shape != x.shape:
        return fill(x, mask, rng=rng, **facts)
    flat = np.flatnonzero(mask)
    hidden = x.ravel().take(flat)[:, None]
    everything = np.ones(hidden.shape, dtype=bool)
    groups = facts.get("groups")
    if groups is not None:
        places = flat % groups.shape[1] if groups.shape[0] == 1 else flat
        facts["groups"] = groups.ravel().take(places)[:, None]
    facts["valid"] = everything
    out = x.copy()
    out.ravel()[flat] = fill(hidden, everything, rng=rng.at_cells(flat, x.shape[1:]), **facts)[:, 0]
    return out
