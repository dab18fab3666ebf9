"""Batches that are ready to be masked: checked, cut into units, and filled where something is hidden."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from maskwright import fills, patterns
from maskwright.backend.arrays import Array, all_true
from maskwright.backend.content import content_ids
from maskwright.compact.painting import into
from maskwright.engine.checks import check_array, check_out, check_valid, signal_of, text_arrays
from maskwright.engine.draw import Masks
from maskwright.errors import MaskingError, did_you_mean
from maskwright.fills import Fill
from maskwright.geometry.kept import existing
from maskwright.grid import Grid
from maskwright.rng import Rng
from maskwright.units.patches import BOXES, BoxUnits
from maskwright.units.text import UNITS, Units, places, text_units
from maskwright.units.vocabulary import Vocabulary

_TEXT_FACTS = ("vocabulary", "word_ids", "valid")
_ARRAY_FACTS = ("grid", "sides", "valid", "vocabulary", "out")


def checked(masking: Masks, batch: Mapping[str, Any] | Array, facts: Mapping[str, Any]) -> TextBatch | ArrayBatch:
    """A batch that the masking can hide parts of.

    Args:
        masking: whose unit, pattern and fill say what the batch has to bring.
        batch: text, as a mapping with `input_ids`, or an array.
        facts: as `Masking.__call__` takes them.

    Raises:
        MaskingError: arrays that do not fit together, a fact that is missing or unknown.
        ConfigError: a fill that is not for text.
    """
    text = isinstance(batch, Mapping)
    signals, wanted = patterns.traits(masking.pattern).signals, fills.traits(masking.fill).facts
    names = (*(_TEXT_FACTS if text else _ARRAY_FACTS), *signals, *wanted)
    for name in facts:
        if name not in names:
            raise MaskingError(
                f"masking {'text' if text else 'an array'} takes no '{name}'. {did_you_mean(name, names)}"
            )
    make = TextBatch.of if text else ArrayBatch.of
    return make(batch, facts, masking, signals)


@dataclass(frozen=True, eq=False)
class TextBatch:
    """A batch of texts.

    Attributes:
        columns: what was given, without `word_ids`.
        values: [B, L] integers, the ids of the tokens.
        attention: [B, L], 0 or False for padding; None if there is none.
        vocabulary: of the ids.
        word_ids: [B, L] integers, where the caller knows the words; None if not.
        allowed: [B, L] bool, where only some tokens may be hidden; None if all may.
        signals: name -> [B, L], what the pattern is guided by.
        facts: what else the fill asks for by name.
    """

    columns: Mapping[str, Any]
    values: Array
    attention: Array | None
    vocabulary: Vocabulary
    word_ids: Array | None
    allowed: Array | None
    signals: Mapping[str, Array]
    facts: Mapping[str, Any]

    @classmethod
    def of(cls, batch: Mapping[str, Any], facts: Mapping[str, Any], masking: Masks, signals: Any) -> TextBatch:
        """The batch, checked; see `checked`."""
        vocabulary, allowed = facts.get("vocabulary"), facts.get("valid")
        if not isinstance(vocabulary, Vocabulary):
            example = "Vocabulary.from_tokenizer(tokenizer)"
            raise MaskingError(f"vocabulary: expected vocabulary={example}, given {type(vocabulary).__name__}.")
        fills.check_for_tokens(masking.fill)
        if masking.unit in BOXES:
            raise MaskingError(f"unit '{masking.unit}' is for arrays: texts have the units {', '.join(UNITS)}.")
        ids, attention, word_ids = text_arrays(batch, facts.get("word_ids", batch.get("word_ids")))
        check_valid(allowed, ids, tuple(ids.shape))
        guides = {name: signal_of(facts, name, ids, tuple(ids.shape)) for name in signals}
        columns = {key: value for key, value in batch.items() if key != "word_ids"} if "word_ids" in batch else batch
        own = {name: facts[name] for name in fills.traits(masking.fill).facts if name in facts}
        return cls(columns, ids, attention, vocabulary, word_ids, allowed, guides, own)

    def example_ids(self) -> Array:
        """[B] int64, names of the texts made of what they hold."""
        attended = all_true(self.values) if self.attention is None else self.attention != 0
        return content_ids(self.values, attended)

    def units(self, unit: str) -> Units:
        """The units of the texts; see `text_units`."""
        return text_units(self.values, self.attention, self.vocabulary, unit, self.word_ids, self.allowed)

    def filled(self, fill: Fill, hidden: Array, units: Units | BoxUnits, rng: Rng) -> dict[str, Any]:
        """The columns with the hidden tokens replaced, or shortened by them.

        Args:
            fill: one that works on ids.
            hidden: [B, L] bool.
            units: from which the groups come, so that a unit is filled as one.
            rng: of the examples.
        """
        attended = None if self.attention is None else self.attention != 0
        shorten = fills.traits(fill).shorten
        if shorten is not None:
            there = all_true(self.values) if attended is None else attended
            return shorten(self.columns, hidden, there, self.vocabulary)
        about = {"vocabulary": self.vocabulary, "groups": units.groups, "places": places(attended), **self.facts}
        filled = fill(self.values, hidden, valid=units.hideable, rng=rng.child("fill"), **about)
        return self.with_ids(filled)

    def with_ids(self, ids: Array) -> dict[str, Any]:
        """The columns with other ids."""
        return {**self.columns, "input_ids": ids}


@dataclass(frozen=True, eq=False)
class ArrayBatch:
    """A batch of numbers on a grid.

    Attributes:
        values: [B, *grid x sides, ...]; axes after those of the grid are channels.
        grid: of units.
        sides: cells of a unit along each axis.
        allowed: [B, *grid] or [B, *grid x sides] bool, what may be hidden; None means all.
        out: an array like `values`, or `values` itself, that the result is written to; None makes a new one.
        signals: name -> [B, *grid] or [B, *grid x sides], what the pattern is guided by.
        facts: what else the fill asks for by name.
    """

    values: Array
    grid: Grid
    sides: tuple[int, ...]
    allowed: Array | None
    out: Array | None
    signals: Mapping[str, Array]
    facts: Mapping[str, Any]

    @classmethod
    def of(cls, batch: Array, facts: Mapping[str, Any], masking: Masks, signals: Any) -> ArrayBatch:
        """The batch, checked; see `checked`."""
        grid, allowed, out = facts.get("grid"), facts.get("valid"), facts.get("out")
        sides = check_array(batch, grid, facts.get("sides"), masking.unit)
        shapes = BoxUnits(grid, sides, batch, allowed).shapes  # pyright: ignore[reportArgumentType]
        check_valid(allowed, batch, *shapes)
        check_out(out, batch)
        if out is not None and fills.traits(masking.fill).changes_shape:
            raise MaskingError(f"out: the fill {type(masking.fill).__name__.lower()} changes the shape; leave out out.")
        guides = {name: signal_of(facts, name, batch, *shapes[::-1]) for name in signals}
        own = {key: value for key, value in facts.items() if key not in ("grid", "valid", "sides", "out")}
        return cls(batch, grid, sides, allowed, out, guides, own)  # pyright: ignore[reportArgumentType]

    def example_ids(self) -> Array:
        """Numbers have no names of their own.

        Raises:
            MaskingError: always.
        """
        raise MaskingError("example_ids: give whole numbers that name the examples, such as their row numbers.")

    def units(self, unit: str) -> BoxUnits:
        """The cells of the grid, each a box of cells of the array; `unit` is a name for them and changes nothing."""
        del unit
        return BoxUnits(self.grid, self.sides, self.values, self.allowed)

    def filled(self, fill: Fill, hidden: Array, units: Units | BoxUnits, rng: Rng) -> Array:
        """The array with the hidden cells replaced; with a fill that removes them the sequence of what is left.

        Args:
            fill: one that works on numbers.
            hidden: [B, *grid x sides] bool.
            units: of the array.
            rng: of the examples.
        """
        x, valid = self.values, units.hideable
        if fills.traits(fill).removes:
            if max(self.sides) > 1:
                raise MaskingError(
                    "drop removes cells, and here a unit is a box of them: give the boxes themselves, [B, *grid, "
                    "values] as Patches.flatten makes them, and no sides."
                )
            cells = (x.shape[0], math.prod(hidden.shape[1:]))  # in reading order
            sequence = x.reshape(cells + tuple(x.shape[hidden.ndim :]))
            return fill(sequence, hidden.reshape(cells), valid=existing(valid).reshape(cells), rng=rng, **self.facts)
        channels = (1,) * (x.ndim - hidden.ndim)
        wide, valid = (cells.reshape(tuple(cells.shape) + channels) for cells in (hidden, valid))
        values = fill(x, wide, valid=valid, rng=rng.child("fill"), **self.facts)
        return values if self.out is None else into(self.out, values)
