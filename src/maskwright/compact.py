"""Masks as a few lines or boxes, and values put into them without a mask as large as the data.

Drawing a mask of lines (time and frequency masks, spans) costs microseconds; what costs is a dense bool mask and the
pass with it. A line is one number per place on an axis, so hiding it is a bitwise AND of the data with a vector, or a
write of whole rows. The result is that of `where` to the bit, NaN and infinity included.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from maskwright.arrays import Array, arange, is_torch, like, namespace, numpy_view, segment_sum
from maskwright.boxes import along
from maskwright.errors import MaskingError
from maskwright.grid import Grid
from maskwright.rng import Rng

_FEW_WORDS = 8  # rows shorter than this are hidden by a pass over all of them, because finding each costs more


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


def runs(start: Array, width: Array, size: int) -> Array:
    """[B, size] bool, the union of n runs per example.

    Args:
        start: [B, n] int64, first places, 0 or more.
        width: [B, n] int64, lengths, 0 or more; a run ends at `size` at the latest.
        size: places of the axis.
    """
    if not is_torch(start):
        # Summed along the first axis, which goes over all examples at once.
        kind, examples = np.int8 if start.shape[1] < 128 else np.int16, np.arange(len(start))[:, None]
        steps = np.zeros((size + 1, len(start)), dtype=kind)
        flat = steps.reshape(-1)
        np.add.at(flat, (np.minimum(start, size) * len(start) + examples).reshape(-1), kind(1))
        np.add.at(flat, (np.minimum(start + width, size) * len(start) + examples).reshape(-1), kind(-1))
        return np.ascontiguousarray((np.cumsum(steps[:size], axis=0, dtype=kind) > 0).T)
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


def on_host(
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


def paint(x: Array, hidden: Lines | Boxes, value: float = 0, *, valid: Array | None = None) -> Array:
    """`where(mask, value, x)` for a compact mask, to the bit.

    Args:
        x: [B, *grid, ...] NumPy array or torch tensor; axes after the grid's are channels. Never written to.
        hidden: the mask.
        value: what is put there, in the data's type.
        valid: [B, *grid] bool, the cells that may be hidden; None means all.

    Raises:
        MaskingError: lines or boxes of another batch or grid.

    >>> import numpy as np
    >>> paint(np.array([[[1.0, np.nan], [3.0, 4.0]]]), Lines((None, np.array([[False, True]])), (2, 2)))
    array([[[1., 0.],
            [3., 0.]]])
    """
    _check(x, hidden)
    words = _words(x)
    if words is None:
        return _by_where(x, hidden, value, valid)
    if is_torch(x) and x.device.type == "cpu":
        # On NumPy, where rows are written three times as fast; memory is shared.
        cells = None if valid is None else numpy_view(valid)
        painted = _painted(words.numpy(), _host(hidden), _bits(value, x), cells)
        return _by_where(x, hidden, value, valid) if painted is None else like(painted, x).view(x.dtype)
    painted = _painted(words, hidden, _bits(value, x), valid)
    return _by_where(x, hidden, value, valid) if painted is None else painted.view(x.dtype)


def _painted(words: Array, hidden: Lines | Boxes, bits: int, valid: Array | None) -> Array | None:
    """New words; None where `where` has to do it."""
    if isinstance(hidden, Lines):
        margins = _margins(valid)
        return None if margins is None else _paint_lines(words, hidden, bits, margins)
    few = 64 * math.prod(hidden.bounds.shape[:2]) < math.prod(words.shape)
    return _paint_boxes(words, hidden, bits) if few and valid is None and not is_torch(words) else None


def _host(hidden: Lines | Boxes) -> Lines | Boxes:
    if isinstance(hidden, Boxes):
        return Boxes(numpy_view(hidden.bounds), hidden.shape)
    return Lines(tuple(None if line is None else numpy_view(line) for line in hidden.axes), hidden.shape)


def _by_where(x: Array, hidden: Lines | Boxes, value: float, valid: Array | None) -> Array:
    mask = hidden.dense(valid)
    mask = mask.reshape(tuple(mask.shape) + (1,) * (x.ndim - mask.ndim))
    xp = namespace(x)
    return xp.where(mask, xp.full_like(x, value), x)


def _check(x: Array, hidden: Lines | Boxes) -> None:
    namespace(x)
    some = hidden.bounds if isinstance(hidden, Boxes) else next((a for a in hidden.axes if a is not None), x)
    expected = (some.shape[0], *hidden.shape)
    if tuple(x.shape[: len(expected)]) != expected:
        raise MaskingError(f"paint: expected an array {expected} (and channels), given shape {tuple(x.shape)}.")


def _paint_lines(words: Array, hidden: Lines, bits: int, margins: tuple) -> Array:
    """A new, contiguous array of words; `margins` are the cells that are not valid, as lines of one or two axes."""
    margins = margins or (None,) * len(hidden.axes)
    out = None
    lines = [
        line if line is None or margin is None else line & ~margin
        for line, margin in zip(hidden.axes, margins, strict=True)
    ]
    for axis, line in enumerate(lines[1:], start=1):
        if line is not None:
            out = _and_or(words if out is None else out, out, along(line, axis, words.ndim - 1), bits)
    out = _copy(words) if out is None else out
    if margins[0] is not None:
        rows = np.nonzero(margins[0])
        out[rows] = words[rows]
    if lines[0] is None:
        return out
    if len(margins) == 2 and margins[1] is not None:
        rows = np.nonzero(lines[0])
        inner = along(~margins[1][rows[0]], 0, words.ndim - 2)
        out[rows] = _and_or(words[rows], None, inner, bits)
        return out
    if is_torch(words) or math.prod(words.shape[2:]) < _FEW_WORDS:
        return _and_or(out, out, along(lines[0], 0, words.ndim - 1), bits)
    flat = out.reshape((words.shape[0] * words.shape[1], math.prod(words.shape[2:])))
    flat[np.flatnonzero(lines[0])] = bits
    return out


def _and_or(words: Array, out: Any, line: Array, bits: int) -> Array:
    """`words` with `bits` on the line, into `out` or, if that is None, a new contiguous array."""
    if is_torch(words):
        torch = sys.modules["torch"]
        out = torch.empty(words.shape, dtype=words.dtype, device=words.device) if out is None else out
        torch.bitwise_and(words, line.to(words.dtype).sub_(1), out=out)
        return out.bitwise_or_(line.to(words.dtype) * bits) if bits else out
    keep = line.astype(words.dtype)
    keep -= 1
    out = np.empty(words.shape, dtype=words.dtype) if out is None else out
    np.bitwise_and(words, keep, out=out)
    if bits:
        np.bitwise_or(out, line * words.dtype.type(bits), out=out)
    return out


def _paint_boxes(words: np.ndarray, hidden: Boxes, bits: int) -> np.ndarray:
    out = words.copy("C")
    for row, boxes in enumerate(np.maximum(hidden.bounds, 0).tolist()):
        for box in boxes:
            out[(row, *(slice(start, stop) for start, stop in box))] = bits
    return out


def _margins(valid: Any) -> tuple | None:
    """Lines that are not valid, per axis (None where all are); () if all is valid; None if they are not lines."""
    if valid is None:
        return ()
    if valid.ndim > 3 or is_torch(valid):
        return None
    if valid.ndim == 2:
        return (~valid,)
    rows, columns = np.logical_or.reduce(valid, axis=2), np.logical_or.reduce(valid, axis=1)
    if np.count_nonzero(rows, axis=1) @ np.count_nonzero(columns, axis=1) != np.count_nonzero(valid):
        return None
    return tuple(None if line.all() else ~line for line in (rows, columns))


def _words(x: Array) -> Array | None:
    """The array as integers of the same width; None where that cannot stand for it."""
    if is_torch(x):
        if (x.requires_grad and sys.modules["torch"].is_grad_enabled()) or x.is_complex():
            return None  # the way of the gradient goes through `where`
        return x.detach().view(getattr(sys.modules["torch"], f"int{8 * x.element_size()}"))
    if x.dtype.kind not in "fiub" or x.dtype.itemsize > 8 or not x.dtype.isnative:
        return None
    return x.view(f"i{x.dtype.itemsize}")


def _bits(value: float, x: Array) -> int:
    one: Any = _words(namespace(x).full((1,), value, dtype=x.dtype, device=x.device))
    return int(one[0])


def _copy(words: Array) -> Array:
    return words.clone(memory_format=sys.modules["torch"].contiguous_format) if is_torch(words) else words.copy("C")
