"""From units to a mask over them: how many of each example, and which.

`Drawing.count` asks the budget, `Drawing.mask` the pattern. Every draw is keyed by the example and by what it is for:
`clean share`, `budget`, `pattern` and, later, `fill` are purposes of their own, so that another budget leaves the
scores of the pattern as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from maskwright import budgets, patterns
from maskwright.backend.arrays import Array, beside, is_torch, namespace, numpy_view
from maskwright.budgets import Budget
from maskwright.errors import MaskingError
from maskwright.fills import Fill
from maskwright.grid import Grid
from maskwright.patterns import Pattern
from maskwright.rng import Rng
from maskwright.units.patches import BoxUnits
from maskwright.units.text import Units


class Masks(Protocol):
    """The fields of a `Masking`, whose module imports this one."""

    @property
    def pattern(self) -> Pattern:
        """Where."""
        ...

    @property
    def budget(self) -> Budget | None:
        """How many."""
        ...

    @property
    def fill(self) -> Fill:
        """With what."""
        ...

    @property
    def unit(self) -> str:
        """What is hidden whole."""
        ...

    @property
    def clean_share(self) -> float:
        """Which share of the examples is left whole."""
        ...


@dataclass(frozen=True, eq=False)
class Chance:
    """In place of counts: each unit is hidden by itself, with a probability of `steps` / 2**24.

    Attributes:
        steps: 0 to 2**24.
        whole: [B] bool, examples of which nothing is hidden; None if there are none.
    """

    steps: int
    whole: Array | None

    def draw(self, rng: Rng, *shape: int) -> Array:
        """[B, *shape] bool, the units that are hit, valid or not."""
        mask = rng.child("cells").chance(self.steps, *shape)
        return mask if self.whole is None else mask & ~self.whole.reshape((-1,) + (1,) * len(shape))


@dataclass(frozen=True, eq=False)
class Drawing:
    """What a masking draws for the examples of a batch at a point of training: how many units, and which.

    Attributes:
        masking: whose budget, pattern and share of examples that are left whole.
        rng: of the examples.
        progress: share of training done.
    """

    masking: Masks
    rng: Rng
    progress: float

    @property
    def whole(self) -> Array | None:
        """[B] bool, the examples of which nothing is hidden; None if there are none."""
        return self._left if self.masking.clean_share else None

    @cached_property
    def _left(self) -> Array:
        return self.rng.child("clean share").draw() < round(self.masking.clean_share * (1 << 24))

    @property
    def chance(self) -> Chance | None:
        """The probability per unit, where the budget is one and the pattern draws each cell by itself."""
        steps = budgets.traits(self.masking.budget).steps
        if steps is None or not patterns.traits(self.masking.pattern).independent:
            return None
        return Chance(steps, self.whole)

    def count(self, units: Units | BoxUnits) -> Array | Chance:
        """[B] int64, how many to hide of what the pattern counts: units, or bundles of them (tubes, stripes).

        Of a pattern without a budget these are all there are, an upper bound of what it sets itself.
        """
        chance, budget = self.chance, self.masking.budget
        if chance is not None:
            return chance
        pattern = patterns.traits(self.masking.pattern)
        n = units.n if pattern.bundles is None else pattern.countable(units.grid, units.valid)
        count = n if budget is None else budget(n, rng=self.rng.child("budget"), progress=self.progress)
        whole = self.whole
        return count if whole is None else namespace(count).where(whole, 0, count)

    def mask(self, units: Units | BoxUnits, signals: Mapping[str, Array]) -> Array:
        """[B, *grid] bool over units; drawn by chance, units that do not exist may be in it, and have no cells.

        Args:
            units: of the batch.
            signals: name -> what the pattern asks for, per unit or cell.

        Raises:
            MaskingError: the pattern gives something else than a mask of this shape.
        """
        of_units = {name: units.to_units(values) for name, values in signals.items()}
        count, rng = self.count(units), self.rng.child("pattern")
        if isinstance(count, Chance):
            return count.draw(rng, *units.grid.shape)
        return _chosen(self.masking.pattern, units.grid, count, units.valid, rng, of_units)

    def probability(self) -> Array | None:
        """[B] float64, with which chance each unit was hidden, where the budget fixes or draws one; else None."""
        law = budgets.traits(self.masking.budget).probabilities
        if law is None:
            return None
        whole, chance = self.whole, law(rng=self.rng.child("budget"), progress=self.progress)
        return chance if whole is None else namespace(chance).where(whole, 0.0, chance)

    def weight(self) -> Array | None:
        """[B] float64, the weight that the budget's law gives to each example's loss; None where it gives none."""
        law = budgets.traits(self.masking.budget).weights
        return None if law is None else law(rng=self.rng.child("budget"), progress=self.progress)


def _chosen(pattern: Pattern, grid: Grid, count: Array, valid: Array, rng: Rng, signals: dict[str, Array]) -> Array:
    """What a pattern hides, checked."""
    cells: Array = valid
    if is_torch(valid) and valid.device.type == "cpu":
        # On its memory by NumPy: back ends agree to the bit, and torch's stable sorts take several times as long.
        count, cells, rng = numpy_view(count), numpy_view(valid), Rng(numpy_view(rng.keys), rng.purpose)
        signals = {name: numpy_view(values) for name, values in signals.items()}
    mask: Any = pattern(grid, count, valid=cells, rng=rng, **signals)
    if isinstance(mask, type(cells)) and mask.shape == cells.shape and mask.dtype == cells.dtype:
        return beside(mask, valid)
    shown = str(mask.dtype) if isinstance(mask, type(cells)) else type(mask).__name__
    raise MaskingError(
        f"the pattern {type(pattern).__name__} has to return a bool mask of shape {tuple(cells.shape)}, gave {shown} "
        f"of shape {tuple(np.shape(mask))}."
    )
