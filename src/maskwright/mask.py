"""A mask in the forms that models of other libraries want.

No masking happens here: what is hidden is given. Libraries disagree about the form (bool, 0 and 1, indices, noise that
the model sorts) and about the polarity; here True = hidden, and each view says whose form it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from maskwright.backend.arrays import (
    Array,
    arange,
    dtype_name,
    is_integer,
    is_torch,
    namespace,
    running_count,
    to_dtype,
    true_count,
)
from maskwright.backend.labels import hidden_labels
from maskwright.errors import MaskingError
from maskwright.geometry.boxes import enlarged
from maskwright.geometry.kept import kept
from maskwright.grid import Grid


@dataclass(frozen=True, eq=False)
class Mask:
    """What is hidden of a batch, and views of it. Cells count in row-major order, without a class token.

    Args:
        hidden: [B, *grid] bool, True = hidden.
        valid: [B, *grid] bool, the cell exists (it is not padding); all do if None. Others are in no list.
        grid: lattice of the cells; by default axes without names, of the mask's sizes.

    Raises:
        MaskingError: arrays that are not bool or do not fit, hidden cells that do not exist.

    >>> import numpy as np
    >>> mask = Mask(np.array([[True, False, True, False]]))
    >>> mask.keep_indices(), mask.hidden_indices(), mask.noise
    (array([[1, 3]]), array([[0, 2]]), array([[2., 0., 3., 1.]], dtype=float32))
    """

    hidden: Array
    valid: Array | None = None
    grid: Grid | None = None

    def __post_init__(self):
        namespace(self.hidden)
        if self.grid is None:
            sizes = {f"axis{number}": int(size) for number, size in enumerate(self.hidden.shape[1:])}
            object.__setattr__(self, "grid", Grid(**sizes))
        if self.valid is None:
            object.__setattr__(self, "valid", self.hidden | True)
        shape = (self.hidden.shape[0], *self._grid.shape)
        for name, array in (("hidden", self.hidden), ("valid", self._valid)):
            if dtype_name(array) != "bool" or tuple(array.shape) != shape:
                raise MaskingError(
                    f"Mask.{name}: expected bool of shape {shape} (batch and {self.grid}), given {array.dtype} "
                    f"{tuple(array.shape)}."
                )
        if bool((self.hidden & ~self._valid).any()):
            raise MaskingError("Mask: cells are hidden that are not valid.")

    @property
    def bool_masked_pos(self) -> Array:
        """[B, cells] bool, True = hidden: transformers' ViT, BEiT, DINO, Swin and others, VideoMAE (equal counts)."""
        return self.hidden.reshape((self.hidden.shape[0], self._grid.size))

    @property
    def ids_restore(self) -> Array:
        """[B, cells] int64, place of each cell once the visible ones stand first, then the hidden: as in MAE."""
        hidden, valid = self.bool_masked_pos, self._cells
        visible, absent = valid & ~hidden, ~valid
        place, start = 0, 0
        for part in (visible, hidden, absent):
            place = place + to_dtype(part, "int64") * (start + to_dtype(running_count(part), "int64") - 1)
            start = start + true_count(part)[:, None]
        return place

    @property
    def noise(self) -> Array:
        """[B, cells] float32 whose sorting puts the visible cells first: transformers' ViTMAE and Hiera, `noise=`.

        The model cuts at its own count, so set `model.config.mask_ratio = view.mask_ratio` first. ViTMAE's mask says
        1 = hidden, Hiera's says True = kept, and Hiera's cells are its mask units.
        """
        return to_dtype(self.ids_restore, "float32")

    @property
    def mask_ratio(self) -> float:
        """The ratio at which `int(cells * (1 - ratio))`, as MAE counts, is the number kept here.

        Raises:
            MaskingError: examples keep different numbers of cells.
        """
        hidden = self._grid.size - self.keep_indices().shape[1]
        return max(0.0, (hidden - 0.5) / max(1, self._grid.size))

    def keep_indices(self, padded: bool = False) -> Any:
        """Places of the visible cells, in order.

        Args:
            padded: allow different numbers per example.

        Returns:
            [B, K] int64; with `padded` also present [B, K] bool, False where an example has fewer (the index is 0).

        Raises:
            MaskingError: different numbers per example, without `padded`.
        """
        return _indices(self._visible, padded, "keep")

    def hidden_indices(self, padded: bool = False) -> Any:
        """Places of the hidden cells, in order; as `keep_indices`."""
        return _indices(self.bool_masked_pos, padded, "hidden")

    @property
    def context(self) -> list[Array]:
        """[keep indices]: transformers' VJEPA2, `context_mask=`."""
        return [self.keep_indices()]

    @property
    def targets(self) -> list[Array]:
        """[hidden indices]: transformers' VJEPA2, `target_mask=`."""
        return [self.hidden_indices()]

    def position_ids(self, padded: bool = False) -> Any:
        """[B, K] int64, places of the visible cells counted from an example's first; as `keep_indices`."""
        first = to_dtype(self._cells, "int32").argmax(1)[:, None] if self._grid.size else 0
        index, present = kept(self._visible)
        places = namespace(index).where(present, index - first, 0)
        if not padded:
            self.keep_indices()
        return (places, present) if padded else places

    @property
    def cu_seqlens(self) -> Array:
        """[B + 1] int32, where each example begins once the visible cells of all are laid end to end, and the end."""
        n = true_count(self._visible)
        xp = namespace(n)
        return to_dtype(xp.concat([n[:1] * 0, xp.cumulative_sum(n)]) if n.shape[0] else arange(1, n), "int32")

    def labels(self, ids: Array) -> Array:
        """[B, *grid] int64, `ids` where hidden and -100, which losses leave out, elsewhere.

        Args:
            ids: [B, *grid] integers: tokens, or the codes of a visual tokenizer.
        """
        if tuple(ids.shape) != tuple(self.hidden.shape):
            raise MaskingError(f"labels: expected ids {tuple(self.hidden.shape)}, given {tuple(ids.shape)}.")
        if not is_integer(ids):
            raise MaskingError(f"labels: expected whole numbers, given {ids.dtype}.")
        # Types without a sign or with few bits cannot hold -100 beside the codes.
        return hidden_labels(to_dtype(ids, "int64"), self.hidden)

    def pixels(self, patch: int | Sequence[int]) -> Array:
        """[B, *grid x patch] bool, the mask with every cell as large as its patch; `Patches.sides` says how large.

        Args:
            patch: pixels (frames, samples) per cell, one for all axes or one for each.
        """
        each = [patch] * self._grid.ndim if isinstance(patch, int) else list(patch)
        if len(each) != self._grid.ndim or any(isinstance(n, bool) or not isinstance(n, int) or n < 1 for n in each):
            raise MaskingError(f"pixels: expected a size of 1 or more for each axis of {self.grid}, given {patch!r}.")
        return enlarged(self.hidden, tuple(each))

    def restore(self, values: Array, fill: Any = 0) -> Array:
        """Put the values of the visible cells back where they were.

        Args:
            values: [B, K, ...], in the order of `keep_indices(padded=True)`: what `drop` left, or what a model made
                of it.
            fill: a number for the other cells, or an array that broadcasts to one cell's values (a mask token).

        Returns:
            [B, *grid, ...], of the dtype of `values`.
        """
        index, present = kept(self._visible)
        if tuple(values.shape[:2]) != tuple(index.shape):
            raise MaskingError(f"restore: expected values {(*index.shape,)} + channels, given {tuple(values.shape)}.")
        xp, trailing = namespace(values), tuple(values.shape[2:])
        base = fill.to(values.dtype) if is_torch(fill) else xp.asarray(fill, dtype=values.dtype)
        if is_torch(values):
            base = base.to(values.device)
        out = xp.broadcast_to(base, (index.shape[0], self._grid.size, *trailing))
        out = out.clone() if is_torch(values) else out.copy()
        rows = xp.broadcast_to(arange(index.shape[0], index)[:, None], tuple(index.shape))
        out[rows[present], index[present]] = values[present]
        return out.reshape((index.shape[0], *self._grid.shape, *trailing))

    @property
    def _grid(self) -> Grid:
        return self.grid or Grid(cell=0)

    @property
    def _valid(self) -> Array:
        return self.valid

    @property
    def _cells(self) -> Array:
        return self._valid.reshape((self.hidden.shape[0], self._grid.size))

    @property
    def _visible(self) -> Array:
        return self._cells & ~self.bool_masked_pos


def _indices(chosen: Array, padded: bool, name: str) -> Any:
    index, present = kept(chosen)
    if padded:
        return index, present
    if not bool(present.all()):
        n = true_count(chosen)
        raise MaskingError(
            f"{name}_indices: the examples have {int(n.min())} to {int(n.max())} such cells; use a count budget, or "
            f"{name}_indices(padded=True), which returns (index, present)."
        )
    return index
