"""maskwright: hide parts of the input while a model learns, and prove with numbers how much that helped.

    import maskwright as mw

    masking = mw.Masking(pattern=mw.Iid(), budget=mw.Ratio(0.3), fill=mw.MaskToken(), unit="word")
    masking.collator(tokenizer).attach(trainer)      # a Hugging Face Trainer of your own

Importing this package loads neither torch nor transformers; names are loaded when they are first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "Bernoulli": "budgets.bernoulli",
    "Count": "budgets.count",
    "Ratio": "budgets.ratio",
    "Schedule": "budgets.schedule",
    "Uniform": "budgets.uniform",
    "MaskingCollator": "collator",
    "Corrupted": "corrupt",
    "apply_mask": "corrupt",
    "ConfigError": "errors",
    "DataError": "errors",
    "MaskingError": "errors",
    "MaskwrightError": "errors",
    "RunError": "errors",
    "Constant": "fills.constant",
    "Drop": "fills.drop",
    "Keep": "fills.keep",
    "MaskToken": "fills.mask_token",
    "Mean": "fills.mean",
    "Mix": "fills.mix",
    "RandomToken": "fills.random_token",
    "Zero": "fills.zero",
    "Grid": "grid",
    "Masking": "masking",
    "Fixed": "patterns.fixed",
    "Iid": "patterns.iid",
    "Span": "patterns.span",
    "preset": "presets",
    "Rng": "rng",
    "Vocabulary": "units.vocabulary",
}

__all__ = [  # pyright: ignore[reportUnsupportedDunderAll]
    "__version__",
    *_HOMES,
]

if TYPE_CHECKING:
    from maskwright.budgets.bernoulli import Bernoulli as Bernoulli
    from maskwright.budgets.count import Count as Count
    from maskwright.budgets.ratio import Ratio as Ratio
    from maskwright.budgets.schedule import Schedule as Schedule
    from maskwright.budgets.uniform import Uniform as Uniform
    from maskwright.collator import MaskingCollator as MaskingCollator
    from maskwright.corrupt import Corrupted as Corrupted
    from maskwright.corrupt import apply_mask as apply_mask
    from maskwright.errors import ConfigError as ConfigError
    from maskwright.errors import DataError as DataError
    from maskwright.errors import MaskingError as MaskingError
    from maskwright.errors import MaskwrightError as MaskwrightError
    from maskwright.errors import RunError as RunError
    from maskwright.fills.constant import Constant as Constant
    from maskwright.fills.drop import Drop as Drop
    from maskwright.fills.keep import Keep as Keep
    from maskwright.fills.mask_token import MaskToken as MaskToken
    from maskwright.fills.mean import Mean as Mean
    from maskwright.fills.mix import Mix as Mix
    from maskwright.fills.random_token import RandomToken as RandomToken
    from maskwright.fills.zero import Zero as Zero
    from maskwright.grid import Grid as Grid
    from maskwright.masking import Masking as Masking
    from maskwright.patterns.fixed import Fixed as Fixed
    from maskwright.patterns.iid import Iid as Iid
    from maskwright.patterns.span import Span as Span
    from maskwright.presets import preset as preset
    from maskwright.rng import Rng as Rng
    from maskwright.units.vocabulary import Vocabulary as Vocabulary


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'maskwright' has no attribute '{name}'")
    return getattr(importlib.import_module(f"maskwright.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
