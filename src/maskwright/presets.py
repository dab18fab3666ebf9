"""Maskings with a name: settings of a paper, or of ours, each with its source."""

from __future__ import annotations

from collections.abc import Callable

from maskwright.errors import ConfigError, did_you_mean
from maskwright.masking import Masking


def automask() -> Masking:
    """The tuning-free default for fine-tuning on text: every occurrence of a word at once, at a ratio from U(0, 0.8).

    A uniform ratio prepares one model for every ratio, whole texts included; hiding by type leaves no copy of a
    shortcut that repeats. What it did on two data sets: docs/log.md.
    """
    return Masking.from_dict(
        {"pattern": "iid", "budget": {"uniform": [0.0, 0.8]}, "fill": "mask-token", "unit": "type"}
    )


def bert() -> Masking:
    """15 % of the tokens; of these 80 % mask token, 10 % random, 10 % kept (Devlin et al. 2019, arXiv:1810.04805).

    For reconstruction. "The training data generator chooses 15% of the token positions at random for prediction."
    """
    fill = {"mix": {"mask-token": 0.8, "random-token": 0.1, "keep": 0.1}}
    return Masking.from_dict({"pattern": "iid", "budget": {"ratio": 0.15}, "fill": fill, "unit": "token"})


PRESETS: dict[str, Callable[[], Masking]] = {"automask": automask, "bert": bert}
"""Name -> how it is made."""


def preset(name: str) -> Masking:
    """A masking by name; ConfigError offers the nearest name.

    >>> preset("automask").unit
    'type'
    """
    if name not in PRESETS:
        raise ConfigError(f"there is no masking preset '{name}'. {did_you_mean(name, [*PRESETS, 'none'])}")
    return PRESETS[name]()
