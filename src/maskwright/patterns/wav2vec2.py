"""Spans of a fixed length that start at random frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from maskwright.backend.arrays import Array, arange, extents, gather, largest, namespace, to_dtype, true_count
from maskwright.compact.shapes import Lines, dilate
from maskwright.errors import MaskingError
from maskwright.geometry.select import bounded, exact, fixed_point, floor_share, round_count
from maskwright.grid import Grid
from maskwright.rng import Rng, below
from maskwright.strategy import check, choice, number

_SPARSE = 4  # from this length on, few of the places are starts


@dataclass(frozen=True)
class Wav2vec2:
    """Hide spans of `length` cells that start at random, different places and may overlap.

    The number of spans is share x (valid extent) / length, rounded up or down at random for each example, and at least
    `min_masks`; spans that would not fit even end to end are left out, so an example shorter than a span is left whole.
    Because spans overlap, less than `share` is hidden: 0.49 at 0.65, 0.067 at 0.065 (500 frames, length 10).

    With `edges=published` spans lie within the example, so its first and last cells are hidden less often than the
    middle. With `edges=wrap` a span may start at every place and goes on at the other end; then all are hidden equally
    often. For feature (channel) masks as in wav2vec 2.0 fine-tuning, use it on the grid of the features.

    When it helps: learning speech representations, and fine-tuning with few labels. When not: where an exact share is
    wanted, for which `span` is meant.

    Source: Baevski et al. 2020, wav2vec 2.0 (arXiv:2006.11477), as in fairseq's and transformers' code, where `share`
    is called mask_prob; the paper's p = 0.065 of all frames as starts is share 0.65 at length 10. Unlike that code the
    rounding and the true length are each example's own.

    Args:
        share: hidden share if no spans overlapped.
        length: cells of a span.
        min_masks: least number of spans.
        max_share: bounds the number of spans, also against `min_masks`: spans x length <= max_share x extent.
        edges: `published` or `wrap`.

    >>> import numpy as np
    >>> valid = np.ones((1, 12), dtype=bool)
    >>> Wav2vec2(share=0.5, length=3)(Grid(time=12), np.array([12]), valid=valid, rng=Rng.from_ids([1])).astype(int)
    array([[0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 0, 0]])
    """

    sets_own_count: ClassVar[bool] = True

    share: float = number(0.65, 0.0, 1.0, "share")
    length: int = number(10, 1, 1_000_000, "cells", whole=True)
    min_masks: int = number(0, 0, 1_000_000, "spans", whole=True)
    max_share: float = number(1.0, 0.0, 1.0, "share of the extent")
    edges: str = choice("published", "published", "wrap")

    examples: ClassVar[tuple[Any, ...]] = ({"share": 0.5, "length": 10},)

    def __post_init__(self):
        check(self)

    @property
    def biased(self) -> str:
        """Why some cells are hidden more often than others; empty with `edges=wrap`."""
        return "" if self.edges == "wrap" else "spans lie within the ends, so the ends are hidden less often"

    def fits(self, grid: Grid) -> bool:
        """Whether the grid has one axis; `tied` lines up further ones."""
        return grid.ndim == 1

    def __call__(self, grid: Grid, count: Array, *, valid: Array, rng: Rng, **signals: Array) -> Array:
        """Return a bool mask [B, size] with at most `count` cells hidden per example."""
        del signals
        self._check(grid)
        if not grid.size or not valid.shape[0]:
            return valid & False
        return bounded(self.compact(grid, count, valid=valid, rng=rng).dense(valid), count, rng)

    def compact(self, grid: Grid, count: Array, *, valid: Array | None, rng: Rng) -> Lines:
        """Return the spans as lines; `valid` None means all cells, and `count` 0 leaves an example whole."""
        self._check(grid)
        xp, size = namespace(count), grid.size
        extent = to_dtype(count, "int64") * 0 + size if valid is None else extents(valid)[:, 0]
        n = round_count(extent, round(fixed_point(self.share) / self.length), rng.child("number").draw())
        n = xp.maximum(n, xp.full_like(n, self.min_masks))
        n = xp.minimum(n, floor_share(extent, self.max_share) // self.length) * (count > 0)
        wrap = self.edges == "wrap"
        places = extent if wrap else extent - (self.length - 1)
        starts = self._starts(n, places, size, rng.child("starts"))
        if self.length == 1:
            return Lines((starts,), grid.shape)
        if not wrap:
            return Lines((dilate(starts, self.length),), grid.shape)
        return Lines((self._around(starts, extent, size),), grid.shape)

    def _check(self, grid: Grid) -> None:
        if not self.fits(grid):
            raise MaskingError(f"wav2vec2: expected a grid of one axis, given {grid}; use tied for more.")

    def _starts(self, n: Array, places: Array, size: int, rng: Rng) -> Array:
        """[B, size] bool, n different places of the first `places`, every choice equally likely."""
        within = arange(size, n)[None, :] < places[:, None]
        if self.length < _SPARSE:
            return exact(rng.bits(size), n, within)
        # Draw as many places as are missing, until none is drawn twice. No place is treated unlike another, so no
        # choice is; and spans that would fit end to end leave most places free, so a few rounds are enough.
        xp = namespace(n)
        starts = xp.zeros((n.shape[0], size + 1), dtype=xp.bool, device=n.device)
        rows, missing, number = arange(n.shape[0], n)[:, None], n, 0
        while (most := largest(missing)) > 0:
            place = below(rng.child(str(number)).bits(most), places[:, None])
            place = xp.where(arange(most, n)[None, :] < missing[:, None], place, size)
            starts[rows, place] = True
            missing, number = n - true_count(starts[:, :size]), number + 1
        return starts[:, :size]

    def _around(self, starts: Array, extent: Array, size: int) -> Array:
        """Spans from their starts, where those that pass the end go on at the first cell."""
        xp = namespace(starts)
        reach = min(self.length - 1, size)  # an example that has any span is at least as long as one
        grown = dilate(xp.concat([starts, starts[:, :reach] & False], axis=1), self.length)
        past = arange(reach, extent)[None, :] + extent[:, None]
        grown[:, :reach] |= gather(grown, past)
        return grown[:, :size] & (arange(size, extent)[None, :] < extent[:, None])
