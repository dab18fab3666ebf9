"""What a run on texts is checked for before its data is read, and what is said of its texts before they are encoded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from maskwright.config import RunConfig
from maskwright.data.checks import count_truncated
from maskwright.tasks import scratch
from maskwright.tasks.text.maskings import UNITS, check_maskings, check_units
from maskwright.tasks.text.models import check_new_model, variant_notes
from maskwright.tasks.text.tokenizing import load_tokenizer

if TYPE_CHECKING:
    from maskwright.data.checked import CheckedData

__all__ = ["check_text_run", "describe_lengths"]


def check_text_run(config: RunConfig, units: Sequence[str] = UNITS) -> None:
    """Refuse units that the texts of a task do not have, maskings that are not for texts, sizes that there are not.

    Raises:
        ConfigError: naming the key.
    """
    check_maskings(config)
    check_units(config, units)
    scratch.size_of(config.model)


def describe_lengths(config: RunConfig, data: CheckedData, auto: str = "") -> tuple[str, ...]:
    """How long the texts are against what the model is shown, and which variants it cannot read.

    Args:
        config: of the run.
        data: its data.
        auto: name of the class of Transformers that the task builds, as which a new model of a family is tried.

    Raises:
        ConfigError: the tokenizer of a saved model cannot be had, or a new one of such a family cannot be built.
    """
    scratch.check_family(config.model)
    if auto:
        check_new_model(config, auto)
    tokenizer = None if scratch.size_of(config.model) is not None else load_tokenizer(config, ())
    unread = () if tokenizer is None else variant_notes(data, tokenizer)
    return (*count_truncated(data, tokenizer, config.data.max_length), *unread)
