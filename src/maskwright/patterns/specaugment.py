"""Time and frequency masks of a spectrogram."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from maskwright.backend.arrays import Array, arange, at_least_zero, extents, namespace
from maskwright.compact.shapes import Lines, runs
from maskwright.errors import MaskingError
from maskwright.geometry.select import bounded, floor_share
from maskwright.grid import Grid
from maskwright.rng import Rng, below
from maskwright.strategy import check, choice, number


@dataclass(frozen=True)
class Specaugment:
    """Hide a few stretches of time across all frequencies, and a few bands of frequency across all times.

    Each mask has a width of its own, uniform from 0 to its limit, and a place of its own, so masks may overlap. Every
    example has masks of its own, and its true length (the extent of its valid cells) is what counts: padding is never
    hidden and does not make masks wider. The count is the law's; a budget only bounds it.

    With `edges=published` a mask of width w starts at 0 ... size - w - 1, the paper's half-open range, so cells near an
    end are hidden less often than those in the middle, and the last frame and bin never, unless a mask is as long as
    the example. (The authors' code in lingvo also starts at size - w, where this mask reaches the end.) With
    `edges=wrap` it starts anywhere and goes on at the other end: all frames are then hidden equally often, and all
    bins.

    When it helps: speech recognition and audio classification, against over-fitting and against missing stretches. When
    not: broadband noise, for which hiding does nothing, and small models that under-fit.

    Source: Park et al. 2019, SpecAugment (arXiv:1904.08779); number and width in proportion to the length: Park et al.
    2020 (arXiv:1912.05533).

    Args:
        time_masks: number of time masks; the most there are if `masks_per_frame` is given.
        time_width: widest time mask, in frames.
        time_share: widest time mask as a share of the example's length; the smaller of the two holds.
        freq_masks: number of frequency masks.
        freq_width: widest frequency mask, in bins.
        total_share: most that all time masks together hide, as a share of the length; fewer masks, then narrower ones.
        masks_per_frame: number of time masks per frame of the example's length; 0 means that `time_masks` is it.
        edges: `published` or `wrap`.

    >>> import numpy as np
    >>> valid = np.ones((1, 8, 4), dtype=bool)
    >>> law = Specaugment(time_masks=1, time_width=4, freq_masks=1, freq_width=2)
    >>> law(Grid(time=8, freq=4), np.array([32]), valid=valid, rng=Rng.from_ids([1])).astype(int)[0].T
    array([[1, 1, 1, 1, 1, 1, 1, 1],
           [0, 1, 1, 0, 0, 0, 0, 0],
           [0, 1, 1, 0, 0, 0, 0, 0],
           [0, 1, 1, 0, 0, 0, 0, 0]])
    """

    sets_own_count: ClassVar[bool] = True

    time_masks: int = number(2, 0, 1000, "masks", whole=True)
    time_width: int = number(100, 0, 1_000_000, "frames", whole=True)
    time_share: float = number(1.0, 0.0, 1.0, "share of the length")
    freq_masks: int = number(2, 0, 1000, "masks", whole=True)
    freq_width: int = number(27, 0, 1_000_000, "bins", whole=True)
    total_share: float = number(1.0, 0.0, 1.0, "share of the length")
    masks_per_frame: float = number(0.0, 0.0, 1.0, "masks per frame")
    edges: str = choice("published", "published", "wrap")

    examples: ClassVar[tuple[Any, ...]] = ({"time_masks": 2, "time_width": 12, "freq_masks": 2, "freq_width": 6},)

    def __post_init__(self):
        check(self)

    @property
    def biased(self) -> str:
        """Why some cells are hidden more often than others; empty with `edges=wrap`."""
        return "" if self.edges == "wrap" else "masks lie within the ends, so the ends are hidden less often"

    def fits(self, grid: Grid) -> bool:
        """Whether the grid has the axes `time` and `freq`."""
        return {"time", "freq"} <= set(grid.axes)

    def __call__(self, grid: Grid, count: Array, *, valid: Array, rng: Rng, **signals: Array) -> Array:
        """Return a bool mask [B, *grid.shape] with at most `count` cells hidden per example."""
        del signals
        self._check(grid)
        if not grid.size or not valid.shape[0]:
            return valid & False
        return bounded(self.compact(grid, count, valid=valid, rng=rng).dense(valid), count, rng)

    def compact(self, grid: Grid, count: Array, *, valid: Array | None, rng: Rng) -> Lines:
        """Return the masks as lines; `valid` None means all cells, and `count` 0 leaves an example whole."""
        self._check(grid)
        time, freq = grid.axis("time"), grid.axis("freq")
        if valid is None:
            length = arange(self.time_masks + self.freq_masks, count)[None, :] * 0 + count[:, None] * 0
            length[:, : self.time_masks] += grid.shape[time]
            length[:, self.time_masks :] += grid.shape[freq]
        else:
            sizes = extents(valid)
            repeats = [time] * self.time_masks + [freq] * self.freq_masks
            length = sizes[:, repeats]
        limit = namespace(count).concat(
            [self._time_limits(length[:, : self.time_masks]), self._freq_limits(length[:, self.time_masks :])], axis=1
        )
        start, width = self._draw(length, limit * (count > 0)[:, None], rng)
        lines: list[Array | None] = [None] * grid.ndim
        lines[time] = runs(*self._around(start, width, length, slice(self.time_masks)), grid.shape[time])
        lines[freq] = runs(*self._around(start, width, length, slice(self.time_masks, None)), grid.shape[freq])
        return Lines(tuple(lines), grid.shape)

    def _check(self, grid: Grid) -> None:
        if not self.fits(grid):
            raise MaskingError(f"specaugment: expected a grid with the axes time and freq, given {grid}.")

    def _time_limits(self, length: Array) -> Array:
        """[B, time_masks] int64, widest time masks; 0 for masks that there are not."""
        if not self.time_masks:
            return length
        xp = namespace(length)
        limit = floor_share(length, self.time_share)
        limit = xp.where(limit < self.time_width, limit, self.time_width)
        if not self.masks_per_frame and self.total_share == 1:
            return limit
        n = xp.full_like(length, self.time_masks)
        if self.masks_per_frame:
            n = xp.minimum(n, floor_share(length, self.masks_per_frame))
        if self.total_share < 1:
            most = floor_share(length, self.total_share)
            n = xp.minimum(n, (most + limit - 1) // (limit + (limit == 0)))
            limit = xp.minimum(limit, most // (n + (n == 0)))
        return limit * (arange(self.time_masks, length)[None, :] < n)

    def _freq_limits(self, length: Array) -> Array:
        return namespace(length).where(length < self.freq_width, length, self.freq_width)

    def _draw(self, length: Array, limit: Array, rng: Rng) -> tuple[Array, Array]:
        """[B, n] int64 starts and widths."""
        bits = rng.child("masks").bits(2, length.shape[1])
        width = below(bits[:, 0], limit + 1)
        room = length if self.edges == "wrap" else length - width
        return below(bits[:, 1], room), width

    def _around(self, start: Array, width: Array, length: Array, masks: slice) -> tuple[Array, Array]:
        """Runs of some masks; those that pass the end go on at the first cell."""
        start, width = start[:, masks], width[:, masks]
        if self.edges == "published":
            return start, width
        xp = namespace(start)
        over = at_least_zero(start + width - length[:, masks])
        return xp.concat([start, start * 0], axis=1), xp.concat([width - over, over], axis=1)
