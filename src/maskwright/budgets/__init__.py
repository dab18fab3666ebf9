"""How many units to hide: one budget a file, found by file name.

A budget turns the number of valid units of each example into a whole count:
`budget(n_valid, rng=rng, progress=progress) -> count`, both [B] int64, `progress` in [0, 1].
"""

from __future__ import annotations

from typing import Any, Protocol

from maskwright.backend.arrays import Array
from maskwright.rng import Rng


class Budget(Protocol):
    """The shape of a budget."""

    def __call__(self, n_valid: Array, *, rng: Rng, progress: float) -> Array:
        """Return [B] int64 counts, at most `n_valid`."""
        ...


def names() -> tuple[str, ...]:
    """The names of all budgets."""
    from maskwright import strategy

    return strategy.names(__name__)


def from_node(node: Any) -> Budget:
    """Build a budget from its YAML node; a plain number is a `ratio`.

    >>> from_node(0.3)
    Ratio(ratio=0.3, minimum=0)
    """
    from maskwright import strategy

    if isinstance(node, int | float) and not isinstance(node, bool):
        node = {"ratio": node}
    return strategy.from_node(__name__, node)
