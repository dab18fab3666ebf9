"""x_masked = where(mask, fill, x): the one formula, for arrays and for batches of text.

In textbooks this is x * M with a multiplier M that is 0 where something is hidden, so M = ~mask. `where` means the same
and is right where arithmetic is not: 0 * NaN is NaN, and integers stay integers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from maskwright.backend.arrays import Array, all_true, arange, dtype_name, is_torch, namespace, to_dtype, true_count
from maskwright.backend.compiled import kernels
from maskwright.backend.labels import IGNORED
from maskwright.compact.painting import into, paint, painted_count
from maskwright.compact.shapes import Boxes, Compact, Lines, Tiles
from maskwright.errors import MaskingError
from maskwright.fills import Fill, from_node, replace_hidden
from maskwright.fills.constant import Constant
from maskwright.fills.drop import Drop, existing
from maskwright.fills.mean import Mean, total
from maskwright.fills.zero import Zero
from maskwright.grid import Grid
from maskwright.mask import Mask
from maskwright.rng import Rng
from maskwright.units.patches import BoxUnits
from maskwright.units.text import Units, places


@dataclass(frozen=True, eq=False)
class Corrupted:
    """A batch with parts hidden, and what was hidden.

    Attributes:
        inputs: as the batch given, with the values replaced; shorter with the fills `drop` and `sentinel`.
        given_mask: the mask, or lines, boxes or tiles from which it is made when first asked for.
        given_units: the units of the batch, or how to find them.
        given_unit_mask: the mask over units; None finds it from the cells.
        original: the array given; its values before, unless `out` had them written over.
        flat: on NumPy, where known: the flat places that the mask hides.
    """

    inputs: Any
    given_mask: Array | Compact
    given_units: Units | BoxUnits | Callable[[], Units]
    given_unit_mask: Array | None
    original: Array
    flat: np.ndarray | None = None

    @cached_property
    def units(self) -> Units | BoxUnits:
        """The units of the batch: which cells belong to them and which exist; worked out when first asked for."""
        return self.given_units() if callable(self.given_units) else self.given_units

    @cached_property
    def mask(self) -> Array:
        """[B, ...] bool over the cells of the batch given, True = hidden."""
        compact = isinstance(self.given_mask, Lines | Boxes | Tiles)
        return self.given_mask.dense(self.units.cells) if compact else self.given_mask

    @cached_property
    def unit_mask(self) -> Array:
        """[B, ...] bool over the units, True = hidden."""
        return self.units.of_cells(self.mask) if self.given_unit_mask is None else self.given_unit_mask

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
        ids, flat = self.original, self.flat
        if flat is None:
            return namespace(ids).where(self.mask, ids, IGNORED)
        fast = kernels()
        if fast and ids.dtype == np.int64 and ids.flags.c_contiguous:
            return fast.labels(ids, flat, IGNORED)
        labels = np.full(ids.shape, IGNORED, dtype=ids.dtype)
        labels.reshape(-1)[flat] = ids.ravel().take(flat)
        return labels


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
    if dtype_name(mask) != "bool":
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


def is_paint(fill: Fill, x: Array) -> bool:
    """Whether the fill is one value that any cell of `x` can have, so that a compact mask is enough to put it."""
    if 0 in x.shape or not isinstance(fill, Zero | Constant):
        return False
    xp, value = namespace(x), getattr(fill, "value", 0)
    if xp.isdtype(x.dtype, "real floating"):
        return abs(value) <= float(xp.finfo(x.dtype).max)
    if xp.isdtype(x.dtype, "integral"):
        return value % 1 == 0 and xp.iinfo(x.dtype).min <= value <= xp.iinfo(x.dtype).max
    return isinstance(fill, Zero)


def takes_compact(fill: Fill, x: Array) -> bool:
    """Whether lines and boxes are better than a mask for this fill."""
    return is_paint(fill, x) or _is_own_mean(fill, x)


def corrupt_array(
    x: Array, hidden: Compact, fill: Fill, *, units: BoxUnits, rng: Rng, facts: Mapping[str, Any]
) -> Corrupted:
    """Fill the hidden cells of an array.

    Zero and constant, and the mean of an example's own visible cells, are written where lines, boxes and tiles lie; the
    result is that of a dense mask to the bit, and such a mask is made only if it is asked for.

    Args:
        x: [B, *grid x sides, ...].
        hidden: what the pattern hides; tiles, which also stand for any mask over units, lie within what is valid.
        fill: any that works on arrays.
        units: of x.
        rng: of the examples.
        facts: `out`, where the result goes, and what the fill asks for.
    """
    facts = {key: value for key, value in facts.items() if key not in ("grid", "valid", "sides")}
    out = facts.pop("out", None)
    mask = hidden.hidden if isinstance(hidden, Tiles) else None
    plain = mask is not None and max(units.sides) == 1
    valid = None if units.allowed is None or (mask is not None and units.whole) else units.cells
    if is_paint(fill, x) and not (plain and out is None):
        inputs = paint(x, hidden, getattr(fill, "value", 0), valid=valid, out=out)
    elif _is_own_mean(fill, x) and valid is None and units.allowed is None and not (plain or isinstance(hidden, Lines)):
        inputs = _mean_painted(x, hidden, fill, out)
    else:
        inputs = _filled(x, hidden.dense(valid), fill, units, rng, facts)
        inputs = inputs if out is None else into(out, inputs)
    return Corrupted(inputs, mask if plain and mask is not None else hidden, units, mask, x)


def _filled(x: Array, mask: Array, fill: Fill, units: BoxUnits, rng: Rng, facts: Mapping[str, Any]) -> Array:
    valid = units.cells
    if isinstance(fill, Drop):  # what is left of a grid is a sequence, in reading order
        if max(units.sides) > 1:
            raise MaskingError(
                "drop removes cells, and here a unit is a box of them: give the boxes themselves, [B, *grid, values] "
                "as Patches.flatten makes them, and no sides."
            )
        cells = (x.shape[0], math.prod(mask.shape[1:]))
        left = {"valid": existing(valid).reshape(cells), "rng": rng, **facts}
        return fill(x.reshape(cells + tuple(x.shape[mask.ndim :])), mask.reshape(cells), **left)
    channels = (1,) * (x.ndim - mask.ndim)
    wide = mask.reshape(tuple(mask.shape) + channels)
    given = {**facts, "valid": valid.reshape(tuple(valid.shape) + channels)}
    return replace_hidden(fill, x, wide, rng=rng.child("fill"), **given)


def _is_own_mean(fill: Fill, x: Array) -> bool:
    own = isinstance(fill, Mean) and fill.over == "example" and 0 not in x.shape
    if not own or dtype_name(x) not in ("float32", "float64"):
        return False
    return not is_torch(x) or (x.device.type == "cpu" and not x.requires_grad)


def _mean_painted(x: Array, hidden: Compact, fill: Fill, out: Array | None) -> Array:
    """The fill `mean` over the example, to the bit: three passes fewer, because what is hidden is written by slices."""
    xp, ndim = namespace(x), len(hidden.shape)
    zeroed = paint(x, hidden, 0, out=out)
    sums = total(zeroed, tuple(range(1, 1 + ndim)))
    if not bool(xp.isfinite(sums).all()):  # visible cells that do not count
        mask = hidden.dense()
        mask = mask.reshape(tuple(mask.shape) + (1,) * (x.ndim - mask.ndim))
        rng = Rng.from_ids(arange(x.shape[0], x))
        return into(zeroed, fill(zeroed, mask, valid=mask | True, rng=rng))
    seen = to_dtype(math.prod(hidden.shape) - painted_count(hidden), dtype_name(x))
    seen = seen.reshape((-1,) + (1,) * (x.ndim - 1))
    return paint(zeroed, hidden, sums / xp.where(seen > 0, seen, xp.ones_like(seen)), out=zeroed)


def corrupt_text(
    batch: Mapping[str, Any], hidden: Array, fill: Fill, *, units: Units, rng: Rng, **facts: Any
) -> dict[str, Any]:
    """Fill the hidden tokens of a batch, or remove them.

    Args:
        batch: `input_ids` [B, L] and anything else; fills that make texts shorter (`drop`, `sentinel`) say what with.
        hidden: [B, L] bool.
        fill: any fill that works on ids.
        units: from which `groups` come, so that a unit is filled as one.
        rng: of the examples.
        **facts: `vocabulary` of the ids; `flat`, see `replace_hidden`.
    """
    ids, vocabulary = batch["input_ids"], facts["vocabulary"]
    attention = batch.get("attention_mask")
    attended = None if attention is None else attention != 0
    shorten = getattr(fill, "tokens", None)
    if shorten is not None:
        return shorten(batch, hidden, all_true(ids) if attended is None else attended, vocabulary)
    facts |= {"valid": units.cells, "groups": units.groups, "places": places(attended)}
    filled = replace_hidden(fill, ids, hidden, rng=rng, **facts)
    return {**batch, "input_ids": filled}
