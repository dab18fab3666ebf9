"""Tokens, words and types: from a batch of ids to units and back.

All of it works on ids alone, so that it is the same in a collator, in a `Dataset.map` and on the device.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from maskwright.backend.arrays import (
    Array,
    arange,
    at_least_zero,
    cumulative_max,
    gather,
    is_torch,
    largest,
    like,
    namespace,
    numpy_view,
    running_count,
    scatter,
    segment_max,
    segment_sum,
    stable_order,
    to_dtype,
    true_count,
)
from maskwright.errors import ConfigError, MaskingError, did_you_mean
from maskwright.grid import Grid
from maskwright.units.vocabulary import BEGINS, BREAKS, JOINS, SPECIAL, Vocabulary

UNITS = ("token", "word", "type", "entity")
"""token: a piece of the tokenizer's vocabulary. word: all pieces of a word. type: all occurrences of a word in the text
at once, whatever their case, so that a word that repeats leaves no copy. entity: all tokens of a mention that the
caller names (`word_ids`), every other word by itself: what is said of a person cannot be read off the rest of the
name."""

WORDS = UNITS[1:]
"""Units of several tokens."""


@dataclass(frozen=True, eq=False)
class Units:
    """The units of a batch and the cells that belong to them.

    Attributes:
        grid: lattice of units, one axis.
        valid: [B, grid size] bool, the unit exists.
        hideable: [B, L] bool, the cell may be hidden: not padding, not a special token.
        groups: [B, L] integers, the unit of each cell, meaningful where `hideable`.
        plain: units and cells are the same, in the same places.
    """

    grid: Grid
    valid: Array
    hideable: Array
    groups: Array
    plain: bool = False

    @cached_property
    def n(self) -> Array:
        """[B] int64, number of units."""
        return true_count(self.valid)

    def to_cells(self, mask: Array) -> Array:
        """[B, L] bool from a mask over units [B, grid size]."""
        if self.plain or not self.grid.size:
            return self.hideable & mask if self.plain else self.hideable & False
        return gather(mask, self.groups) & self.hideable

    def of_cells(self, mask: Array) -> Array:
        """[B, grid size] bool, the units that have a cell in the mask [B, L]."""
        if self.plain or not self.grid.size:
            return self.valid & mask if self.plain else self.valid
        hidden = to_dtype(mask & self.hideable, "int32")
        return segment_max(hidden, self.groups, self.hideable, self.grid.size) > 0

    def to_units(self, values: Array) -> Array:
        """[B, grid size] from numbers per cell: a unit has the highest of its cells."""
        return values if self.plain else segment_max(values, self.groups, self.hideable, self.grid.size)


def text_units(
    ids: Array,
    attended: Array | None,
    vocabulary: Vocabulary,
    unit: str,
    word_ids: Array | None = None,
    allowed: Array | None = None,
) -> Units:
    """The units of a batch of token ids.

    Args:
        ids: [B, L] integers.
        attended: [B, L], False or 0 for padding, on either side; None if there is none.
        vocabulary: of the tokenizer that made the ids.
        unit: one of `UNITS`.
        word_ids: [B, L] integers, where the caller knows the words better: equal neighbours are one word, and tokens
            with -1 are hidden with none. With the unit `entity` equal neighbours are one mention, and tokens with -1
            make up the words that the vocabulary knows.
        allowed: [B, L] bool, where only some tokens may be hidden; the others belong to no unit.

    Raises:
        ConfigError: another unit.
        MaskingError: ids outside the vocabulary; no `word_ids` for the unit `entity`.
    """
    if unit not in UNITS:
        raise ConfigError(f"unit: given {unit!r}. {did_you_mean(unit, UNITS)}")
    flags = vocabulary.look_up("flags", ids)
    hideable = (flags & SPECIAL) == 0
    if attended is not None:
        attended = attended != 0
        hideable = attended & hideable
    if allowed is not None:
        if tuple(allowed.shape) != tuple(ids.shape):
            raise MaskingError(f"valid: expected shape {tuple(ids.shape)}, given {tuple(allowed.shape)}.")
        hideable = hideable & allowed
    if unit == "token":
        return _tokens(attended, hideable)
    if word_ids is not None and unit != "entity":
        hideable = hideable & (word_ids >= 0)
        starts = _differs(word_ids) & hideable
    elif vocabulary.segmenter is not None:
        starts = _segmented_starts(ids, hideable, vocabulary)
    else:
        starts = _starts(flags, hideable)
    if unit == "entity":
        starts = _mention_starts(word_ids, starts, hideable)
    words = _grid_of("entity" if unit == "entity" else "word", running_count(starts, -1), hideable)
    return _types(ids, words, starts, vocabulary) if unit == "type" else words


def places(attended: Array | None) -> Array | None:
    """[B, L] place of each cell counted from its row's first that is not padding; None if that is the column itself.

    What is drawn by place does not change with padding on the left.
    """
    if attended is None:
        return None
    length = attended.shape[1]
    if not length or bool(attended[:, 0].all()):
        return None
    return (arange(length, attended)[None, :] - to_dtype(attended != 0, "int32").argmax(1)[:, None]) % length


def _tokens(attended: Array | None, hideable: Array) -> Units:
    length, groups = hideable.shape[1], places(attended)
    if groups is None:
        return Units(Grid(token=length), hideable, hideable, arange(length, hideable)[None, :], plain=True)
    return Units(Grid(token=length), scatter(to_dtype(groups, "int64"), hideable), hideable, groups)


def _starts(flags: Array, hideable: Array) -> Array:
    """[B, L] bool, the cell begins a word."""
    # On flat arrays, which are several times faster than slices of rows; the first of each row is set by itself.
    flat, may = flags.reshape(-1), hideable.reshape(-1)
    before = flat[:-1]
    follows = ((flat[1:] & BEGINS) | (before & BREAKS)) != 0
    follows &= (before & JOINS) == 0
    follows |= ~may[:-1]
    starts = hideable.clone() if is_torch(hideable) else hideable.copy()
    starts.reshape(-1)[1:] &= follows
    starts[:, :1] = hideable[:, :1]
    return starts


def _differs(word_ids: Array) -> Array:
    xp = namespace(word_ids)
    return xp.concat([word_ids[:, :1] == word_ids[:, :1], word_ids[:, 1:] != word_ids[:, :-1]], axis=1)


def _mention_starts(word_ids: Array | None, starts: Array, hideable: Array) -> Array:
    """[B, L] bool, the cell begins a mention, or a word outside of mentions as `starts` has it."""
    if word_ids is None:
        raise MaskingError(
            "unit 'entity' hides whole what the caller names: give word_ids [B, L], the same number for all tokens of "
            "a mention and -1 outside of mentions, as a fact or as a column of the batch."
        )
    # A run of equal numbers begins at the first of its cells that may be hidden: where as many such cells come before
    # it as came before the run.
    before = running_count(hideable) - to_dtype(hideable, "int32")
    first = before == cumulative_max(to_dtype(_differs(word_ids), "int32") * before)
    return hideable & (first | (starts & (word_ids < 0)))


def _segmented_starts(ids: Array, hideable: Array, vocabulary: Vocabulary) -> Array:
    """Word starts where the user's segmenter says; token boundaries inside its words vanish."""
    segment = vocabulary.segmenter or str.split
    rows, hideable = numpy_view(ids), numpy_view(hideable)
    starts = np.zeros(hideable.shape, dtype=bool)
    for row, (tokens, valid) in enumerate(zip(rows, hideable, strict=True)):
        places = np.flatnonzero(valid)
        texts = [(" " if vocabulary.pieces[t].space else "") + vocabulary.pieces[t].text for t in tokens[places]]
        boundaries, at = set(), 0
        for word in segment("".join(texts)):
            boundaries.add(at + len(word) - len(word.lstrip()))
            at += len(word)
        at = 0
        for place, text in zip(places, texts, strict=True):
            begin = at + len(text) - len(text.lstrip())
            starts[row, place] = begin in boundaries or not at or not hideable[row, place - 1]
            at += len(text)
    return like(starts, ids)


