"""x_masked = where(mask, fill, x): the one formula, what comes of it, and the textbook's form of it.

In textbooks this is x * M with a multiplier M that is 0 where something is hidden, so M = ~mask. `where` means the same
and is right where arithmetic is not: 0 * NaN is NaN, and integers stay integers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from maskwright import fills
from maskwright.backend.arrays import Array, all_true, arange, dtype_name, namespace, to_dtype, true_count
from maskwright.backend.labels import hidden_labels, labels_at
from maskwright.compact.shapes import Boxes, Compact, Lines, Tiles
from maskwright.engine.draw import Drawing
from maskwright.errors import MaskingError
from maskwright.fills import Fill
from maskwright.geometry.kept import existing
from maskwright.grid import Grid
from maskwright.mask import Mask
from maskwright.rng import Rng
from maskwright.strategy import read
from maskwright.units.patches import BoxUnits
from maskwright.units.text import Units


@dataclass(frozen=True, eq=False)
class Corrupted:
    """A batch with parts hidden, and what was hidden.

    Attributes:
        inputs: as the batch given, with the values replaced; shorter with the fills `drop` and `sentinel`.
        hidden: what is hidden: a mask over the cells, or lines, boxes or tiles from which one is made when it is first
            asked for.
        source: the units of the batch, or what works them out.
        original: the array given; its values before, unless `out` had them written over.
        drawing: of the batch.
        chosen: the mask over units, where it is at hand; None finds it from the cells.
        flat: the flat places that the mask hides, where they are at hand (NumPy only).
    """

    inputs: Any
    hidden: Array | Compact
    source: Units | BoxUnits | Callable[[], Units]
    original: Array
    drawing: Drawing
    chosen: Array | None = None
    flat: np.ndarray | None = None

    @cached_property
    def units(self) -> Units | BoxUnits:
        """The units of the batch: which cells belong to them and which exist; worked out when first asked for."""
        return self.source() if callable(self.source) else self.source

    @cached_property
    def mask(self) -> Array:
        """[B, ...] bool over the cells of the batch given, True = hidden."""
        compact = isinstance(self.hidden, Lines | Boxes | Tiles)
        return self.hidden.dense(self.units.hideable) if compact else self.hidden

    @cached_property
    def unit_mask(self) -> Array:
        """[B, ...] bool over the units, True = hidden."""
        return self.units.of_cells(self.mask) if self.chosen is None else self.chosen

    @property
    def valid(self) -> Array:
        """[B, ...] bool, cells that could have been hidden."""
        return self.units.hideable

    @property
    def groups(self) -> Array:
        """[B, L] integers, the unit of each cell of a text, -1 where there is none."""
        return namespace(self.mask).where(self.units.hideable, self.units.groups, -1)

    @property
    def count(self) -> Array:
        """[B] int64, hidden units."""
        return true_count(self.unit_mask)

    @property
    def n_units(self) -> Array:
        """[B] int64, valid units."""
        return self.units.n

    @property
    def ratio(self) -> Array:
        """[B] float64, hidden share of the valid units; 0 where there are none."""
        xp = namespace(self.mask)
        return to_dtype(self.count, "float64") / to_dtype(xp.where(self.n_units > 0, self.n_units, 1), "float64")

    @cached_property
    def probability(self) -> Array | None:
        """[B] float64, the chance with which each unit of an example was hidden; None unless the budget has one."""
        return self.drawing.probability()

    @cached_property
    def weight(self) -> Array | None:
        """[B] float64, the weight that the budget's law gives to an example's loss; None unless it gives one."""
        return self.drawing.weight()

    @property
    def view(self) -> Mask:
        """The mask in the forms that models want: indices, noise, labels, cumulative lengths; see `Mask`.

        Of arrays it is the mask over units. Cells exist up to the last valid one of an example; in text, where the
        attention mask says so (of a text made shorter, where tokens could be hidden).
        """
        if not isinstance(self.inputs, Mapping):
            return Mask(self.unit_mask, existing(self.units.valid), self.units.grid)
        attention = self.inputs.get("attention_mask")
        if attention is None:
            exist = all_true(self.mask)
        else:
            exist = attention != 0 if attention.shape == self.mask.shape else self.valid
        return Mask(self.mask, exist, Grid(token=self.mask.shape[1]))

    def reconstruction_labels(self) -> Array:
        """[B, L] the original ids where hidden, -100 elsewhere: labels for predicting what was hidden."""
        if self.flat is None:
            return hidden_labels(self.original, self.mask)
        return labels_at(self.original, self.flat)


def apply_mask(x: Array, mask: Array, fill: Fill | str | float = 0, *, seed: int = 0, **facts: Any) -> Array:
    """Replace what the mask hides: the textbook x * M.

    Args:
        x: NumPy array or torch tensor of any shape; never written to.
        mask: bool, True = hidden; of x's shape, or of its leading axes (the rest are channels), or broadcastable.
        fill: a number, a fill's name, or a fill. Random fills draw one key per entry of the first axis.
        seed: of random fills.
        **facts: what the fill needs, such as `vocabulary`.

    Returns:
        A new array of the same dtype, and of the same shape except with `drop`.

    Raises:
        MaskingError: shapes that do not fit, a mask that is not bool, or another back end.
        ConfigError: something that is not a fill.

    >>> import numpy as np
    >>> apply_mask(np.array([1.0, np.nan, 3.0]), np.array([False, True, False]))
    array([1., 0., 3.])
    """
    namespace(x)
    if not isinstance(mask, type(x)):
        raise MaskingError(f"apply_mask: x is {type(x).__name__} but the mask is {type(mask).__name__}; use the same.")
    if dtype_name(mask) != "bool":
        raise MaskingError(
            f"apply_mask: expected a bool mask (True = hidden), given {mask.dtype}; write mask == 1, say."
        )
    mask = _aligned(mask, x)
    strategy: Fill = read("maskwright.fills", fill, "apply_mask.fill")
    if x.ndim == 0:
        raise MaskingError("apply_mask: expected an array of at least one axis, given a single number.")
    if fills.traits(strategy).removes:
        return _without(x, mask, strategy, Rng.from_ids(arange(x.shape[0], x), seed=seed))
    if x.ndim == 1:  # one example: its cells are the first axis
        rng = Rng.from_ids(arange(1, x), seed=seed)
        return strategy(x[None], mask[None], valid=mask[None] | True, rng=rng, **facts)[0]
    rng = Rng.from_ids(arange(x.shape[0], x), seed=seed)
    return strategy(x, mask, valid=mask | True, rng=rng, **facts)


def _aligned(mask: Array, x: Array) -> Array:
    if mask.ndim < x.ndim and tuple(mask.shape) == tuple(x.shape[: mask.ndim]):
        mask = mask.reshape(tuple(mask.shape) + (1,) * (x.ndim - mask.ndim))
    fits = mask.ndim == x.ndim and all(m in (1, n) for m, n in zip(mask.shape, x.shape, strict=True))
    if not fits:
        raise MaskingError(
            f"apply_mask: a mask of shape {tuple(mask.shape)} does not fit x of shape {tuple(x.shape)}; "
            "expected x's shape, or that of its leading axes."
        )
    return mask


def _without(x: Array, mask: Array, fill: Fill, rng: Rng) -> Array:
    """The array without its hidden cells."""
    if x.ndim == 1:
        return x[~mask]
    flat = mask.reshape(tuple(mask.shape[:2])) if all(n == 1 for n in mask.shape[2:]) else mask
    flat = namespace(x).broadcast_to(flat, tuple(x.shape[:2])) if flat.ndim == 2 else flat
    return fill(x, flat, valid=flat | True, rng=rng)
