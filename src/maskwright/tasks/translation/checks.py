"""What a translation run is checked for before its data is read, and what is said of its texts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from maskwright.config import RunConfig
from maskwright.data.translation.loading import LANGUAGES
from maskwright.engine.modalities import PerModality
from maskwright.engine.trial import check_on_text
from maskwright.errors import ConfigError, did_you_mean
from maskwright.fills.drop import Drop
from maskwright.fills.sentinel import Sentinel
from maskwright.masking import Masking
from maskwright.tasks.text.models import variant_notes
from maskwright.tasks.translation import scratch
from maskwright.tasks.translation.encoded import SOURCE, TARGET
from maskwright.tasks.translation.languages import direction_note
from maskwright.tasks.translation.tokenizing import load_tokenizer, texts_of
from maskwright.units.text import UNITS

if TYPE_CHECKING:
    from maskwright.data.checked import CheckedData

__all__ = ["check_run", "describe", "evaluated"]

NEEDS_SACREBLEU = ("bleu", "bleu_characters")


def check_run(config: RunConfig) -> None:
    """Refuse units that texts do not have, and what cannot be hidden on one of the sides.

    Raises:
        ConfigError: naming the key.
    """
    scratch.size_of(config.model)
    asked = config.evaluation.metrics
    if find_spec("sacrebleu") is None and (asked is None or set(asked) & set(NEEDS_SACREBLEU)):
        raise ConfigError(
            "translation: BLEU needs sacrebleu. Install it with: pip install 'maskwright[translation]', or set "
            "evaluation.metrics: [chrf]."
        )
    if config.evaluation.unit not in UNITS:
        hint = did_you_mean(config.evaluation.unit, UNITS)
        raise ConfigError(f"evaluation.unit: given {config.evaluation.unit!r}. {hint}")
    if isinstance(config.masking, PerModality):
        parts = dict(config.masking.modalities)
        for name, part in parts.items():
            _check_side(part, f"masking.modalities.{name}")
        if isinstance(parts[TARGET].fill, Drop | Sentinel):
            raise ConfigError(
                f"masking.modalities.{TARGET}.fill: {type(parts[TARGET].fill).__name__.lower()} makes a text shorter, "
                "and the decoder predicts every token from the one in its place. Use mask-token, random-token or keep."
            )
    elif config.masking is not None:
        _check_side(config.masking, "masking")


def _check_side(masking: Masking, key: str) -> None:
    # Runs of hidden tokens as one marker each are for encoders that nothing is read off token by token, as here.
    plain = replace(masking, fill=Drop()) if isinstance(masking.fill, Sentinel) else masking
    try:
        check_on_text(plain)
    except ConfigError as error:
        raise ConfigError(str(error).replace("masking", key, 1)) from error


def evaluated(node: Mapping[str, Any]) -> Masking:
    """What evaluation hides: of the source alone, with its fill; the target is what is asked for."""
    fill = node["fill"]
    if isinstance(fill, Mapping) and set(fill) == {SOURCE, TARGET}:
        fill = fill[SOURCE]
    return Masking.from_dict({**node, "fill": fill})


def describe(config: RunConfig, data: CheckedData) -> tuple[str, ...]:
    """How long the texts are against what the model is shown, and what the tokenizer says of the languages."""
    tokenizer = None if scratch.size_of(config.model) is not None else load_tokenizer(config, data)
    notes = list(direction_note(tokenizer, data.facts[LANGUAGES])) if tokenizer is not None else []
    limits = {"source": config.data.max_length, "target": config.data.target_length}
    unit = "words" if tokenizer is None else "tokens"
    for name, split in {"train": data.train, "validation": data.validation, "test": data.test}.items():
        for side, limit in limits.items():
            lengths = _lengths(tokenizer, split[side][:], side, config.data.prefix)
            longer, key = sum(length > limit for length in lengths), "max_target_length" * (side == "target")
            notes.append(
                f"{name}: {longer:,} of {len(lengths):,} {side}s ({longer / len(lengths):.1%}) are longer than {limit} "
                f"{unit} and are cut at the end (longest: {max(lengths):,}; data.{key or 'max_length'})."
                if longer
                else f"{name}: no {side} is longer than {limit} {unit} (longest: {max(lengths):,})."
            )
    if tokenizer is None:
        notes.append("Words were counted, as the tokenizer is trained with the model; tokens are as many or more.")
    else:
        notes += variant_notes(data, tokenizer)
    return tuple(notes)


def _lengths(tokenizer: Any, texts: list[str], side: str, prefix: str) -> list[int]:
    if tokenizer is None:
        return [len(text.split()) for text in texts]
    whole = texts_of(side, [prefix + text for text in texts] if side == SOURCE else texts)
    # verbose=False: the tokenizer would warn of texts longer than its model takes, which is what is counted here.
    return [len(ids) for ids in tokenizer(**whole, truncation=False, verbose=False)["input_ids"]]
