"""Values put into what a compact mask hides, without a mask as large as the data.

A line is one number per place on an axis, so hiding it is a bitwise AND of the data with a vector, or a write of whole
rows; a box is a write of a slice; a row of a tile that lies together in memory is one item, and writing it one copy.
The result is that of `where` to the bit, NaN and infinity included.
"""

from __future__ import annotations

import math
import sys
from itertools import starmap
from typing import Any

import numpy as np

from maskwright.backend.arrays import Array, extents, is_torch, like, namespace, numpy_view, true_count
from maskwright.compact.line_painting import long_bands, paint_bands
from maskwright.compact.shapes import Boxes, Compact, Lines, Tiles
from maskwright.errors import MaskingError
from maskwright.geometry.boxes import along

_Margins = tuple[Array | None, ...]
"""For each axis [B, size] bool, True on lines that are not valid and stay as they are; None for an axis without."""

_FEW_WORDS = 8  # rows shorter than this are hidden by a pass over all of them, because finding each costs more


def paint(x: Array, hidden: Compact, value: Any = 0, *, valid: Array | None = None, out: Array | None = None) -> Array:
    """`where(mask, value, x)` for a compact mask, to the bit.

    Args:
        x: [B, *grid, ...] NumPy array or torch tensor; axes after the grid's are channels. Written to only as `out`.
        hidden: the mask.
        value: what is put there, in the data's type: a number, or an array of x's dtype, [B, 1, ..., 1, *channels].
        valid: [B, *grid] bool, the cells that may be hidden; None means all.
        out: where the result goes, an array like x or x itself, which saves the copy; None makes a new one, with the
            memory in x's order (for lines in that of its axes).

    Raises:
        MaskingError: a mask of another batch or grid.

    >>> import numpy as np
    >>> paint(np.array([[[1.0, np.nan], [3.0, 4.0]]]), Lines((None, np.array([[False, True]])), (2, 2)))
    array([[[1., 0.],
            [3., 0.]]])
    """
    _check(x, hidden)
    words = _words(x)
    on_device = is_torch(x) and x.device.type != "cpu"
    if words is None or (on_device and not isinstance(hidden, Lines)):
        return _by_where(x, hidden, value, valid, out)
    target = out if out is None or out is x else _words(into(out, x))
    if is_torch(x) and not on_device:
        # On NumPy, where rows are written three times as fast; memory is shared.
        cells = None if valid is None else numpy_view(valid)
        target = words if out is x else target
        shared = None if target is None else target.numpy()
        painted = _painted(words.numpy(), _host(hidden), _bits(value, x), cells, shared)
        if painted is None:
            return _by_where(x, hidden, value, valid, out)
        if out is None:
            return sys.modules["torch"].from_numpy(painted).view(x.dtype)
        out[:0].zero_()  # tells autograd that the memory has changed
        return out
    painted = _painted(words, hidden, _bits(value, x), valid, words if out is x else target)
    if painted is None:
        return _by_where(x, hidden, value, valid, out)
    return painted.view(x.dtype) if out is None else out


def painted_count(hidden: Boxes | Tiles | Lines) -> Array:
    """[B] int64, how many cells are hidden."""
    if isinstance(hidden, Tiles):
        return true_count(hidden.hidden) * math.prod(hidden.sides)
    if not isinstance(hidden, Boxes) or (is_torch(hidden.bounds) and hidden.bounds.device.type != "cpu"):
        return true_count(hidden.dense())
    bounds = np.clip(numpy_view(hidden.bounds), 0, np.array(hidden.shape)[:, None])
    sides = np.maximum(bounds[..., 1] - bounds[..., 0], 0)
    start, stop = bounds[..., 0], bounds[..., 0] + sides
    shared = np.minimum(stop[:, :, None], stop[:, None]) - np.maximum(start[:, :, None], start[:, None])
    overlaps = (shared > 0).all(-1).sum((1, 2)) > (sides > 0).all(-1).sum(1)  # more than each box with itself
    if not overlaps.any():
        return like(sides.prod(-1).sum(1), hidden.bounds)
    cells = np.zeros((len(bounds), *hidden.shape), dtype=bool)
    return like(true_count(paint(cells, Boxes(bounds, hidden.shape), True, out=cells)), hidden.bounds)


def into(out: Array, values: Array) -> Array:
    """`out` with the values written to it."""
    if out is not values:
        out[...] = values
    return out


def _painted(words: Array, hidden: Compact, bits: Any, valid: Array | None, out: Any) -> Array | None:
    """`out`, or new words; None, with nothing written, where `where` has to do it."""
    if isinstance(hidden, Lines):
        margins = _margins(valid)
        inner = out is None or not margins or margins[0] is None
        simple = margins is not None and inner and isinstance(bits, int)
        return _paint_lines(words, hidden, bits, margins or (), out) if simple else None
    if isinstance(hidden, Tiles):
        if valid is not None and not valid.all():
            return None
        out = words.copy("K") if out is None else out
        _paint_tiles(out, hidden, bits)
        return out
    bounds = _within(hidden.bounds, valid)
    if bounds is None or 64 * math.prod(bounds.shape[:2]) >= math.prod(words.shape):
        return None
    out = words.copy("K") if out is None else out
    _paint_boxes(out, bounds, bits)
    return out


def _host(hidden: Compact) -> Compact:
    if isinstance(hidden, Boxes):
        return Boxes(numpy_view(hidden.bounds), hidden.shape)
    if isinstance(hidden, Tiles):
        return Tiles(numpy_view(hidden.hidden), hidden.sides)
    return Lines(tuple(None if line is None else numpy_view(line) for line in hidden.axes), hidden.shape)


