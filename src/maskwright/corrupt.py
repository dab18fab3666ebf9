"""x_masked = where(mask, fill, x): the one formula, for arrays and for batches of text.

In textbooks this is x * M with a multiplier M that is 0 where something is hidden, so M = ~mask. `where` means the same
and is right where arithmetic is not: 0 * NaN is NaN, and integers stay integers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from maskwright.arrays import Array, all_true, arange, namespace, to_dtype, true_count
from maskwright.errors import MaskingError
from maskwright.fills import Fill, from_node, replace_hidden
from maskwright.fills.drop import Drop, kept, take
from maskwright.rng import Rng
from maskwright.units.text import Units, places
from maskwright.units.vocabulary import Vocabulary

IGNORED = -100
"""Label of positions that the loss leaves out (PyTorch's `ignore_index`). It is never an input."""


@dataclass(frozen=True, eq=False)
class Corrupted:
    """A batch with parts hidden, and what was hidden.

    Attributes:
        inputs: as the batch given, with the values replaced; shorter with the fill `drop`.
        mask: [B, ...] bool over the cells of the batch given, True = hidden.
        units: the units of the batch, which cells belong to them and which exist.
        unit_mask: [B, ...] bool over the units, True = hidden.
        original: the values before.
    """

    inputs: Any
    mask: Array
    units: Units
    unit_mask: Array
    original: Array

    @property
    def valid(self) -> Array:
        """[B, ...] bool, cells that could have been hidden."""
        return self.units.cells

    @property
    def groups(self) -> Array:
        """[B, L] integers, the unit of each cell of a text, -1 where there is none."""
        return namespace(self.mask).where(self.units.cells, self.units.groups, -1)

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

    def reconstruction_labels(self) -> Array:
        """[B, L] the original ids where hidden, -100 elsewhere: labels for predicting what was hidden."""
        return namespace(self.original).where(self.mask, self.original, IGNORED)


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

    >>> import numpy as np
    >>> apply_mask(np.array([1.0, np.nan, 3.0]), np.array([False, True, False]))
    array([1., 0., 3.])
    """
    namespace(x)
    if not isinstance(mask, type(x)):
        raise MaskingError(f"apply_mask: x is {type(x).__name__} but the mask is {type(mask).__name__}; use the same.")
    if str(mask.dtype).removeprefix("torch.") != "bool":
        raise MaskingError(
            f"apply_mask: expected a bool mask (True = hidden), given {mask.dtype}; write mask == 1, say."
        )
    mask = _aligned(mask, x)
    strategy = fill if callable(fill) else from_node(fill)
    if x.ndim == 0:
        raise MaskingError("apply_mask: expected an array of at least one axis, given a single number.")
    rng = Rng.from_ids(arange(x.shape[0], x), seed=seed)
    if x.ndim == 1 and not isinstance(strategy, Drop):
        # One example: its cells are the first axis.
        one = Rng.from_ids(arange(1, x), seed=seed)
        return strategy(x[None], mask[None], valid=mask[None] | True, rng=one, **facts)[0]
    if isinstance(strategy, Drop):
        return _dropped(x, mask, rng, strategy)
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


def _dropped(x: Array, mask: Array, rng: Rng, strategy: Drop) -> Array:
    if x.ndim == 1:
        return x[~mask]
    flat = mask.reshape(tuple(mask.shape[:2])) if all(n == 1 for n in mask.shape[2:]) else mask
    xp = namespace(x)
    flat = xp.broadcast_to(flat, tuple(x.shape[:2])) if flat.ndim == 2 else flat
    return strategy(x, flat, valid=flat | True, rng=rng)


def corrupt_text(
    batch: Mapping[str, Any], hidden: Array, fill: Fill, *, units: Units, vocabulary: Vocabulary, rng: Rng
) -> dict[str, Any]:
    """Fill the hidden tokens of a batch, or remove them.

    Args:
        batch: `input_ids` [B, L] and anything else; with `drop`, everything else of that shape is shortened alike.
        hidden: [B, L] bool.
        fill: any fill that works on ids.
        units: from which `groups` come, so that a unit is filled as one.
        vocabulary: of the ids.
        rng: of the examples.
    """
    ids = batch["input_ids"]
    attended = batch.get("attention_mask")
    attended = all_true(ids) if attended is None else attended != 0
    if not isinstance(fill, Drop):
        facts = {"valid": units.cells, "groups": units.groups, "vocabulary": vocabulary, "places": places(attended)}
        filled = replace_hidden(fill, ids, hidden, rng=rng, **facts)
        return {**batch, "input_ids": filled}
    index, present = kept(attended & ~hidden)
    padding = {"input_ids": vocabulary.pad_id or 0, "labels": IGNORED}
    out = {
        name: take(value, index, present, padding.get(name, 0)) if _is_per_token(value, ids) else value
        for name, value in batch.items()
    }
    out["attention_mask"] = to_dtype(present, "int64")
    return out


def _is_per_token(value: Any, ids: Array) -> bool:
    return isinstance(value, type(ids)) and tuple(value.shape) == tuple(ids.shape)
