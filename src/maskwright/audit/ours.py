"""Subjects from our own maskings: of a run configuration on its data, or of a preset on examples made here."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from maskwright import budgets, fills, patterns
from maskwright.errors import ConfigError
from maskwright.grid import Grid
from maskwright.masking import Masking
from maskwright.presets import preset, presets
from maskwright.rng import Moment, Rng
from maskwright.testing.subject import EXAMPLES, Subject, synthetic_examples
from maskwright.testing.synthetic import synthetic_tokenizer
from maskwright.text.collator import MaskingCollator
from maskwright.units import text as text_units

DRAWS, UNITS = 200_000, 1_000


def masking_subject(
    masking: Masking | None,
    examples: Sequence[Mapping[str, Any]] | None = None,
    tokenizer: Any = None,
    *,
    seed: int = 0,
) -> Subject:
    """A subject from a masking for text, through the collator that training uses.

    Args:
        masking: what to hide.
        examples: mappings with `input_ids`, and `example_id` where there is one; made here if left out.
        tokenizer: that made the examples; the synthetic one if left out.
        seed: of the masks.

    Raises:
        ConfigError: no masking, or no examples.
    """
    if masking is None:
        raise ConfigError("masking: none hides nothing, so there is nothing to audit; set masking=automask, say.")
    if examples is not None and not examples:
        raise ConfigError("the data hold no examples to mask.")
    if tokenizer is None:
        tokenizer = synthetic_tokenizer(sentinels=100 if fills.traits(masking.fill).marks_runs else 0)
    made: dict[str, Any] = synthetic_examples() if examples is None else {"examples": examples}
    collator = masking.collator(tokenizer, seed=seed)
    collator.set_progress(0.0)
    return Subject(
        lambda: TextMasking(collator),
        passes=max(1, min(40, EXAMPLES // len(made["examples"]))),
        vocabulary=collator.vocabulary,
        words=masking.unit in text_units.WORDS,
        padding_side=tokenizer.padding_side,
        alternatives={name: _on(collator, name) for name in ("torch", *_graphics())},
        plain=lambda: copy.deepcopy(collator),
        **made,
        **_asked(masking),
    )


def preset_subject(name: str) -> Subject:
    """A subject from a preset, on examples of the shape that its paper used."""
    masking, about = preset(name), presets()[name]
    if "token" in about.grid:
        return masking_subject(masking)
    grid = Grid(**dict(about.grid))
    numbers = min(EXAMPLES, max(64, 3_000_000 // grid.size))
    x = np.random.default_rng(0).random((numbers, *grid.shape), dtype=np.float32) + 1
    examples = [{"example_id": number, "x": row} for number, row in enumerate(x)]
    return Subject(
        lambda: ArrayMasking(masking, grid, "numpy"),
        examples,
        alternatives={name: _array_on(masking, grid, name) for name in ("torch", *_graphics())},
        **_asked(masking),
    )


class TextMasking:
    """The collator of a masking, which also tells the mask that it drew.

    Args:
        collator: whose batches these are.
        back_end: `numpy`, `torch` or `cuda`, on which the mask is drawn.
    """

    def __init__(self, collator: MaskingCollator, back_end: str = "numpy"):
        self.collator = copy.deepcopy(collator)
        self.back_end = back_end

    def set_epoch(self, epoch: int) -> None:
        """Pass the epoch on."""
        self.collator.set_epoch(epoch)

    def __call__(self, features: list[dict[str, Any]]) -> dict[str, Any]:
        """The batch, with `mask`, `hidden_units` and `units`."""
        collator = self.collator
        batch, clean = collator(features), collator.clean(features)
        ids = [feature["example_id"] for feature in features] if "example_id" in features[0] else None
        facts = {"vocabulary": collator.vocabulary, "example_ids": ids, "moment": Moment(collator.seed, collator.epoch)}
        text = {name: _moved(clean[name], self.back_end) for name in ("input_ids", "attention_mask")}
        words = collator.padded(features)[0].get("word_ids")
        if words is not None:
            text["word_ids"] = _moved(words, self.back_end)
        masking = collator.masking
        if masking is None:
            raise ConfigError("masking: none hides nothing, so there is nothing to audit.")
        out = masking(text, **facts)
        numbers = {"mask": out.mask, "hidden_units": out.count, "units": out.n_units}
        return {**numbers, **{name: batch[name] for name in ("input_ids", "labels") if name in batch}}


class ArrayMasking:
    """A masking on arrays, called as a collator.

    Args:
        masking: what to hide.
        grid: of an example.
        back_end: `numpy`, `torch` or `cuda`.
    """

    def __init__(self, masking: Masking, grid: Grid, back_end: str):
        # Masks do not depend on the fill, and some fills need facts that only a model or the data have.
        self.masking = replace(masking, fill="zero")
        self.grid = grid
        self.back_end = back_end
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Say which pass over the data comes."""
        self.epoch = epoch

    def __call__(self, features: list[dict[str, Any]]) -> dict[str, Any]:
        """`mask`, and units as the pattern counts them."""
        x = _moved(np.stack([feature["x"] for feature in features]), self.back_end)
        ids = [feature["example_id"] for feature in features]
        out = self.masking(x, example_ids=ids, grid=self.grid, epoch=self.epoch)
        pattern = patterns.traits(self.masking.pattern)
        numbers = {"mask": out.mask}
        if pattern.bundles is not None:
            for name, cells in (("hidden_units", out.mask), ("units", out.mask | True)):
                numbers[name] = pattern.countable(self.grid, cells)
        return numbers


