"""Which masking a picture and which its text gets, from one masking for both or one for each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from maskwright import fills, patterns
from maskwright.config import RunConfig
from maskwright.engine.modalities import PROPORTIONAL, PerModality
from maskwright.engine.trial import check_on_grid, check_on_text
from maskwright.errors import ConfigError, did_you_mean
from maskwright.fills.mask_token import MaskToken
from maskwright.grid import Grid
from maskwright.masking import Masking
from maskwright.tasks.vision.traits import fills_pictures

__all__ = ["IMAGE", "MODALITIES", "TEXT", "both", "check_maskings", "evaluated", "fill_of"]

IMAGE, TEXT = MODALITIES = ("image", "text")
PICTURE_UNITS = ("patch", "pixel")
TEXT_UNITS = ("token", "word", "type")
"""Units of a text that a tokenizer finds by itself: mentions (`entity`) would have to be marked by somebody."""

EACH = "give one for each: masking: {modalities: {image: {pattern, fill}, text: {pattern, fill}}, budget: ...}"


def both(masking: Masking | PerModality) -> PerModality:
    """One masking for each modality, under one budget over the units of both.

    A masking for both hides the same share of each. A fill that the other modality has none of stands for the plain
    one there: the mean of the visible pixels, the mask token of the tokenizer. So does a unit: patches, words.

    Raises:
        ConfigError: a pattern that sets its own count, or a share of examples that is left whole.

    >>> shared = both(Masking("iid", 0.5, "mean", unit="word"))
    >>> [(name, part.fill, part.unit) for name, part in shared.modalities]
    [('image', Mean(over='example'), 'patch'), ('text', MaskToken(), 'word')]
    """
    if isinstance(masking, PerModality):
        return masking
    if masking.budget is None or masking.clean_share:
        raise ConfigError(
            "masking: of picture and text one budget decides how much is hidden; give a budget, a pattern that sets no "
            "count of its own, and no clean_share (budget: {uniform: [0, 0.6]} leaves some nearly whole)."
        )
    units = {
        IMAGE: masking.unit if masking.unit in PICTURE_UNITS else "patch",
        TEXT: masking.unit if masking.unit in TEXT_UNITS else "word",
    }
    parts = {
        name: Masking(masking.pattern, masking.budget, fill_of(masking.fill, name), unit)
        for name, unit in units.items()
    }
    return PerModality(parts, masking.budget, PROPORTIONAL)


def fill_of(node: Any, name: str) -> Any:
    """The fill of one modality, from a fill or its node, or from {"image": node, "text": node}; None for none."""
    if node is None:
        return None
    if isinstance(node, Mapping) and set(node) == set(MODALITIES):
        return fills.from_node(node[name])
    fill = node if callable(node) else fills.from_node(node)
    if name == IMAGE:
        return fill if fills_pictures(fill) else fills.from_node("mean")
    return MaskToken() if fills.traits(fill).numeric else fill


def other_fill(node: Any, reader: Any) -> dict[str, Any]:
    """Noise for pictures and deleted tokens for texts, or something else where that is what the run does."""
    del reader
    text = "mask-token" if fills.traits(fill_of(node, TEXT)).removes else "drop"
    return {IMAGE: "mean" if fill_of(node, IMAGE) == fills.from_node("noise") else "noise", TEXT: text}


def evaluated(node: Mapping[str, Any]) -> PerModality:
    """What evaluation hides: the same pattern in both, the same share of each; see `Task.evaluated`."""
    rest = {key: node[key] for key in ("pattern", "budget", "unit")}
    shared = both(Masking.from_dict({**rest, "fill": "keep"}))
    parts = {
        name: Masking(part.pattern, part.budget, fill_of(node["fill"], name), part.unit)
        for name, part in shared.modalities
    }
    return PerModality(parts, shared.budget, shared.concentration)


def check_maskings(config: RunConfig) -> None:
    """Refuse what cannot be hidden in pictures or in texts, in training or in evaluation.

    Raises:
        ConfigError: units, patterns or fills of other inputs.
    """
    units, chosen = (*TEXT_UNITS, *PICTURE_UNITS), {"evaluation.unit": config.evaluation.unit}
    if isinstance(config.masking, Masking):
        chosen["masking.unit"] = config.masking.unit
    for key, unit in chosen.items():
        if unit not in units:
            raise ConfigError(f"{key}: pictures with texts have no unit {unit!r}. {did_you_mean(unit, units)}")
    for name, pattern in config.evaluation.named_patterns.items():
        declared = patterns.traits(pattern)
        if declared.sets_own_count or not all(declared.fits(grid) for grid in _grids().values()):
            raise ConfigError(f"evaluation.patterns: {name} is not for pictures and texts alike; give iid, say.")
    if config.masking is None:
        return
    parts = dict(both(config.masking).modalities)
    for name, units in ((IMAGE, (*PICTURE_UNITS, "token")), (TEXT, TEXT_UNITS)):
        if parts[name].unit not in units:
            hint = did_you_mean(parts[name].unit, units)
            raise ConfigError(f"masking.modalities.{name}.unit: given {parts[name].unit!r}. {hint}")
    try:
        check_on_grid(parts[IMAGE], _grids()[IMAGE])
        check_on_text(parts[TEXT])
    except ConfigError as error:
        hint = "" if isinstance(config.masking, PerModality) else f" Or {EACH}."
        raise ConfigError(f"{error}{hint}") from error


def _grids() -> dict[str, Grid]:
    return {IMAGE: Grid(row=14, col=14), TEXT: Grid(token=64)}