def _grid_of(axis: str, groups: Array, hideable: Array) -> Units:
    # On an accelerator the number of units is not looked at, which would make it wait: there are at most L.
    n = to_dtype(groups[:, -1], "int64") + 1 if groups.shape[1] else to_dtype(hideable, "int64").sum(1)
    size = hideable.shape[1] if is_torch(hideable) and hideable.device.type != "cpu" else largest(n)
    kind = "int16" if size < 1 << 15 else "int64"  # small numbers are compared in a quarter of the time
    valid = to_dtype(arange(size, n), kind)[None, :] < to_dtype(n, kind)[:, None]
    # Cells before the first unit would point at unit -1.
    units = Units(Grid(**{axis: size}), valid, hideable, at_least_zero(groups))
    units.__dict__["n"] = n  # known here without counting
    return units


def _types(ids: Array, words: Units, starts: Array, vocabulary: Vocabulary) -> Units:
    """Join the words of a text that read the same."""
    size = words.grid.size
    if not size:
        return Units(Grid(type=0), words.valid, words.hideable, words.groups)
    xp = namespace(ids)
    code = _word_codes(ids, words, starts, vocabulary)
    code = xp.where(words.valid, code, xp.full_like(code, xp.iinfo(code.dtype).max))
    order = stable_order(code)
    code = gather(code, order)
    is_new = xp.concat([words.valid[:, :1], (code[:, 1:] != code[:, :-1])], axis=1)
    # Words that do not exist sort last; those that do fill the front of each row.
    is_new = is_new & (arange(size, ids)[None, :] < words.n[:, None])
    kinds = xp.cumulative_sum(to_dtype(is_new, "int64"), axis=1) - 1
    n = kinds[:, -1] + 1
    kind_of_word = scatter(order, kinds)
    groups = at_least_zero(gather(kind_of_word, words.groups))
    return Units(Grid(type=size), arange(size, n)[None, :] < n[:, None], words.hideable, groups)


def _word_codes(ids: Array, words: Units, starts: Array, vocabulary: Vocabulary) -> Array:
    """[B, W] int64 hash of each word's text: the sum of its pieces' hashes, each moved by the bytes before it."""
    xp = namespace(ids)
    length = vocabulary.look_up("text_length", ids)
    length = xp.where(words.hideable, length, xp.zeros_like(length))
    before = xp.cumulative_sum(length, axis=1) - length
    at_start = cumulative_max(xp.where(starts, before, xp.zeros_like(before)))
    powers = vocabulary.table("powers", ids)
    # Words beyond the table's length share its last power: still the same code for the same pieces.
    offset = xp.minimum(before - at_start, xp.full_like(before, powers.shape[0] - 1))
    value = vocabulary.look_up("text_hash", ids) * powers[offset]
    value = xp.where(words.hideable, value, xp.zeros_like(value))
    return segment_sum(value, to_dtype(words.groups, "int64"), words.grid.size)
