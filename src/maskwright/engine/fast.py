"""Every shortcut for speed, behind one seam: results are those of the formula in `Masking.__call__`, to the bit.

`try_fast` answers None where there is no shortcut. It, and with it this file, could be taken away without changing a
result; the tests do that. The shortcuts:

- tokens that each draw for themselves: only those that are hit are looked up, by a compiled kernel where there is one;
- tokens put where the mask is True, instead of a choice for every place of the batch;
- lines, boxes and tiles painted into an array, without a mask as large as the data.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np

from maskwright import fills, patterns
from maskwright.backend.arrays import Array, arange, dtype_name, is_torch, like, namespace, to_dtype
from maskwright.backend.compiled import kernels
from maskwright.backend.token_work import Texts
from maskwright.backend.visible import total
from maskwright.compact.painting import into, paint, painted_count
from maskwright.compact.shapes import Boxes, Compact, Lines, Tiles, drawn_on_host
from maskwright.engine.batches import ArrayBatch, TextBatch
from maskwright.engine.corrupt import Corrupted
from maskwright.engine.draw import Chance, Drawing, Masks
from maskwright.engine.tokens import put_at, token_work
from maskwright.fills import Fill
from maskwright.rng import Rng
from maskwright.units.patches import BoxUnits
from maskwright.units.text import places
from maskwright.units.vocabulary import SPECIAL, Vocabulary


def try_fast(batch: TextBatch | ArrayBatch, drawing: Drawing) -> Corrupted | None:
    """What `Masking.__call__` gives, made in less time; None where only the formula gives it.

    Args:
        batch: checked.
        drawing: of the masking, for its examples.
    """
    if isinstance(batch, TextBatch):
        return None if is_torch(batch.values) else _text(batch, drawing)
    return _array(batch, drawing)


def hide_in_place(
    masking: Masks, columns: dict[str, Any], vocabulary: Vocabulary, rng: Rng, *, labels: bool
) -> np.ndarray | None:
    """Write over the ids of a batch that nobody else holds and whose mask nobody asks for (NumPy only).

    Args:
        masking: what to hide.
        columns: `input_ids` [B, L] and `attention_mask`, made by the caller.
        vocabulary: of the ids.
        rng: of the examples.
        labels: make labels of what is hidden.

    Returns:
        [B, L] int64 labels, -100 where nothing is hidden, of size 0 without `labels`; None where only the formula can
        do it, or refuses it.
    """
    ids, attention, fast = columns["input_ids"], columns.get("attention_mask"), kernels()
    chance = Drawing(masking, rng, 0.0).chance
    if not fast or chance is None or "word_ids" in columns or not _are_tokens(masking, ids):
        return None
    if not fills.traits(masking.fill).puts_tokens or places(attention) is not None:
        return None
    work = token_work(
        masking.fill, Texts.of(ids, attention, vocabulary.flags, vocabulary.ordinary_ids), chance, rng, vocabulary
    )
    return None if work is None else fast.hide_in_place(work, labels)


# --- texts ---


def _text(batch: TextBatch, drawing: Drawing) -> Corrupted | None:
    """On NumPy, fills that put a token into each hidden place by itself."""
    ids, masking, chance = batch.values, drawing.masking, drawing.chance
    if not fills.traits(masking.fill).puts_tokens or places(batch.attention) is not None:
        return None
    if chance is not None and batch.allowed is None and _are_tokens(masking, ids):
        return _alone(batch, drawing, chance)
    units = batch.units(masking.unit)
    mask = drawing.mask(units, batch.signals)
    hidden = units.to_cells(mask)
    flat = np.flatnonzero(hidden)
    # Groups that are the same for all examples are the places, which the draws know already.
    groups = units.groups.reshape(-1) if len(units.groups) == len(ids) else None
    inputs = put_at(masking.fill, batch, flat, drawing.rng, groups)
    return Corrupted(inputs, hidden, units, ids, drawing, mask if chance is None else None, flat)


def _are_tokens(masking: Masks, ids: Any) -> bool:
    """Whether units are tokens, so that, given a chance per unit, only the few that are hit have to be looked at."""
    return masking.unit == "token" and not is_torch(ids) and ids.size > 0


def _alone(batch: TextBatch, drawing: Drawing, chance: Chance) -> Corrupted:
    """Tokens that each draw for themselves: only those that are hit are looked up."""
    ids, vocabulary, fast = batch.values, batch.vocabulary, kernels()
    masking, rng = drawing.masking, drawing.rng
    source = partial(batch.units, masking.unit)
    texts = Texts.of(ids, batch.attention, vocabulary.flags, vocabulary.ordinary_ids) if fast else None
    work = token_work(masking.fill, texts, chance, rng, vocabulary) if texts else None
    done = fast.hide_tokens(work) if fast and work else None
    if done is not None:
        filled, mask, flat = done
        return Corrupted(batch.with_ids(filled), mask, source, ids, drawing, None, flat)
    vocabulary.check(ids)
    mask = chance.draw(rng.child("pattern"), ids.shape[1])
    if batch.attention is not None:
        mask &= batch.attention != 0
    flat = np.flatnonzero(mask)
    special = (vocabulary.table("flags", ids).take(ids.ravel().take(flat)) & SPECIAL).view(bool)  # SPECIAL is 1
    mask.reshape(-1)[flat[special]] = False
    flat = flat[~special]
    return Corrupted(put_at(masking.fill, batch, flat, rng, None), mask, source, ids, drawing, None, flat)


# --- arrays ---


def _array(batch: ArrayBatch, drawing: Drawing) -> Corrupted | None:
    """One value, or the mean of an example's own visible cells, painted where lines, boxes and tiles are."""
    x, out, masking = batch.values, batch.out, drawing.masking
    fill = fills.traits(masking.fill)
    one_value, mean = fill.one_value and 0 not in x.shape, _is_own_mean(fill, x)
    if not (one_value or mean):
        return None
    units = batch.units(masking.unit)
    lines = _compact(units, drawing)
    dense = lines is None and max(batch.sides) == 1  # a mask over units is one over cells
    if dense and out is None:
        return None
    mask = units.valid & drawing.mask(units, batch.signals) if lines is None else None
    hidden: Compact = Tiles(mask, batch.sides) if lines is None else lines
    # Tiles within what is valid need no look at single cells.
    valid = None if batch.allowed is None or (lines is None and units.whole) else units.hideable
    if one_value and not (dense and out is None):
        inputs = paint(x, hidden, _value(masking.fill, batch), valid=valid, out=out)
    elif mean and batch.allowed is None and not (dense or isinstance(hidden, Lines)):
        inputs = _mean_painted(x, hidden, masking.fill, out)
    else:
        inputs = batch.filled(masking.fill, hidden.dense(valid), units, drawing.rng)
    return Corrupted(inputs, mask if dense else hidden, units, x, drawing, mask)


