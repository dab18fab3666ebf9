"""Where to hide: one pattern a file, found by file name.

A pattern is called with a grid and a count per example and returns a mask, True = hidden:
`pattern(grid, count, valid=valid, rng=rng) -> mask`, `count` [B], `valid` and `mask` [B, *grid.shape].

By default a pattern hides exactly min(count, valid cells) per example, every cell as often as any other, and works on
every grid. One that does not declares it by a class attribute, a property or a method, and the contract suite then
holds it to what it declares; `PatternTraits` lists what there is to declare.

What a grid measures is the extent of the valid cells and not its padded size, so that padding changes no mask.

A class attribute `examples` holds parameters as in YAML with which documents show the pattern; the first that fits a
grid is drawn there.

The patterns are attributes of this package, by class name: `maskwright.patterns.Span`, `maskwright.patterns.Mix`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from maskwright import grid as lattice
from maskwright import strategy
from maskwright.backend.arrays import Array, true_count
from maskwright.rng import Rng
from maskwright.strategy.traits import collect, first, only, trait, union


class Pattern(Protocol):
    """The shape of a pattern."""

    def __call__(self, grid: lattice.Grid, count: Array, *, valid: Array, rng: Rng, **signals: Array) -> Array:
        """Return a bool mask [B, *grid.shape] within `valid`, with `count` cells hidden per example."""
        ...


def everywhere(grid: lattice.Grid) -> bool:
    """True: the pattern makes sense on every grid."""
    del grid
    return True


def _all_fit(each: tuple[Callable[[lattice.Grid], bool], ...], grid: lattice.Grid) -> bool:
    return all(fit(grid) for fit in each)


def _fit_of_parts(each: list[Callable[[lattice.Grid], bool]]) -> Callable[[lattice.Grid], bool]:
    return partial(_all_fit, tuple(each))


@dataclass(frozen=True)
class PatternTraits:
    """What a pattern declares about itself; `traits(pattern)` collects it.

    Attributes:
        inner: the patterns it is made of. What it does not declare itself then follows from theirs.
        sets_own_count: the places set their own count; `count` is an upper bound (Masking takes no budget then).
        approximate: why the count is met on average and not in every example, in a sentence.
        biased: why some cells are hidden more often than others, in a sentence.
        draws: something is random; where False, the mask follows from grid, count and signals alone.
        regional: it hides inside a part of the input only, in which there may be nothing to hide.
        independent: one cell says nothing about another. Where the budget is a probability per unit, each valid cell
            then draws for itself, and the pattern is not called.
        signals: names of arrays it needs by keyword, [B, *grid.shape] each.
        fits: `fits(grid) -> bool`, whether it makes sense on a grid; called on another it raises MaskingError.
        bundles: `bundles(grid, cells) -> [B, ...] bool`, of a pattern that hides more than a cell at a time (tubes,
            stripes, coarse cells): which of these bundles have any of the given cells. Budgets, and `count`, then count
            bundles.
        compact: `compact(grid, count, *, valid, rng) -> Lines | Boxes`, the same mask in a form that is applied without
            a dense one (see `maskwright.compact.shapes`). It is asked for where no budget is set: `count` is then 0 for
            examples that are left whole and no bound for the others, and `valid` may be None, which means all cells.
        moments: `moments(grid, count) -> (m, S)`, where they are known in closed form, the mean of the visible
            multiplier M = ~mask per cell, [cells], and its second moments E[M_j M_l], [cells, cells], over a full grid.
    """

    inner: tuple[Any, ...] = trait((), tuple)
    sets_own_count: bool = trait(False, bool, parts=any)
    approximate: str = trait("", str, parts=first)
    biased: str = trait("", str, parts=first)
    draws: bool = trait(True, bool, parts=any)
    regional: bool = trait(False, bool, parts=any)
    independent: bool = trait(False, bool)
    signals: tuple[str, ...] = trait((), tuple, parts=union)
    fits: Callable[[lattice.Grid], bool] = trait(everywhere, parts=_fit_of_parts)
    bundles: Callable[[lattice.Grid, Array], Array] | None = trait(None, parts=only, formerly="units")
    compact: Callable[..., Any] | None = trait(None)
    moments: Callable[[lattice.Grid, int], tuple[Array, Array]] | None = trait(None)

    def countable(self, grid: lattice.Grid, cells: Array) -> Array:
        """[B] int64, how many of the things that the pattern counts (cells or bundles) have any of the given cells."""
        return true_count(cells if self.bundles is None else self.bundles(grid, cells))


def traits(pattern: Pattern) -> PatternTraits:
    """What a pattern declares about itself, checked.

    Raises:
        ConfigError: a trait of another type, or a name that is nearly that of a trait.

    >>> traits(from_node({"tied": {"pattern": "by-score", "axis": "frame"}})).signals
    ('scores',)
    """
    return collect(PatternTraits, pattern)


def names() -> tuple[str, ...]:
    """The names of all patterns."""
    return strategy.names(__name__)


def fits(pattern: Pattern, grid: lattice.Grid) -> bool:
    """Whether a pattern makes sense on a grid.

    >>> fits(from_node("iid"), lattice.Grid(row=2, col=3))
    True
    """
    return traits(pattern).fits(grid)


def from_node(node: Any) -> Pattern:
    """Build a pattern from its YAML node.

    >>> from_node({"span": {"length": 3}}).length
    3.0
    """
    return strategy.from_node(__name__, node)


def __getattr__(name: str) -> Any:
    return strategy.member(__name__, name)


def __dir__() -> list[str]:
    return sorted([*globals(), *map(strategy.class_name, names())])
