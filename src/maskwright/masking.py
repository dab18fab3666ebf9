"""Masking: pattern + budget + fill + unit, one frozen value that is one YAML node.

>>> masking = Masking.from_dict({"pattern": "iid", "budget": 0.3, "fill": "mask-token", "unit": "word"})
>>> Masking.from_dict(masking.to_dict()) == masking
True
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from maskwright import budgets, fills, patterns
from maskwright.backend.arrays import Array, all_true, is_torch, like
from maskwright.backend.compiled import kernels
from maskwright.backend.content import content_ids
from maskwright.compact.shapes import Compact, Tiles, on_host
from maskwright.engine.checks import check_array, check_moment, check_out, check_valid, text_arrays
from maskwright.engine.corrupt import Corrupted, corrupt_array, corrupt_text, takes_compact
from maskwright.engine.draw import (
    draw_mask,
    drawn_alone,
    independent,
    keyed,
    left_whole,
    token_work,
    tokens_on_their_own,
)
from maskwright.errors import ConfigError, MaskingError, did_you_mean
from maskwright.rng import Rng
from maskwright.strategy import check as check_fields
from maskwright.strategy import number, to_node
from maskwright.units.patches import BOXES, BoxUnits
from maskwright.units.text import UNITS, text_units
from maskwright.units.vocabulary import SPECIAL, Vocabulary


@dataclass(frozen=True)
class Masking:
    """What to hide, how much of it, and what to put there.

    Calling it hides parts of a batch; nothing that was given is changed. The mask of an example is a function of
    (seed, epoch, its id) and of nothing else.

    Args:
        pattern: where, for example `Iid()`, or as in YAML `"iid"`.
        budget: how many, for example `Ratio(0.3)` or `0.3`; may be None for patterns that set their own count.
        fill: with what, for example `MaskToken()` or `"mask-token"`.
        unit: what is hidden whole, in text: `token`, `word` or `type` (see `maskwright.units.text`); for arrays a name
            for a cell of the grid, which changes nothing: `patch`, `pixel`, `tubelet`, `frame`, `bin`, `feature`.
        clean_share: this share of the examples, drawn anew each epoch, is left whole.

    >>> import numpy as np
    >>> from maskwright.grid import Grid
    >>> half = Masking(pattern="iid", budget=0.5, fill="zero")
    >>> half(np.ones((1, 2, 4)), example_ids=[0], grid=Grid(row=2, col=4)).inputs.sum()
    np.float64(4.0)
    """

    pattern: patterns.Pattern
    budget: budgets.Budget | None
    fill: fills.Fill
    unit: str = "token"
    clean_share: float = number(0.0, 0.0, 1.0, "share of examples")

    def __post_init__(self):
        # What YAML takes is taken here too: a name, a number, or a mapping of one name to its parameters.
        for field, read in (("pattern", patterns.from_node), ("budget", budgets.from_node), ("fill", fills.from_node)):
            given = getattr(self, field)
            if isinstance(given, type):
                raise ConfigError(
                    f"masking.{field}: given the class {given.__name__}; make a value: {given.__name__}(...)."
                )
            if given is not None and not callable(given):
                object.__setattr__(self, field, read(given))
        check_fields(self)
        if self.unit not in UNITS + BOXES:
            raise ConfigError(f"masking.unit: given {self.unit!r}. {did_you_mean(str(self.unit), UNITS + BOXES)}")
        if self.budget is None and not getattr(self.pattern, "sets_own_count", False):
            raise ConfigError(
                "masking.budget is missing: say how many units to hide, for example budget: {ratio: 0.3}."
            )

    @classmethod
    def from_dict(cls, node: Mapping[str, Any] | str) -> Masking:
        """Build from a YAML node: a mapping with the fields above, or the name of a preset.

        Raises:
            ConfigError: unknown keys, names or parameters (with the nearest known), values out of range.
        """
        if isinstance(node, str):
            from maskwright.presets import preset

            return preset(node)
        if not isinstance(node, Mapping):
            raise ConfigError(f"masking: expected pattern, budget, fill and unit, or a preset's name, given {node!r}.")
        known = [field.name for field in dataclasses.fields(cls)]
        for key in node:
            if key not in known:
                raise ConfigError(f"masking: unknown key '{key}'. {did_you_mean(str(key), known)}")
        missing = [key for key in ("pattern", "fill") if key not in node]
        if missing:
            raise ConfigError(f"masking: the key '{missing[0]}' is missing; give pattern, budget and fill.")
        return cls(**{"budget": None, **node})

    def to_dict(self) -> dict[str, Any]:
        """The YAML node; `from_dict` gives back an equal value."""
        return {
            "pattern": to_node(self.pattern),
            "budget": None if self.budget is None else to_node(self.budget),
            "fill": to_node(self.fill),
            "unit": self.unit,
            "clean_share": self.clean_share,
        }

    def __call__(
        self,
        batch: Mapping[str, Any] | Array,
        *,
        example_ids: Array | Sequence[int] | None = None,
        seed: int = 0,
        epoch: int = 0,
        progress: float = 0.0,
        **facts: Any,
    ) -> Corrupted:
        """Hide parts of a batch.

        Args:
            batch: text, as a mapping with `input_ids` [B, L] and, if there is padding, `attention_mask`; or an array
                [B, *grid x sides, ...]. NumPy or torch, on any device; the result is on the same.
            example_ids: [B] whole numbers that name the examples; if left out, a hash of their content (text only).
            seed: of the run.
            epoch: pass over the data; another one, another mask.
            progress: share of training done, for schedules.
            **facts: for text `vocabulary`, `word_ids` [B, L] (or in the batch) where the caller knows the words, and
                `valid` [B, L] bool where only some tokens may be hidden (the answer, say). For arrays `grid` of units;
                `sides`, a tuple: the cells of a unit along each axis, 1 if left out (with sides=(16, 16) pattern and
                budget see patches and the fill sees pixels); `valid` bool over units or over cells where some may not
                be hidden; `out`, an array like the batch, or the batch itself, that the result is written to and
                returned in (saves the copy for zero, constant and the mean of the example; what else is put in is
                made first and copied). Besides, what the pattern or the fill asks for by name, such as `scores` per
                unit or cell.

        Raises:
            MaskingError: arrays that do not fit together, a fact that is missing or unknown.
        """
        check_moment(seed, epoch, progress)
        known = _TEXT_FACTS if isinstance(batch, Mapping) else _ARRAY_FACTS
        known += getattr(self.pattern, "signals", ()) + getattr(self.fill, "facts", ())
        for name in facts:
            if name not in known:
                kind = "text" if isinstance(batch, Mapping) else "an array"
                raise MaskingError(f"masking {kind} takes no '{name}'. {did_you_mean(name, known)}")
        if isinstance(batch, Mapping):
            return self._text(batch, facts, example_ids, (seed, epoch, progress))
        return self._array(batch, facts, example_ids, (seed, epoch, progress))

    def _text(self, batch: Mapping[str, Any], facts: dict[str, Any], example_ids: Any, moment: tuple) -> Corrupted:
        vocabulary = _fact(facts, "vocabulary", Vocabulary, "Vocabulary.from_tokenizer(tokenizer)")
        fills.check_for_tokens(self.fill)
        if self.unit in BOXES:
            raise MaskingError(f"unit '{self.unit}' is for arrays: texts have the units {', '.join(UNITS)}.")
        ids, attention, word_ids = text_arrays(batch, facts.get("word_ids", batch.get("word_ids")))
        check_valid(facts.get("valid"), ids, tuple(ids.shape))
        batch = {key: value for key, value in batch.items() if key != "word_ids"} if "word_ids" in batch else batch
        find = partial(text_units, ids, attention, vocabulary, self.unit, word_ids, facts.get("valid"))
        if example_ids is None:
            example_ids = content_ids(ids, all_true(ids) if attention is None else attention != 0)
        rng = keyed(example_ids, ids, seed=moment[0], epoch=moment[1])
        if facts.get("valid") is None and tokens_on_their_own(self, ids, attention):
            return self._few_tokens(batch, vocabulary, rng, find)
        units = find()
        if independent(self):  # which units were hit can be read off the cells, if anybody asks
            mask, drawn = None, drawn_alone(self, rng, *units.grid.shape)
        else:
            mask = drawn = draw_mask(self, units, rng, moment[2], facts)
        hidden = units.to_cells(drawn)
        flat = None if is_torch(ids) else np.flatnonzero(hidden)
        given = {"units": units, "vocabulary": vocabulary, "flat": flat}
        inputs = corrupt_text(batch, hidden, self.fill, rng=rng.child("fill"), **given)
        return Corrupted(inputs, hidden, units, mask, ids, flat)

    def _few_tokens(self, batch: Mapping[str, Any], vocabulary: Vocabulary, rng: Rng, find: Any) -> Corrupted:
        """The same masks as by way of the units, in a third of the time: only tokens that are hit are looked up."""
        ids, fast = batch["input_ids"], kernels()
        work = token_work(self, batch, vocabulary, rng) if fast else None
        done = fast.hide_tokens(work) if fast and work else None
        if done is not None:
            filled, mask, flat = done
            return Corrupted({**batch, "input_ids": filled}, mask, find, None, ids, flat)
        vocabulary.check(ids)
        mask = drawn_alone(self, rng, ids.shape[1])
        if batch.get("attention_mask") is not None:
            mask &= batch["attention_mask"] != 0
        flat = np.flatnonzero(mask)
        special = (vocabulary.table("flags", ids).take(ids.ravel().take(flat)) & SPECIAL).view(bool)  # SPECIAL is 1
        mask.reshape(-1)[flat[special]] = False
        flat = flat[~special]
        filled = fills.replace_hidden(self.fill, ids, mask, rng=rng.child("fill"), flat=flat, vocabulary=vocabulary)
        return Corrupted({**batch, "input_ids": filled}, mask, find, None, ids, flat)

    def _array(self, x: Array, facts: dict[str, Any], example_ids: Any, moment: tuple) -> Corrupted:
        grid, valid = facts.get("grid"), facts.get("valid")
        sides = check_array(x, grid, facts.get("sides"), self.unit)
        units = BoxUnits(grid, sides, x, valid)  # pyright: ignore[reportArgumentType]
        check_valid(valid, x, *units.shapes)
        check_out(facts.get("out"), x)
        if facts.get("out") is not None and getattr(self.fill, "changes_shape", False):
            raise MaskingError(f"out: the fill {type(self.fill).__name__.lower()} changes the shape; leave out out.")
        if example_ids is None:
            raise MaskingError("example_ids: give whole numbers that name the examples, such as their row numbers.")
        rng = keyed(example_ids, x, seed=moment[0], epoch=moment[1])
        hidden = self._compact(units, rng)
        if hidden is None:
            hidden = Tiles(draw_mask(self, units, rng, moment[2], facts), sides)
        return corrupt_array(x, hidden, self.fill, units=units, rng=rng, facts=facts)

    def _compact(self, units: BoxUnits, rng: Rng) -> Compact | None:
        """Lines or boxes of cells, from patterns that know them and where no budget bounds them."""
        compact: Any = getattr(self.pattern, "compact", None)
        if compact is None or self.budget is not None or not takes_compact(self.fill, units.array):
            return None
        whole = left_whole(self, rng)
        count = like(np.full(units.array.shape[0], units.grid.size), units.array) * (1 if whole is None else ~whole)
        valid = None if units.allowed is None else units.valid
        return on_host(compact, units.grid, count, valid=valid, rng=rng.child("pattern")).enlarged(units.sides)

    def collator(self, tokenizer: Any, **options: Any) -> Any:
        """A collator for `DataLoader` and the Hugging Face `Trainer`; see `MaskingCollator`."""
        from maskwright.text.collator import MaskingCollator

        return MaskingCollator(tokenizer, self, **options)


_TEXT_FACTS = ("vocabulary", "word_ids", "valid")
_ARRAY_FACTS = ("grid", "sides", "valid", "vocabulary", "out")


def _fact(facts: Mapping[str, Any], name: str, kind: type, example: str) -> Any:
    value = facts.get(name)
    if not isinstance(value, kind):
        raise MaskingError(f"{name}: expected {name}={example}, given {type(value).__name__}.")
    return value
