"""What to put into hidden cells: one fill a file, found by file name.

A fill is called with values and a mask and returns new values: `fill(x, mask, valid=valid, rng=rng) -> x'`. `x` is
[B, ...], `mask` and `valid` bool arrays that broadcast against it. The arrays given are never written to. Two more
facts may come by keyword, and a fill that does not need them ignores them: `groups` [B, L], the unit of each cell,
and `vocabulary`, the facts about token ids. A fill that says `draws = True` puts into a cell what depends on that cell
and its draw alone, so that it may be given the hidden cells only; one that has `single(facts) -> number` puts that
number into all of them; one that says
`numeric = True` puts numbers into cells and is no fill for text. One that says `changes_shape = True`
returns another shape; where it makes texts shorter, `tokens(batch, hidden, attended, vocabulary)` returns the batch
with all its columns shortened alike. `facts = ("pool",)` names what else it takes by keyword from a masking's caller.
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


def by_places(fill: Fill) -> bool:
    """Whether a fill may be given the hidden cells alone."""
    return getattr(fill, "draws", False) or hasattr(fill, "single")


def replace_hidden(
    fill: Fill, x: Array, mask: Array, *, rng: Rng, flat: np.ndarray | None = None, **facts: Any
) -> Array:
    """`where(mask, fill, x)`; on NumPy, fills that look at no other cell are given the hidden cells only.

    Args:
        fill: what to put there.
        x: [B, ...] values.
        mask: bool, broadcastable against `x`.
        rng: of the examples.
        flat: where the caller knows them, the flat places that the mask hides.
        **facts: see above.
    """
    if is_torch(x) or mask.shape != x.shape or not by_places(fill):
        return fill(x, mask, rng=rng, **facts)
    single = getattr(fill, "single", None)
    small = flat is None and (single is not None or x.size < _SMALL)
    if small or facts.get("places") is not None:
        return fill(x, mask, rng=rng, **facts)
    flat = np.flatnonzero(mask) if flat is None else flat
    if single is not None:
        out = x.copy()
        out.reshape(-1)[flat] = single(facts)
        return out
    hidden = x.ravel().take(flat)[:, None]
    everything = np.ones(hidden.shape, dtype=bool)
    groups = facts.get("groups")
    if groups is not None:  # groups that are the same for all examples are the places, which the draws know already
        facts["groups"] = None if groups.shape[0] != x.shape[0] else groups.ravel().take(flat)[:, None]
    facts["valid"] = everything
    out = x.copy()
    out.reshape(-1)[flat] = fill(hidden, everything, rng=rng.at_cells(flat, x.shape[1:]), **facts)[:, 0]
    return out
