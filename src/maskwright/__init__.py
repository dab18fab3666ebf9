"""maskwright: hide parts of the input while a model learns, and prove with numbers how much that helped.

    import maskwright as mw

    masking = mw.Masking(pattern=mw.Iid(), budget=mw.Ratio(0.3), fill=mw.MaskToken(), unit="word")
    masking.collator(tokenizer).attach(trainer)      # a Hugging Face Trainer of your own

Importing this package loads neither torch nor transformers; names are loaded when they are first used.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

from maskwright.strategy.kinds import class_name

__version__ = "0.1.0"

FAMILIES = ("budgets", "fills", "patterns")
"""Packages of strategies, which are attributes of this package. Their strategies are names here too, from the names of
their files; of two with one name the first is meant, and the other is `maskwright.patterns.Mix`, say."""

OTHERS = {
    "time_warp": "audio.time_warp",
    "RunningMean": "backend.running_mean",
    "apply_mask": "engine.corrupt",
    "Corrupted": "engine.corrupt",
    "PerModality": "engine.modalities",
    "ConfigError": "errors",
    "DataError": "errors",
    "MaskingError": "errors",
    "MaskwrightError": "errors",
    "RunError": "errors",
    "Grid": "grid",
    "Mask": "mask",
    "Masking": "masking",
    "preset": "presets",
    "Rng": "rng",
    "AttentionMask": "text.attention",
    "DenoisingCollator": "text.denoising",
    "document_leak": "text.leak",
    "DocumentAttention": "text.document_attention",
    "MaskedOnlyHead": "text.heads",
    "MaskingCollator": "text.collator",
    "pack": "text.packing",
    "PackingCollator": "text.packing",
    "NGramTable": "units.ngrams",
    "Vocabulary": "units.vocabulary",
}
"""Name -> home of what is not a strategy."""


def _homes() -> dict[str, str]:
    """Name -> home of all that is public: the one list from which names are loaded, stubs written and tests made."""
    homes = dict(OTHERS)
    for family in FAMILIES:
        for module in pkgutil.iter_modules([f"{__path__[0]}/{family}"]):
            homes.setdefault(class_name(module.name), f"{family}.{module.name}")
    return homes


HOMES = _homes()

__all__ = ["__version__", *HOMES]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name in FAMILIES:
        return importlib.import_module(f"maskwright.{name}")
    if name not in HOMES:
        raise AttributeError(f"module 'maskwright' has no attribute '{name}'")
    return getattr(importlib.import_module(f"maskwright.{HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*__all__, *FAMILIES])
