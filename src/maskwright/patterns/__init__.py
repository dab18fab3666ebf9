"""Where to hide: one pattern a file, found by file name.

A pattern is called with a grid and a count per example and returns a mask, True = hidden:
`pattern(grid, count, valid=valid, rng=rng) -> mask`, `count` [B], `valid` and `mask` [B, *grid.shape].

By default a pattern hides exactly min(count, valid cells) per example, every cell as often as any other, and works on
every grid. One that does not says so, and the contract suite then holds it to what it says:

- `sets_own_count = True`: the places set their own count; `count` is an upper bound (Masking takes no budget then).
- `approximate = "why"`: the count is met on average and not in every example.
- `units(grid, cells) -> [B, ...] bool`: the pattern hides more than a cell at a time (tubes, stripes, coarse cells),
  and this says which of its units have any of the given cells. Budgets, and `count`, then count those units.
- `biased = "why"`: some cells are hidden more often than others; the reason, in a sentence.
- `draws = False`: nothing is random; the mask follows from grid, count and signals alone.
- `fits(grid) -> bool`: whether the pattern makes sense on a grid; called on another it raises MaskingError.
- `signals = ("scores",)`: names of arrays it needs by keyword, [B, *grid.shape] each.
- `moments(grid, count) -> (m, S)`: where they are known in closed form, the mean of the visible multiplier M = ~mask
  per cell, [cells], and its second moments E[M_j M_l], [cells, cells], over a full grid.
- `compact(grid, count, *, valid, rng) -> Lines | Boxes`: the same mask in a form that is applied without a dense one
  (see `maskwright.compact.shapes`). It is asked for where no budget is set: `count` is then 0 for examples that are
  left whole and no bound for the others, and `valid` may be None, which means all cells.

What a grid measures is the extent of the valid cells and not its padded size, so that padding changes no mask.
"""

from __future__ import annotations

from typing import Any, Protocol

from maskwright.backend.arrays import Array
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


def fits(pattern: Pattern, grid: Grid) -> bool:
    """Whether a pattern makes sense on a grid.

    >>> fits(from_node("iid"), Grid(row=2, col=3))
    True
    """
    return getattr(pattern, "fits", lambda _: True)(grid)


def from_node(node: Any) -> Pattern:
    """Build a pattern from its YAML node.

    >>> from_node({"span": {"length": 3}}).length
    3.0
    """
    from maskwright import strategy

    return strategy.from_node(__name__, node)
