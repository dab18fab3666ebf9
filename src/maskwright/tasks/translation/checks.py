"""What a translation run is checked for before its data is read, and what is said of its texts."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from maskwright import fills
from maskwright.config import RunConfig
from maskwright.data.translation.loading import LANGUAGES
from maskwright.errors import ConfigError
from maskwright.masking import Masking
from maskwright.tasks.text import models
from maskwright.tasks.text.maskings import check_maskings, check_units, maskings_of
from maskwright.tasks.text.tokenizing import CHUNK
from maskwright.tasks.translation import scratch
from maskwright.tasks.translation.encoded import SOURCE, TARGET
from maskwright.tasks.translation.languages import direction_note
from maskwright.tasks.translation.tokenizing import NUMBERED, load_tokenizer, texts_of

if TYPE_CHECKING:
    from maskwright.data.checked import CheckedData

__all__ = ["check_run", "describe", "evaluated"]

NEEDS_SACREBLEU = ("bleu", "bleu_characters")


def check_run(config: RunConfig) -> None:
    """Refuse units that texts do not have, what cannot be hidden on one of the sides, sizes that there are not.

    Raises:
        ConfigError: naming the key.
    """
    is_new = scratch.size_of(config.model) is not None
    asked = config.evaluation.metrics
    if find_spec("sacrebleu") is None and (asked is None or set(asked) & set(NEEDS_SACREBLEU)):
        raise ConfigError(
            "translation: BLEU needs sacrebleu. Install it with: pip install 'maskwright[translation]', or set "
            "evaluation.metrics: [chrf]."
        )
    check_units(config)
    check_maskings(config, shorter=True)
    parts = maskings_of(config.masking)
    for key, part in parts.items():
        declared = fills.traits(part.fill)
        shortens = declared.changes_shape or declared.removes or declared.shorten is not None
        if shortens and key.endswith(f".{TARGET}"):
            raise ConfigError(
                f"{key}.fill: {_name(part)} makes a text shorter, and the decoder predicts every token from the one in "
                "its place. Use mask-token, random-token or keep."
            )
        if is_new and declared.marks_runs == NUMBERED:
            raise ConfigError(
                f"{key}.fill: {_name(part)} numbers the runs of hidden tokens, and the tokenizer that is trained with "
                f"'{config.model}' has no sentinels. Use fill: {{sentinel: single}}, or a model that has them (T5)."
            )


def _name(masking: Masking) -> str:
    return type(masking.fill).__name__.lower()


def evaluated(node: Mapping[str, Any]) -> Masking:
    """What evaluation hides: of the source alone, with its fill; the target is what is asked for."""
    return Masking.from_dict({**node, "fill": _of_source(node["fill"])})


def other_fill(fill: Any, tokenizer: Any) -> Any:
    """Another way to take away what is hidden of the source; see `Task.other_fill`."""
    return models.other_fill(_of_source(fill), tokenizer)


def _of_source(fill: Any) -> Any:
    return fill[SOURCE] if isinstance(fill, Mapping) and set(fill) == {SOURCE, TARGET} else fill


def describe(config: RunConfig, data: CheckedData) -> tuple[str, ...]:
    """How long the texts are against what the model is shown, and what the tokenizer says of the languages."""
    tokenizer = None if scratch.size_of(config.model) is not None else load_tokenizer(config, data)
    notes = list(direction_note(tokenizer, data.facts[LANGUAGES])) if tokenizer is not None else []
    limits = {"source": config.data.max_length, "target": config.data.target_length}
    unit = "words" if tokenizer is None else "tokens"
    for name, split in {"train": data.train, "validation": data.validation, "test": data.test}.items():
        for side, limit in limits.items():
            lengths = _lengths(tokenizer, split[side], side, config.data.prefix)
            longer, key = int((lengths > limit).sum()), "max_target_length" * (side == "target")
            notes.append(
                f"{name}: {longer:,} of {len(lengths):,} {side}s ({longer / len(lengths):.1%}) are longer than {limit} "
                f"{unit} and are cut at the end (longest: {lengths.max():,}; data.{key or 'max_length'})."
                if longer
                else f"{name}: no {side} is longer than {limit} {unit} (longest: {lengths.max():,})."
            )
    if tokenizer is None:
        notes.append("Words were counted, as the tokenizer is trained with the model; tokens are as many or more.")
    else:
        notes += models.variant_notes(data, tokenizer)
    return tuple(notes)


def _lengths(tokenizer: Any, column: Any, side: str, prefix: str) -> np.ndarray:
    """[N] tokens of each text of a column, special ones included; words where there is no tokenizer yet."""
    lengths: list[int] = []
    for start in range(0, len(column), CHUNK):
        texts = column[start : start + CHUNK]
        if tokenizer is None:
            lengths += [len(text.split()) for text in texts]
            continue
        whole = texts_of(side, [prefix + text for text in texts] if side == SOURCE else texts)
        # verbose=False: the tokenizer would warn of texts longer than its model takes, which is what is counted here.
        lengths += map(len, tokenizer(**whole, truncation=False, verbose=False)["input_ids"])
    return np.array(lengths)