def _on(collator: MaskingCollator, back_end: str) -> Any:
    return lambda: TextMasking(collator, back_end)


def _array_on(masking: Masking, grid: Grid, back_end: str) -> Any:
    return lambda: ArrayMasking(masking, grid, back_end)


def _moved(value: Any, back_end: str) -> Any:
    import torch

    tensor = torch.as_tensor(value)
    return tensor.numpy() if back_end == "numpy" else tensor.to("cuda" if back_end == "cuda" else "cpu")


def _graphics() -> tuple[str, ...]:
    import torch

    return ("cuda",) if torch.cuda.is_available() else ()


def _asked(masking: Masking) -> dict[str, Any]:
    """What a masking says about itself, as attributes of a subject."""
    ratio, fixed = _asked_ratio(masking)
    pattern = patterns.traits(masking.pattern)
    declared: dict[str, str] = {}
    if budgets.traits(masking.budget).steps is not None:
        declared["exact_count"] = "declared: the budget is a probability per unit"
    if pattern.approximate:
        declared["exact_count"] = f"declared: {pattern.approximate}"
    if pattern.biased:
        declared["positions"] = f"declared: {pattern.biased}"
    if not pattern.draws:
        names = ("positions", "epochs_differ", "ranks_differ")
        declared |= dict.fromkeys(names, "declared: the pattern draws nothing")
    return {"ratio": ratio, "fixed_ratio": fixed, "declared": declared}


def _asked_ratio(masking: Masking) -> tuple[float | None, bool]:
    """The mean share of units that the budget asks for, and whether it is the same for every example."""
    if masking.budget is None or patterns.traits(masking.pattern).sets_own_count:
        return None, True
    budget = budgets.traits(masking.budget)
    if budget.steps is not None and budget.share is not None:
        return budget.share * (1 - masking.clean_share), not masking.clean_share
    rng = Rng.from_ids(np.arange(DRAWS), seed=1)
    counts = [masking.budget(np.full(DRAWS, n), rng=rng, progress=0.0) for n in (UNITS, 2 * UNITS)]
    if counts[0].any() and math.isclose(counts[0].mean(), counts[1].mean()):
        return None, True  # a number of units, not a share
    fixed = int(counts[0].max() - counts[0].min()) <= 1 and not masking.clean_share
    mean = float(counts[0].mean()) / UNITS
    return (mean if fixed else round(mean, 3)) * (1 - masking.clean_share), fixed
