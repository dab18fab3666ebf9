"""The few array operations that the array API standard lacks, on NumPy and torch.

Everything else is written once against the namespace that `namespace` returns.
"""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np

from maskwright.errors import MaskingError

Array = Any
"""A `numpy.ndarray` or a `torch.Tensor`; the array API standard has no common base class to name."""


def namespace(array: Array) -> Any:
    """The array API namespace of a NumPy array or torch tensor.

    Raises:
        MaskingError: for anything else (a list, say).
    """
    if isinstance(array, np.ndarray):
        import array_api_compat.numpy as xp

        return xp
    if is_torch(array):
        import array_api_compat.torch as xp

        return xp
    raise MaskingError(f"expected a NumPy array or a torch tensor, given {type(array).__name__}.")


def is_torch(array: Array) -> bool:
    """Whether the array is a torch tensor; torch is not imported to find out."""
    if type(array) is np.ndarray:  # nearly always: asked some fifty times for a mask
        return False
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(array, torch.Tensor)


def like(values: np.ndarray, reference: Array) -> Array:
    """Move a NumPy array to the back end and device of `reference`."""
    if not is_torch(reference):
        return values
    import torch

    values = np.ascontiguousarray(values)
    return torch.from_numpy(values if values.flags.writeable else values.copy()).to(reference.device)


def numpy_view(array: Array) -> np.ndarray:
    """The array as NumPy, copied only if it lies on another device."""
    if not is_torch(array):
        return np.asarray(array)
    array = array.detach().cpu()
    # NumPy has no bfloat16; float32 holds the same numbers.
    return (array.float() if array.dtype is sys.modules["torch"].bfloat16 else array).numpy()


def beside(values: Any, reference: Array) -> Array:
    """The numbers on the back end and device of `reference`; not copied where they are there already."""
    if is_torch(values) and is_torch(reference):
        return values.to(reference.device)
    return like(numpy_view(values), reference)


def is_integer(array: Array) -> bool:
    """Whether the array holds integers; bool does not count."""
    if is_torch(array):
        return not (array.is_floating_point() or array.is_complex() or array.dtype is sys.modules["torch"].bool)
    return array.dtype.kind in "iu"


def dtype_name(array: Array) -> str:
    """The name of an array's dtype, without that of its library: 'float32', 'bool'; a model has a dtype too."""
    return str(array.dtype).removeprefix("torch.")


def to_dtype(array: Array, name: str) -> Array:
    """The array with the dtype of that name ('int64', 'bool', ...)."""
    if is_torch(array):
        import torch

        return array.to(getattr(torch, name))
    return array.astype(name, copy=False)


def arange(size: int, reference: Array) -> Array:
    """0, 1, ..., size - 1 as int64 on the back end and device of `reference`."""
    if is_torch(reference):
        import torch

        return torch.arange(size, device=reference.device)
    return np.arange(size)


def gather(array: Array, index: Array) -> Array:
    """`array[b, index[b, i]]` for two-dimensional arrays; an index with one row serves all."""
    if is_torch(array):
        return array.gather(1, index.long().expand(array.shape[0], index.shape[1]))
    # A flat take is several times faster than take_along_axis.
    # In 32 bits where they do: the sum is made in one pass over small numbers.
    rows = np.arange(array.shape[0], dtype=np.int32 if array.size < 1 << 31 else np.int64)
    return array.ravel().take(index + (rows * array.shape[1])[:, None])


def scatter(index: Array, values: Array) -> Array:
    """The array with `out[b, index[b, i]] = values[b, i]`; each row of `index` is a permutation."""
    if is_torch(values):
        import torch

        return torch.empty_like(values).scatter_(1, index, values)
    out = np.empty_like(values)
    np.put_along_axis(out, index, values, axis=1)
    return out


def segment_sum(values: Array, index: Array, size: int) -> Array:
    """`out[b, s]` = sum of `values[b, i]` over i with `index[b, i] == s`; integers wrap around."""
    if is_torch(values):
        import torch

        out = torch.zeros((values.shape[0], size), dtype=values.dtype, device=values.device)
        return out.scatter_add_(1, index, values)
    out = np.zeros((values.shape[0], size), dtype=values.dtype)
    rows = np.broadcast_to(np.arange(values.shape[0])[:, None], index.shape)
    np.add.at(out, (rows, index), values)
    return out


def segment_max(values: Array, index: Array, present: Array, size: int) -> Array:
    """`out[b, s]` = largest of `values[b, i]` over the present i with `index[b, i] == s`; 0 where there is none."""
    xp = namespace(values)
    shape = (values.shape[0], size)
    lowest = float("-inf") if xp.isdtype(values.dtype, "real floating") else xp.iinfo(values.dtype).min
    index = xp.broadcast_to(index, tuple(values.shape))
    if is_torch(values):
        values = values.masked_fill(~present, lowest)
        out = values.new_full(shape, lowest)
        if size:
            out.scatter_reduce_(1, index.long(), values, "amax")
    else:
        values = np.where(present, values, np.asarray(lowest, dtype=values.dtype))
        out = np.full(shape, lowest, dtype=values.dtype)
        rows = np.broadcast_to(np.arange(values.shape[0])[:, None], index.shape)
        if size:
            np.maximum.at(out, (rows, index), values)
    return xp.where(out == lowest, xp.zeros_like(out), out)


def copied(array: Array) -> Array:
    """A copy of the array."""
    return array.clone() if is_torch(array) else array.copy()


