"""Masks as a few lines, boxes or tiles, from which the dense mask is made only if it is asked for.

Drawing a mask of lines (time and frequency masks, spans), rectangles or patches costs microseconds; what costs is a
bool mask as large as the data and the pass with it. `maskwright.compact.painting` puts values in without one.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from maskwright.backend.arrays import Array, arange, is_torch, like, namespace, numpy_view, segment_sum
from maskwright.errors import MaskingError
from maskwright.geometry.boxes import along, enlarged
from maskwright.grid import Grid
from maskwright.rng import Rng


@dataclass(frozen=True, eq=False)
class Lines:
    """Whole lines of a grid; the mask is their union.

    Attributes:
        axes: per axis of the grid [B, size] bool, True = hidden, or None where no line of that axis is hidden; at least
            one axis has lines.
        shape: sizes of the grid.

    >>> import numpy as np
    >>> Lines((np.array([[True, False]]), np.array([[False, True, False]])), (2, 3)).dense().astype(int)
    array([[[1, 1, 1],
            [0, 1, 0]]])
    """

    axes: tuple[Array | None, ...]
    shape: tuple[int, ...]

    def dense(self, valid: Array | None = None) -> Array:
        """[B, *grid] bool, within `valid` if that is given."""
        union = None
        for axis, line in enumerate(self.axes):
            if line is not None:
                line = along(line, axis, len(self.axes))
                union = line if union is None else union | line
        if union is None:
            raise MaskingError("Lines: expected lines of at least one axis, given none.")
        return namespace(union).broadcast_to(union, (union.shape[0], *self.shape)) if valid is None else union & valid

    def enlarged(self, sides: tuple[int, ...]) -> Lines:
        """The same with every cell a box of that many cells."""
        grown = (None if a is None else enlarged(a, (side,)) for a, side in zip(self.axes, sides, strict=True))
        return Lines(tuple(grown), tuple(size * side for size, side in zip(self.shape, sides, strict=True)))


@dataclass(frozen=True, eq=False)
class Boxes:
    """Boxes of a grid; the mask is their union.

    Attributes:
        bounds: [B, n, axes, 2] integers, start and stop (exclusive) of each box on each axis; a box with stop <= start
            is empty.
        shape: sizes of the grid.

    >>> import numpy as np
    >>> Boxes(np.array([[[[0, 1], [1, 3]]]]), (2, 3)).dense().astype(int)
    array([[[0, 1, 1],
            [0, 0, 0]]])
    """

    bounds: Array
    shape: tuple[int, ...]

    def dense(self, valid: Array | None = None) -> Array:
        """[B, *grid] bool, within `valid` if that is given."""
        mask = None
        for number in range(self.bounds.shape[1]):
            box = None
            for axis, size in enumerate(self.shape):
                start, stop = self.bounds[:, number, axis, 0, None], self.bounds[:, number, axis, 1, None]
                places = arange(size, self.bounds)[None, :]
                line = along((places >= start) & (places < stop), axis, len(self.shape))
                box = line if box is None else box & line
            mask = box if mask is None else mask | box
        if mask is None:
            xp = namespace(self.bounds)
            mask = xp.zeros((self.bounds.shape[0], *self.shape), dtype=xp.bool, device=self.bounds.device)
        return mask if valid is None else mask & valid

    def enlarged(self, sides: tuple[int, ...]) -> Boxes:
        """The same with every cell a box of that many cells."""
        times = like(np.array(sides, dtype=np.int64)[:, None], self.bounds)
        return Boxes(self.bounds * times, tuple(size * side for size, side in zip(self.shape, sides, strict=True)))


@dataclass(frozen=True, eq=False)
class Tiles:
    """Boxes of one size that lie side by side: patches, tubelets.

    Attributes:
        hidden: [B, *grid] bool, True = the tile is hidden.
        sides: cells of a tile along each axis.

    >>> import numpy as np
    >>> Tiles(np.array([[True, False]]), (3,)).dense().astype(int)
    array([[1, 1, 1, 0, 0, 0]])
    """

    hidden: Array
    sides: tuple[int, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of the grid of cells."""
        return tuple(size * side for size, side in zip(self.hidden.shape[1:], self.sides, strict=True))

    def dense(self, valid: Array | None = None) -> Array:
        """[B, *grid x sides] bool, within `valid` if that is given."""
        mask = enlarged(self.hidden, self.sides)
        return mask if valid is None else mask & valid


Compact = Lines | Boxes | Tiles


def runs(start: Array, width: Array, size: int) -> Array:
    """[B, size] bool, the union of n runs per example.

    Args:
        start: [B, n] int64, first places, 0 or more.
        width: [B, n] int64, lengths, 0 or more; a run ends at `size` at the latest.
        size: places of the axis.
    """
    if not is_torch(start):
        # Summed along the first axis for all examples at once, in the bytes of words, whose counts stay below 256.
        kind, columns = np.uint8 if start.shape[1] < 256 else np.uint32, -(-len(start) // 8) * 8
        steps, examples = np.zeros((2, size + 1, columns), dtype=kind), np.arange(len(start))[:, None]
        for step, edges in zip(steps, (start, start + width), strict=True):
            np.add.at(step.reshape(-1), (np.minimum(edges, size) * columns + examples).reshape(-1), kind(1))
        begin, end = steps.view(np.uint64)
        begin -= end
        inside = np.cumsum(begin[:size], axis=0).view(kind)[:, : len(start)] > 0
        return np.ascontiguousarray(inside.T)
    xp = namespace(start)
    one = xp.ones_like(start)
    edges = xp.concat([start, start + width], axis=1)
    edges = xp.where(edges < size, edges, size)
    steps = segment_sum(xp.concat([one, -one], axis=1), edges, size + 1)
    return (xp.cumulative_sum(steps, axis=1) > 0)[:, :size]


def dilate(starts: Array, length: int) -> Array:
    """[B, size] bool, True at each start and the `length` - 1 places after it; log2(length) passes."""
    words = starts.view(sys.modules["torch"].uint8) if is_torch(starts) else starts.view(np.uint8)
    out, reach, size = _copy(words), 1, starts.shape[1]
    while reach < min(length, size):
        step = min(reach, length - reach)
        grown = _copy(out)
        grown[:, step:] |= out[:, : size - step]
        out, reach = grown, reach + step
    return out.view(starts.dtype)


def drawn_on_host(
    compact: Callable[..., Lines | Boxes], grid: Grid, count: Array, *, valid: Array | None, rng: Rng
) -> Lines | Boxes:
    """What a pattern's `compact` returns, drawn on NumPy for tensors that lie on the CPU.

    Back ends agree to the bit, and for arrays as small as these a call of NumPy costs a third of one of torch.
    """
    if not is_torch(count) or count.device.type != "cpu":
        return compact(grid, count, valid=valid, rng=rng)
    there = None if valid is None else numpy_view(valid)
    host = Rng(numpy_view(rng.keys), rng.purpose)
    hidden = compact(grid, numpy_view(count), valid=there, rng=host)
    if isinstance(hidden, Boxes):
        return Boxes(like(hidden.bounds, count), hidden.shape)
    return Lines(tuple(None if line is None else like(line, count) for line in hidden.axes), hidden.shape)


def _copy(words: Array) -> Array:
    return words.clone() if is_torch(words) else words.copy()
