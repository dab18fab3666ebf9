"""Maskings with a name: the settings of a paper, or of ours, each with its source.

One file a kind of input. A preset is a value, so that it can be printed, changed with `dataclasses.replace` and
written into a run configuration by its name. What of a published law is biased or inexact is kept, and said in `note`.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from maskwright.errors import ConfigError, did_you_mean
from maskwright.masking import Masking
from maskwright.presets.preset import Preset

KINDS = ("text", "vision", "audio", "tabular")
"""The files: kinds of input."""


@cache
def presets() -> dict[str, Preset]:
    """Name -> preset, of all kinds.

    >>> presets()["bert"].paper
    'Devlin et al. 2019, BERT, arXiv:1810.04805'
    """
    import importlib

    files = [importlib.import_module(f"maskwright.presets.{kind}") for kind in KINDS]
    return {preset.name: preset for file in files for preset in file.PRESETS}


def preset(name: str) -> Masking:
    """A masking by name; ConfigError offers the nearest name.

    >>> preset("automask").unit
    'type'
    """
    table: dict[str, Any] = presets()
    if str(name).lower() == "none":
        raise ConfigError("masking: none hides nothing, so there is no masking of that name; name a preset.")
    if name not in table:
        raise ConfigError(f"there is no masking preset '{name}'. {did_you_mean(name, table)}")
    return Masking.from_dict(table[name].node)
