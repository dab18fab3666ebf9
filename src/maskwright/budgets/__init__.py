"""How many units to hide: one budget a file, found by file name.

A budget turns the number of valid units of each example into a whole count:
`budget(n_valid, rng=rng, progress=progress) -> count`, both [B] int64, `progress` in [0, 1]. What else there is to know
of one it declares; `BudgetTraits` lists what there is to declare.

The budgets are attributes of this package, by class name: `maskwright.budgets.Ratio`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from maskwright import strategy
from maskwright.backend.arrays import Array
from maskwright.rng import Rng
from maskwright.strategy.traits import collect, trait


class Budget(Protocol):
    """The shape of a budget."""

    def __call__(self, n_valid: Array, *, rng: Rng, progress: float) -> Array:
        """Return [B] int64 counts, at most `n_valid`."""
        ...


@dataclass(frozen=True)
class BudgetTraits:
    """What a budget declares about itself; `traits(budget)` collects it.

    Attributes:
        inner: the budgets it is made of.
        steps: the budget is a probability per unit, this many steps of 2**-24, and the count what comes of it. Patterns
            whose cells are independent then draw each cell by itself.
        share: the share of the units that it asks for, where that is the same for all examples and all of training.
        whole_number: the number of units that it asks for, where it is a number and not a share.
        moves: what it asks for moves with the progress of training.
        rounded: `rounded(n, progress) -> int`, the one count that is nearest to what it asks for of `n` units, for
            models that need equal counts in a batch; None where examples are meant to differ.
        probabilities: `probabilities(*, rng, progress) -> [B]`, float64, the chance with which each unit of an example
            is hidden, of budgets that fix or draw one per example.
        weights: `weights(*, rng, progress) -> [B]`, float64, the weight that the law of the budget gives to the loss of
            an example.
    """

    inner: tuple[Any, ...] = trait((), tuple)
    steps: int | None = trait(None, int)
    share: float | None = trait(None, float)
    whole_number: int | None = trait(None, int)
    moves: bool = trait(False, bool, parts=any)
    rounded: Callable[[int, float], int] | None = trait(None)
    probabilities: Callable[..., Array] | None = trait(None)
    weights: Callable[..., Array] | None = trait(None)


def traits(budget: Budget | None) -> BudgetTraits:
    """What a budget declares about itself, checked; of no budget, what one declares that declares nothing.

    Raises:
        ConfigError: a trait of another type, or a name that is nearly that of a trait.

    >>> traits(from_node(0.25)).share, traits(from_node({"schedule": [0.3, 0.1]})).moves
    (0.25, True)
    """
    return collect(BudgetTraits, budget)


def names() -> tuple[str, ...]:
    """The names of all budgets."""
    return strategy.names(__name__)


def from_node(node: Any) -> Budget:
    """Build a budget from its YAML node; a plain number is a `ratio`.

    >>> from_node(0.3)
    Ratio(ratio=0.3, minimum=0)
    """
    return strategy.from_node(__name__, node)


def __getattr__(name: str) -> Any:
    return strategy.member(__name__, name)


def __dir__() -> list[str]:
    return sorted([*globals(), *map(strategy.class_name, names())])
