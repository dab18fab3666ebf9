"""Runs of geometric length in time series."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from maskwright.backend.arrays import Array, cumulative_max, namespace, to_dtype
from maskwright.errors import ConfigError, MaskingError
from maskwright.geometry.select import bounded
from maskwright.grid import Grid
from maskwright.rng import Rng
from maskwright.strategy import check, choice, number


@dataclass(frozen=True)
class Markov:
    """Hide runs of geometric length, with visible runs of geometric length between them.

    Each line along `time` (the only axis, if there is one) is a two-state Markov chain that begins in its stationary
    state: hidden runs have the mean length `length`, the share of hidden cells is `share` on average, and every cell
    is hidden with probability `share`, the first and the last too. Lines (features, channels) have runs of their own,
    or all the same ones with `lines=together`. The count varies from example to example; a budget only bounds it.

    When it helps: measurements in time, whose neighbours tell the same, so isolated gaps are guessed from next to them.
    When not: where each example must hide the same number of cells; then use `span` with law geometric.

    Source: Zerveas et al. 2021, TST (arXiv:2010.02803): length 3, share 0.15, features separate.

    Args:
        length: mean length of hidden runs in cells; at least 1 / (1 - share), which is that of independent cells.
        share: share of cells that are hidden on average; below 1.
        lines: `separate` or `together`.

    Raises:
        ConfigError: runs shorter than independent cells would have.

    >>> import numpy as np
    >>> valid = np.ones((1, 16), dtype=bool)
    >>> law = Markov(length=3, share=0.4)
    >>> law(Grid(time=16), np.array([16]), valid=valid, rng=Rng.from_ids([2])).astype(int)
    array([[0, 0, 0, 0, 1, 1, 0, 1, 1, 1, 1, 1, 1, 0, 0, 0]])
    """

    sets_own_count: ClassVar[bool] = True

    length: float = number(3.0, 1.0, 1_000_000.0, "cells")
    share: float = number(0.15, 0.0, 0.999, "share of cells")
    lines: str = choice("separate", "separate", "together")

    examples: ClassVar[tuple[Any, ...]] = ({"length": 6, "share": 0.4},)

    def __post_init__(self):
        check(self)
        if self.length * (1 - self.share) < 1 - 1e-9:
            raise ConfigError(
                f"Markov: with share={self.share:g} runs last at least {1 / (1 - self.share):g} cells on average, "
                f"given length={self.length:g}."
            )

    def fits(self, grid: Grid) -> bool:
        """Whether the grid has one axis, or one named `time`."""
        return grid.ndim == 1 or "time" in grid.axes

    def __call__(self, grid: Grid, count: Array, *, valid: Array, rng: Rng, **signals: Array) -> Array:
        """Return a bool mask [B, *grid.shape] with at most `count` cells hidden per example."""
        del signals
        axis = self._axis(grid)
        if not grid.size or not valid.shape[0]:
            return valid & False
        shape = grid.shape
        if self.lines == "together":
            shape = tuple(size if a == axis else 1 for a, size in enumerate(grid.shape))
        return bounded(self._chain(shape, axis, rng) & valid, count, rng)

    def _axis(self, grid: Grid) -> int:
        if not self.fits(grid):
            raise MaskingError(f"markov: expected one axis, or one named time, given {grid}.")
        return 0 if grid.ndim == 1 else grid.axis("time")

    def _chain(self, shape: tuple[int, ...], axis: int, rng: Rng) -> Array:
        """[B, *shape] bool.

        A cell draws one of three: become hidden, become visible, or stay as the cell before. That is the chain with
        the same probabilities of change, and its state is that of the last cell that did not stay.
        """
        bits = rng.child("cells").bits(*shape)
        xp = namespace(bits)
        enter, leave = self.share / (1 - self.share) / self.length, 1 / self.length
        places = xp.arange(shape[axis], device=bits.device, dtype=bits.dtype)
        places = places.reshape([-1 if a == axis + 1 else 1 for a in range(bits.ndim)])
        hide, change = _threshold(enter), _threshold(enter + leave)
        hidden, changed = bits <= hide, bits <= change
        # The first cell cannot stay; its chances are those of the others, given that they do not.
        first = (slice(None),) * (axis + 1) + (0,)
        hidden[first], changed[first] = bits[first] <= _threshold(self.share), True
        last = 2 * places + to_dtype(hidden, "int32")
        last *= changed
        if axis + 2 == bits.ndim:
            return (cumulative_max(last) & 1) == 1
        last = cumulative_max(xp.moveaxis(last, axis + 1, -1))
        return xp.moveaxis((last & 1) == 1, -1, axis + 1)


def _threshold(share: float) -> int:
    """The largest of 31 bits that counts as within the share; -1 for none."""
    return (min(round(share * (1 << 24)), 1 << 24) << 7) - 1
