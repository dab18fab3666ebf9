"""Every valid cell alike, independently of its neighbours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from maskwright.backend.arrays import Array
from maskwright.geometry.moments import exact_count
from maskwright.geometry.select import exact
from maskwright.grid import Grid
from maskwright.rng import Rng


@dataclass(frozen=True)
class Iid:
    """Hide `count` valid cells chosen uniformly among all choices of that many.

    What it hides: isolated cells. When it helps: missing or noisy inputs at random places, and as the first thing to
    try. When not: neighbouring cells that tell the same (image patches at low ratios, subwords of one word: use the
    unit `word`), and shortcuts that repeat (use the unit `type`).

    Source: Devlin et al. 2019 (arXiv:1810.04805) for text, He et al. 2022 (arXiv:2111.06377) for patches.

    >>> import numpy as np
    >>> valid = np.ones((1, 6), dtype=bool)
    >>> int(Iid()(Grid(token=6), np.array([2]), valid=valid, rng=Rng.from_ids([0])).sum())
    2
    """

    independent: ClassVar[bool] = True

    def __call__(self, grid: Grid, count: Array, *, valid: Array, rng: Rng, **signals: Array) -> Array:
        """Return a bool mask [B, *grid.shape] with exactly min(count, valid cells) hidden per example."""
        del signals
        return exact(rng.child("cells").bits(*grid.shape), count, valid)

    def moments(self, grid: Grid, count: int) -> tuple[Array, Array]:
        """The first two moments of the visible multiplier, exactly; see `maskwright.geometry.moments`."""
        return exact_count(grid.size, count)
