"""What to put into hidden cells: one fill a file, found by file name.

A fill is called with values and a mask and returns new values: `fill(x, mask, valid=valid, rng=rng) -> x'`. `x` is
[B, ...], `mask` and `valid` bool arrays that broadcast against it. The arrays given are never written to. Two more facts
may come by keyword, and a fill that does not need them ignores them: `groups` [B, L], the unit of each cell, and
`vocabulary`, the facts about token ids.
"""

from __future__ import annotations

from typing import Any, Protocol

from maskwright.arrays import Array
from maskwright.rng import Rng


class Fill(Protocol):
    """The shape of a fill."""

    def __call__(self, x: Array, mask: Array, *, valid: Array, rng: Rng, **facts: Any) -> Array:
        """Return `x` with the hidden cells replaced; same shape and dtype (except `drop`)."""
        ...


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
