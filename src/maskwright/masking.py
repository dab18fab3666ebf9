"""Masking: pattern + budget + fill + unit, one frozen value that is one YAML node.

>>> masking = Masking.from_dict({"pattern": "iid", "budget": 0.3, "fill": "mask-token", "unit": "word"})
>>> Masking.from_dict(masking.to_dict()) == masking
True
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import maskwright
from maskwright import budgets, fills, patterns
from maskwright.backend.arrays import Array
from maskwright.engine.batches import checked
from maskwright.engine.corrupt import Corrupted
from maskwright.engine.draw import Drawing
from maskwright.engine.fast import try_fast
from maskwright.errors import ConfigError, MaskingError, did_you_mean
from maskwright.rng import Moment, Rng
from maskwright.strategy import check, number, read, to_node
from maskwright.units.patches import BOXES
from maskwright.units.text import UNITS


@dataclass(frozen=True)
class Masking:
    """What to hide, how much of it, and what to put there.

    Calling it hides parts of a batch; nothing that was given is changed. The mask of an example is a function of
    (seed, epoch, its id) and of nothing else.

    Args:
        pattern: where, for example `Iid()`, or as in YAML `"iid"`.
        budget: how many, for example `Ratio(0.3)` or `0.3`; may be None for patterns that set their own count.
        fill: with what, for example `MaskToken()` or `"mask-token"`.
        unit: what is hidden whole, in text: `token`, `word`, `type` or `entity` (see `maskwright.units.text`); for
            arrays a name for a cell of the grid, which changes nothing: `patch`, `pixel`, `tubelet`, `frame`, `bin`,
            `feature`.
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
        for field in ("pattern", "budget", "fill"):
            value = getattr(self, field)
            if value is not None or field != "budget":
                object.__setattr__(self, field, read(f"maskwright.{field}s", value, f"masking.{field}"))
        check(self)
        if self.unit not in UNITS + BOXES:
            raise ConfigError(f"masking.unit: given {self.unit!r}. {did_you_mean(str(self.unit), UNITS + BOXES)}")
        # Collected here, so that what is declared wrongly is refused here.
        pattern, _, _ = patterns.traits(self.pattern), budgets.traits(self.budget), fills.traits(self.fill)
        if self.budget is None and not pattern.sets_own_count:
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
            return maskwright.preset(node)
        if not isinstance(node, Mapping):
            raise ConfigError(f"masking: expected pattern, budget, fill and unit, or a preset's name, given {node!r}.")
        keys = [field.name for field in dataclasses.fields(cls)]
        for key in node:
            if key not in keys:
                raise ConfigError(f"masking: unknown key '{key}'. {did_you_mean(str(key), keys)}")
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
        moment: Moment | None = None,
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
            moment: seed, epoch and progress in one, instead of the three.
            **facts: for text `vocabulary`, `word_ids` [B, L] (or in the batch) where the caller knows the words or,
                for the unit `entity`, the mentions, and `valid` [B, L] bool where only some tokens may be hidden (the
                answer, say). For arrays `grid` of units; `sides`, a tuple: the cells of a unit along each axis, 1 if
                left out (with sides=(16, 16) pattern and budget see patches and the fill sees pixels); `valid` bool
                over units or over cells where some may not be hidden; `out`, an array like the batch, or the batch
                itself, that the result is written to and returned in (saves the copy for zero, constant and the mean
                of the example; what else is put in is made first and copied). Besides, what the pattern or the fill
                asks for by name, such as `scores` per unit or cell.

        Raises:
            MaskingError: arrays that do not fit together, a fact that is missing or unknown.
        """
        moment = Moment(seed, epoch, progress) if moment is None else _alone(moment, seed, epoch, progress)
        ready = checked(self, batch, facts)
        rng = Rng.of_batch(ready.example_ids() if example_ids is None else example_ids, ready.values, moment)
        drawing = Drawing(self, rng, moment.progress)
        fast = try_fast(ready, drawing)
        if fast is not None:
            return fast
        units = ready.units(self.unit)
        hidden = units.to_cells(drawing.mask(units, ready.signals))
        inputs = ready.filled(self.fill, hidden, units, drawing.rng)
        return Corrupted(inputs, hidden, units, ready.values, drawing)

    def collator(self, tokenizer: Any, **options: Any) -> Any:
        """A collator for `DataLoader` and the Hugging Face `Trainer`; see `MaskingCollator`."""
        return maskwright.MaskingCollator(tokenizer, self, **options)


def _alone(moment: Moment, *separate: float) -> Moment:
    if not isinstance(moment, Moment) or separate != (0, 0, 0.0):
        raise MaskingError(
            f"moment: expected a Moment, and then neither seed nor epoch nor progress, given {moment!r}, {separate}."
        )
    return moment