def extents(valid: Array) -> Array:
    """[B, axes] int64, per axis 1 + the last place where any cell is valid: what an example measures.

    It does not change when the grid is padded at the end of an axis.
    """
    if not is_torch(valid) and valid.size and valid.all():  # the usual case of images, many times faster
        return np.tile(np.array(valid.shape[1:], dtype=np.int64), (len(valid), 1))
    xp = namespace(valid)
    out = []
    for axis in range(1, valid.ndim):
        others = tuple(a for a in range(1, valid.ndim) if a != axis)
        line = xp.any(valid, axis=others) if others else valid
        places = arange(line.shape[1], valid)[None, :] + 1
        # An axis of no cells has no largest place; there is no valid cell either.
        out.append(xp.max(xp.where(line, places, 0), axis=1) if line.shape[1] else true_count(valid))
    return xp.stack(out, axis=1)


def all_true(reference: Array) -> Array:
    """A bool array of the shape, back end and device of `reference`."""
    if is_torch(reference):
        return reference.new_ones(reference.shape, dtype=sys.modules["torch"].bool)
    return np.ones(reference.shape, dtype=bool)


def true_count(mask: Array) -> Array:
    """[B] int64, True cells of each example."""
    cells = mask.reshape((mask.shape[0], math.prod(mask.shape[1:])))
    if is_torch(mask):
        return cells.sum(1)
    if cells.shape[1] % 8 or cells.shape[1] > 8 * 255 or not cells.size or not cells.flags.c_contiguous:
        return np.count_nonzero(cells, axis=1)
    # Eight counts at a time in the bytes of a word, which hold up to 255 each.
    words = np.add.reduce(cells.view(np.uint64), axis=1)
    pairs = np.uint64(0x00FF_00FF_00FF_00FF)
    words = (words & pairs) + ((words >> np.uint64(8)) & pairs)
    return (words * np.uint64(0x0001_0001_0001_0001) >> np.uint64(48)).view(np.int64)


def running_count(mask: Array, start: int = 0) -> Array:
    """int32, `start` plus how many cells are True up to and including each, along the last axis."""
    if is_torch(mask):
        return mask.cumsum(-1, dtype=sys.modules["torch"].int32) + start
    width = mask.shape[-1]
    if mask.ndim != 2 or not mask.size or sys.byteorder == "big":
        return np.cumsum(mask, axis=-1, dtype=np.int32) + np.int32(start)
    if width % 8 or not mask.flags.c_contiguous:
        padded = np.zeros((len(mask), -(-width // 8) * 8), dtype=bool)
        padded[:, :width] = mask
        return running_count(padded, start)[:, :width]
    # Eight counts in one word: a multiplication adds up the eight, and only every eighth is summed one by one.
    ones = np.uint64(0x0101_0101_0101_0101)
    words = mask.view(np.uint64) * ones
    total = words >> np.uint64(56)
    before = np.cumsum(total, axis=1)
    before -= total
    if width < 256:  # counts fit into a byte, and all eight are moved at once
        before *= ones
        words += before
        count = words.view(np.uint8).astype(np.int32)
        count += np.int32(start)
        return count
    count = words.view(np.uint8).astype(np.int32)
    count += np.repeat(before.astype(np.int32) + np.int32(start), 8, axis=1)
    return count


def cumulative_max(array: Array) -> Array:
    """Running maximum along the last axis."""
    if is_torch(array):
        return array.cummax(-1).values if array.shape[-1] else array
    return np.maximum.accumulate(array, axis=-1)


def at_least_zero(array: Array) -> Array:
    """The array, changed in place, with negative entries set to 0; for arrays that the caller just made."""
    return array.clamp_(min=0) if is_torch(array) else np.maximum(array, 0, out=array)


def at_most(array: Array, limit: int) -> Array:
    """The smaller of each entry and `limit`."""
    return array.clamp(max=limit) if is_torch(array) else np.minimum(array, limit)


def stable_order(array: Array) -> Array:
    """Indices that sort a two-dimensional array along its rows; equal values keep their order."""
    if is_torch(array):
        return array.sort(dim=1, stable=True).indices
    return np.argsort(array, axis=1, kind="stable")


def largest(array: Array) -> int:
    """The largest element as an int; 0 for an empty array."""
    return int(array.max()) if array.shape[0] else 0


def any_over(cells: Array, axes: tuple[int, ...]) -> Array:
    """Whether any cell is True along the given axes, which are then gone; no axes, the cells themselves."""
    return namespace(cells).any(cells, axis=axes) if axes else cells


def running_parity(mask: Array) -> Array:
    """bool, whether an odd number of cells is True up to and including each, along the last axis."""
    if is_torch(mask):
        return (mask.cumsum(-1, dtype=sys.modules["torch"].int32) & 1) == 1
    if mask.ndim != 2 or mask.shape[1] % 8 or not mask.size or not mask.flags.c_contiguous or sys.byteorder == "big":
        return np.logical_xor.accumulate(mask, axis=-1)
    ones = np.uint64(0x0101_0101_0101_0101)  # as in `running_count`
    words = mask.view(np.uint64) * ones
    total = words >> np.uint64(56)
    before = np.cumsum(total, axis=1)
    before -= total
    before &= np.uint64(1)
    before *= ones
    words += before
    words &= ones
    return words.view(bool)


def any_order(array: Array) -> Array:
    """Indices that sort a two-dimensional array along its rows; equal values in any order, which is faster."""
    return array.sort(dim=1).indices if is_torch(array) else np.argsort(array, axis=1)