def _value(fill: Fill, batch: ArrayBatch) -> Any:
    """What a fill of one value puts in, as a number: what it puts into one cell."""
    cell = to_dtype(arange(1, batch.values), dtype_name(batch.values))
    hidden = cell == cell
    return fill(cell, hidden, valid=hidden, rng=Rng.from_ids(arange(1, cell)), **batch.facts)[0].item()


def _compact(units: BoxUnits, drawing: Drawing) -> Lines | Boxes | None:
    """Lines or boxes of cells, from patterns that know them and where no budget bounds them."""
    compact = patterns.traits(drawing.masking.pattern).compact
    if compact is None or drawing.masking.budget is not None:
        return None
    whole = drawing.whole
    count = like(np.full(units.array.shape[0], units.grid.size), units.array) * (1 if whole is None else ~whole)
    valid = None if units.allowed is None else units.valid
    return drawn_on_host(compact, units.grid, count, valid=valid, rng=drawing.rng.child("pattern")).enlarged(
        units.sides
    )


def _is_own_mean(fill: fills.FillTraits, x: Array) -> bool:
    if not fill.own_mean or 0 in x.shape or dtype_name(x) not in ("float32", "float64"):
        return False
    return not is_torch(x) or not x.requires_grad


def _mean_painted(x: Array, hidden: Compact, fill: Fill, out: Array | None) -> Array:
    """The mean of the example's visible cells, to the bit: three passes fewer, because slices are written.

    The sum over all cells after zeros were written where something is hidden is the sum over the visible ones.
    """
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