def _by_where(x: Array, hidden: Compact, value: Any, valid: Array | None, out: Array | None) -> Array:
    mask = hidden.dense(valid)
    mask = mask.reshape(tuple(mask.shape) + (1,) * (x.ndim - mask.ndim))
    xp = namespace(x)
    filled = xp.where(mask, xp.full_like(x, value) if isinstance(value, int | float) else value, x)
    return filled if out is None else into(out, filled)


def _check(x: Array, hidden: Compact) -> None:
    namespace(x)
    some = x
    if isinstance(hidden, Lines):
        some = next((a for a in hidden.axes if a is not None), x)
    elif isinstance(hidden, Boxes | Tiles):
        some = hidden.bounds if isinstance(hidden, Boxes) else hidden.hidden
    expected = (some.shape[0], *hidden.shape)
    if tuple(x.shape[: len(expected)]) != expected:
        raise MaskingError(f"paint: expected an array {expected} (and channels), given shape {tuple(x.shape)}.")


def _paint_lines(words: Array, hidden: Lines, bits: int, margins: _Margins, out: Any) -> Array:
    """`out`, or new, contiguous words, with the lines of the first axis written last, row by row."""
    margins = margins or (None,) * len(hidden.axes)
    untouched = True
    lines = [
        line if line is None or margin is None else line & ~margin
        for line, margin in zip(hidden.axes, margins, strict=True)
    ]
    if len(lines) == 2 and all(margin is None for margin in margins) and long_bands(words, out, lines):
        return paint_bands(words, lines, bits, out)
    for axis, line in enumerate(lines[1:], start=1):
        if line is not None:
            out = _and_or(words if untouched else out, out, along(line, axis, words.ndim - 1), bits)
            untouched = False
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
    if is_torch(words) or math.prod(words.shape[2:]) < _FEW_WORDS or not out.flags.c_contiguous:
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


def _within(bounds: np.ndarray, valid: np.ndarray | None) -> np.ndarray | None:
    """Bounds that leave no example; None where the valid cells are no box from the first cell on."""
    bounds = np.maximum(bounds, 0)
    if valid is None:
        return bounds
    extent = extents(valid)
    if int(extent.prod(1).sum()) != np.count_nonzero(valid):
        return None
    return np.minimum(bounds, extent[:, None, :, None])


def _paint_boxes(out: np.ndarray, bounds: np.ndarray, bits: Any) -> None:
    rows, numbers = np.nonzero((bounds[..., 1] > bounds[..., 0]).all(-1))
    for row, box in zip(rows.tolist(), bounds[rows, numbers].tolist(), strict=True):
        out[(row, *starmap(slice, box))] = bits if isinstance(bits, int) else bits[row]


def _paint_tiles(out: np.ndarray, tiles: Tiles, bits: Any) -> None:
    """Write what lies together in memory as one item: 16 pixels of a row, or 48 numbers with channels last.

    Each axis of the grid is split into (unit, side), so that the mask, with sides of 1, broadcasts to the view: for
    units [B, R, C] of 16 x 16 pixels with 3 channels the view is [B, R, 16, C, 16, 3], the mask [B, R, 1, C, 1, 1].
    Then the axes that follow each other in memory without a gap are joined to one item of so many bytes (numpy's void
    type, copied as a whole), and the others come first.
    """
    shape, strides, hidden, values = [len(out)], [out.strides[0]], [len(out)], [len(out)]
    for size, side, step in zip(tiles.hidden.shape[1:], tiles.sides, out.strides[1:], strict=False):
        shape += [size, side]
        strides += [step * side, step]
        hidden += [size, 1]
        values += [1, 1]
    inside = [*range(2, len(shape), 2), *range(len(shape), len(shape) + out.ndim - len(tiles.sides) - 1)]
    channels = out.shape[1 + len(tiles.sides) :]
    shape += channels
    strides += out.strides[1 + len(tiles.sides) :]
    hidden += [1] * len(channels)
    run, together = out.itemsize, []
    for axis in sorted(inside, key=lambda axis: strides[axis]):
        if shape[axis] > 1 and strides[axis] == run:
            together.insert(0, axis)
            run *= shape[axis]
    kind = f"V{run}" if together else out.dtype
    apart = [axis for axis in range(len(shape)) if axis not in together]
    order, outer = (*apart, *together), [shape[axis] for axis in apart]
    view = np.lib.stride_tricks.as_strided(out, shape, strides).transpose(order)
    items = view.reshape((*outer, run // out.itemsize)).view(kind)[..., 0]
    put = np.full([1] * len(shape), bits, out.dtype) if isinstance(bits, int) else bits.reshape((*values, *channels))
    wide = [n if axis not in together else shape[axis] for axis, n in enumerate(put.shape)]
    put = np.ascontiguousarray(np.broadcast_to(put, wide).transpose(order))
    put = put.reshape((*(put.shape[: len(apart)]), run // out.itemsize)).view(kind)[..., 0]
    where = tiles.hidden.reshape(hidden).transpose(order).reshape([hidden[axis] for axis in apart])
    np.copyto(items, put, where=where)


def _margins(valid: Any) -> _Margins | None:
    """The lines that are not valid; () if all is valid; None if they are not lines."""
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


def _bits(value: Any, x: Array) -> Any:
    """The value as a word, or one word for each example and channel."""
    if isinstance(value, int) and not value:
        return 0
    if isinstance(value, int | float):
        one: Any = _words(namespace(x).full((1,), value, dtype=x.dtype, device=x.device))
        return int(one[0])
    words = _words(value)
    return None if words is None else numpy_view(words)


def _copy(words: Array) -> Array:
    return words.clone(memory_format=sys.modules["torch"].contiguous_format) if is_torch(words) else words.copy("C")
