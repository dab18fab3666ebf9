"""The same places in every example."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from maskwright.backend.arrays import Array, like, numpy_view, running_count, true_count
from maskwright.errors import ConfigError, MaskingError
from maskwright.geometry.select import exact
from maskwright.grid import Grid
from maskwright.rng import Rng
from maskwright.strategy import check, number


@dataclass(frozen=True)
class Fixed:
    """Hide named cells: the first or last valid ones, listed positions, or a given mask.

    Positions count valid cells in reading order, so `first=1` is the first word and never the start token. The places
    set their own count; a budget, if there is one, is an upper bound.

    When it helps: asking what a model does without one part (the title, the last sentence, a column), and occlusion
    studies. When not: as training noise, because the model learns those places and no others.

    Args:
        positions: indices among the valid cells, from 0; negative ones count from the end; those an example does not
            have are skipped there.
        first: hide this many valid cells from the start.
        last: hide this many valid cells at the end.
        mask: nested tuples or lists, or an array, of booleans of the grid's shape, True = hide.

    >>> import numpy as np
    >>> valid = np.array([[False, True, True, True, False]])
    >>> Fixed(first=1, positions=(-1,))(Grid(token=5), np.array([5]), valid=valid, rng=Rng.from_ids([0])).astype(int)
    array([[0, 1, 0, 1, 0]])
    """

    sets_own_count: ClassVar[bool] = True
    draws: ClassVar[bool] = False
    biased: ClassVar[str] = "the places are the same in every example: that is what it is for"

    positions: tuple[int, ...] = ()
    first: int = number(0, 0, 2**31, "valid cells", whole=True)
    last: int = number(0, 0, 2**31, "valid cells", whole=True)
    mask: Any = None

    examples: ClassVar[tuple[Any, ...]] = ({"first": 4, "last": 2},)

    def __post_init__(self):
        check(self)
        if self.mask is not None:
            object.__setattr__(self, "mask", _nested(_flags(self.mask)))
        if isinstance(self.positions, int):
            object.__setattr__(self, "positions", (self.positions,))
        listed = isinstance(self.positions, list | tuple)
        if not listed or not all(isinstance(p, int) and not isinstance(p, bool) for p in self.positions):
            raise ConfigError(f"Fixed.positions: expected whole numbers, given {self.positions!r}.")
        if not (self.positions or self.first or self.last or self.mask is not None):
            raise ConfigError("Fixed: nothing to hide; give positions, first, last or mask.")

    def __call__(self, grid: Grid, count: Array, *, valid: Array, rng: Rng, **signals: Array) -> Array:
        """Return a bool mask [B, *grid.shape] with the named valid cells hidden, at most `count` per example."""
        del signals, rng
        flat = valid.reshape((valid.shape[0], grid.size))
        rank = running_count(flat, -1)
        total = true_count(flat)[:, None]
        chosen = (rank < self.first) | (rank >= total - self.last)
        for position in self.positions:
            chosen = chosen | (rank == (position if position >= 0 else total + position))
        if self.mask is not None:
            chosen = chosen | like(self._flat_mask(grid), flat)
        # Reading order decides what a smaller budget keeps.
        return exact(rank, count, chosen & flat).reshape(valid.shape)

    def _flat_mask(self, grid: Grid) -> np.ndarray:
        """[1, cells of the grid] bool."""
        mask = np.array(self.mask)
        if mask.shape != grid.shape:
            raise MaskingError(f"Fixed.mask: expected the shape of the grid {grid}, given {mask.shape}.")
        return mask.reshape(1, -1)


def _flags(mask: Any) -> np.ndarray:
    try:
        flags = numpy_view(mask)
    except ValueError:  # rows of different lengths
        flags = np.array(None)
    if not flags.ndim or flags.dtype.kind not in "biu" or not np.isin(flags, (0, 1)).all():
        raise ConfigError(f"Fixed.mask: expected true and false in rows of the grid's shape, given {mask!r:.80}.")
    return flags.astype(bool)


def _nested(mask: np.ndarray) -> Any:
    return tuple(_nested(part) for part in mask) if mask.ndim else bool(mask)
