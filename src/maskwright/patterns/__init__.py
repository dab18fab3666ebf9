"""Where to hide: one pattern a file, found by file name.

A pattern is called with a grid and a count per example and returns a mask, True = hidden:
`pattern(grid, count, valid=valid, rng=rng) -> mask`, `count` [B], `valid` and `mask` [B, *grid.shape].
"""

from __future__ import annotations

from typing import Any, Protocol

from maskwright.arrays import Array
from maskwright.grid import Grid
from maskwright.rng import Rng


class Pattern(Protocol):
    """The shape of a pattern."""

    def __call__(self, grid: Grid, count: Array, *, valid: Array, rng: Rng, **signals: Array) -> Array:
        """Return a bool mask [B, *grid.shape] within `valid`, with `count` cells hidden per example."""
        ...


def names() -> tuple[str, ...]:
    """The names of all patterns."""
    from maskwright import strategy

    return strategy.names(__name__)


def from_node(node: Any) -> Pattern:
    """Build a pattern from its YAML node.

    >>> from_node({"span": {"length": 3}})
    Span(length=3.0, law='constant', max_length=None)
    """
    from maskwright import strategy

    return strategy.from_node(__name__, node)
