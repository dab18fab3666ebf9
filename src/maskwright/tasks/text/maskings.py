"""The maskings of a run on texts: one, or one for each side that it hides in; and what its fills need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from maskwright import fills
from maskwright.config import RunConfig
from maskwright.engine.modalities import PerModality
from maskwright.engine.trial import check_on_text
from maskwright.errors import ConfigError, did_you_mean
from maskwright.masking import Masking

__all__ = ["UNITS", "check_maskings", "check_units", "maskings_of", "needs_mask_token"]

UNITS = ("token", "word", "type")
"""Units that every text has."""


def maskings_of(masking: Masking | PerModality | None) -> dict[str, Masking]:
    """Key of a configuration -> the masking there, of every side that a run hides in.

    >>> list(maskings_of(Masking("iid", 0.3, "mask-token")))
    ['masking']
    """
    if isinstance(masking, PerModality):
        return {f"masking.modalities.{name}": part for name, part in masking.modalities}
    return {} if masking is None else {"masking": masking}


def needs_mask_token(masking: Masking | PerModality | None) -> bool:
    """Whether a fill puts the tokenizer's mask token into texts, alone or as a part of another.

    >>> needs_mask_token(Masking("iid", 0.3, {"mix": {"mask-token": 0.8, "keep": 0.2}}))
    True
    """
    return any(fills.traits(part.fill).needs_mask_token for part in maskings_of(masking).values())


def check_units(config: RunConfig, units: Sequence[str] = UNITS) -> None:
    """Refuse units that the texts of a task do not have, in training and in evaluation.

    Raises:
        ConfigError: naming the key.
    """
    named: Mapping[str, str] = {key: part.unit for key, part in maskings_of(config.masking).items()}
    for key, unit in {"evaluation": config.evaluation.unit, **named}.items():
        if unit not in units:
            raise ConfigError(f"{key}.unit: given {unit!r}. {did_you_mean(unit, units)}")


def check_maskings(config: RunConfig, *, shorter: bool = False) -> None:
    """Refuse maskings that are not for texts.

    Args:
        config: of the run.
        shorter: whether every fill that can shorten a text will do, as for an encoder that nothing is read off token
            by token; otherwise only those that do no more than remove tokens.

    Raises:
        ConfigError: naming the key.
    """
    for key, part in maskings_of(config.masking).items():
        shortens = shorter and fills.traits(part.fill).shorten is not None
        try:
            check_on_text(replace(part, fill=fills.from_node("drop")) if shortens else part)
        except ConfigError as error:
            raise ConfigError(str(error).replace("masking", key, 1)) from error
