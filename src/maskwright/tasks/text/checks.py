"""What a run on texts is checked for before its data is read, and what is said of its texts before they are encoded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from maskwright.config import RunConfig
from maskwright.data.checks import count_truncated
from maskwright.engine.trial import check_on_text
from maskwright.errors import ConfigError, did_you_mean
from maskwright.tasks import scratch
from maskwright.tasks.text.models import variant_notes
from maskwright.tasks.text.tokenizing import load_tokenizer

if TYPE_CHECKING:
    from maskwright.data.checked import CheckedData

__all__ = ["UNITS", "check_text_run", "describe_lengths"]


UNITS = ("token", "word", "type")
"""Units that every text has."""


def check_text_run(config: RunConfig, units: Sequence[str] = UNITS) -> None:
    """Refuse units that the texts of a task do not have, and maskings that are not for texts.

    Raises:
        ConfigError: naming the key.
    """
    named = {"evaluation.unit": config.evaluation.unit}
    if config.masking is not None:
        check_on_text(config.masking)
        named["masking.unit"] = config.masking.unit
    for key, unit in named.items():
        if unit not in units:
            raise ConfigError(f"{key}: given {unit!r}. {did_you_mean(unit, units)}")


def describe_lengths(config: RunConfig, data: CheckedData) -> tuple[str, ...]:
    """How long the texts are against what the model is shown, and which variants it cannot read."""
    tokenizer = None if scratch.size_of(config.model) is not None else load_tokenizer(config, ())
    unread = () if tokenizer is None else variant_notes(data, tokenizer)
    return (*count_truncated(data, tokenizer, config.data.max_length), *unread)
