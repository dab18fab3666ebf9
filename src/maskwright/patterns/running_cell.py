"""A 2 x 2 cell whose hidden places run on with time, as VideoMAE V2 leaves out decoder targets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from maskwright.backend.arrays import Array, arange, to_dtype
from maskwright.errors import MaskingError
from maskwright.geometry.boxes import along
from maskwright.geometry.select import exact
from maskwright.grid import Grid
from maskwright.rng import Rng


@dataclass(frozen=True)
class RunningCell:
    """Hide the same places of every 2 x 2 cell of a frame, and in the next frame the places one further.

    The places of a cell are counted in reading order: 0 and 1 above, 2 and 3 below. The count is exact: at a ratio of
    1/2 two places of each cell are hidden, of any other ratio the last place in random cells. Where the decoder
    reconstructs the visible cells only, each patch gets its turn within four frames. Which place comes first is random.

    Published with two restrictions: ratios of 1/4, 1/2 and 3/4 (here any), and frames of even sides. With odd sides the
    cells at the border are cut and not all places are equally many, so some are hidden a little more often; padded
    frames count by what is valid.

    When it helps: dropping decoder targets of video at little loss. When not: as an encoder mask, since neighbours give
    the hidden away.

    Source: Wang et al. 2023, VideoMAE V2 (arXiv:2303.16727), decoder masking.

    Raises:
        MaskingError: a grid that has not three axes (time, rows, columns).

    >>> import numpy as np
    >>> valid = np.ones((1, 2, 2, 4), dtype=bool)
    >>> RunningCell()(Grid(frame=2, row=2, col=4), np.array([8]), valid=valid, rng=Rng.from_ids([0])).astype(int)[0]
    array([[[0, 0, 0, 0],
            [1, 1, 1, 1]],
    <BLANKLINE>
           [[0, 1, 0, 1],
            [1, 0, 1, 0]]])
    """

    biased: ClassVar[str] = "where rows or columns are odd in number, a border cuts cells; otherwise none is favoured"

    def fits(self, grid: Grid) -> bool:
        """Whether the grid has three axes."""
        return grid.ndim == 3

    def __call__(self, grid: Grid, count: Array, *, valid: Array, rng: Rng, **signals: Array) -> Array:
        """Return a bool mask [B, *grid.shape] with exactly min(count, valid cells) hidden per example."""
        del signals
        if not self.fits(grid):
            raise MaskingError(f"running-cell: expected a grid of three axes (time, rows, columns), given {grid}.")
        if 0 in valid.shape:
            return valid & False
        frames, rows, cols = (along(arange(size, valid)[None, :], axis, 3) for axis, size in enumerate(grid.shape))
        first = rng.child("first").bits(1, 1, 1) >> 29
        order = to_dtype((rows % 2 * 2 + cols % 2 + frames + first) % 4, "int32")
        # Numbers of 31 bits, which are sorted in half the time of longer ones.
        return exact(order << 29 | rng.child("ties").bits(*grid.shape) >> 2, count, valid)
