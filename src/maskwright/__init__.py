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
    "AttentionMask": "text.attention",
    "time_warp": "audio.time_warp",
    "Bernoulli": "budgets.bernoulli",
    "Count": "budgets.count",
    "Ratio": "budgets.ratio",
    "Schedule": "budgets.schedule",
    "Uniform": "budgets.uniform",
    "MaskingCollator": "text.collator",
    "Corrupted": "engine.corrupt",
    "apply_mask": "engine.corrupt",
    "DenoisingCollator": "text.denoising",
    "ConfigError": "errors",
    "DataError": "errors",
    "MaskingError": "errors",
    "MaskwrightError": "errors",
    "RunError": "errors",
    "Blur": "fills.blur",
    "ByRun": "fills.by_run",
    "Constant": "fills.constant",
    "Drop": "fills.drop",
    "Indicator": "fills.indicator",
    "Keep": "fills.keep",
    "Marginal": "fills.marginal",
    "MaskToken": "fills.mask_token",
    "Mean": "fills.mean",
    "Mix": "fills.mix",
    "Noise": "fills.noise",
    "RandomToken": "fills.random_token",
    "Sentinel": "fills.sentinel",
    "Swap": "fills.swap",
    "Zero": "fills.zero",
    "Grid": "grid",
    "MaskedOnlyHead": "text.heads",
    "document_leak": "text.leak",
    "Mask": "mask",
    "Masking": "masking",
    "PerModality": "engine.modalities",
    "DocumentAttention": "text.document_attention",
    "PackingCollator": "text.packing",
    "pack": "text.packing",
    "Block": "patterns.block",
    "Blockwise": "patterns.blockwise",
    "Budgeted": "patterns.budgeted",
    "ByScore": "patterns.by_score",
    "Causal": "patterns.causal",
    "Coarse": "patterns.coarse",
    "Complement": "patterns.complement",
    "Filtered": "patterns.filtered",
    "Fixed": "patterns.fixed",
    "Iid": "patterns.iid",
    "Markov": "patterns.markov",
    "Multiblock": "patterns.multiblock",
    "Prefix": "patterns.prefix",
    "Rectangles": "patterns.rectangles",
    "RunningCell": "patterns.running_cell",
    "Span": "patterns.span",
    "Spanbert": "patterns.spanbert",
    "Specaugment": "patterns.specaugment",
    "Suffix": "patterns.suffix",
    "T5Spans": "patterns.t5_spans",
    "Tied": "patterns.tied",
    "Union": "patterns.union",
    "Wav2vec2": "patterns.wav2vec2",
    "Within": "patterns.within",
    "preset": "presets",
    "Rng": "rng",
    "RunningMean": "backend.running_mean",
    "NGramTable": "units.ngrams",
    "Vocabulary": "units.vocabulary",
}

__all__ = [  # pyright: ignore[reportUnsupportedDunderAll]
    "__version__",
    *_HOMES,
]

if TYPE_CHECKING:
    from maskwright.audio.time_warp import time_warp as time_warp
    from maskwright.backend.running_mean import RunningMean as RunningMean
    from maskwright.budgets.bernoulli import Bernoulli as Bernoulli
    from maskwright.budgets.count import Count as Count
    from maskwright.budgets.ratio import Ratio as Ratio
    from maskwright.budgets.schedule import Schedule as Schedule
    from maskwright.budgets.uniform import Uniform as Uniform
    from maskwright.engine.corrupt import Corrupted as Corrupted
    from maskwright.engine.corrupt import apply_mask as apply_mask
    from maskwright.engine.modalities import PerModality as PerModality
    from maskwright.errors import ConfigError as ConfigError
    from maskwright.errors import DataError as DataError
    from maskwright.errors import MaskingError as MaskingError
    from maskwright.errors import MaskwrightError as MaskwrightError
    from maskwright.errors import RunError as RunError
    from maskwright.fills.blur import Blur as Blur
    from maskwright.fills.by_run import ByRun as ByRun
    from maskwright.fills.constant import Constant as Constant
    from maskwright.fills.drop import Drop as Drop
    from maskwright.fills.indicator import Indicator as Indicator
    from maskwright.fills.keep import Keep as Keep
    from maskwright.fills.marginal import Marginal as Marginal
    from maskwright.fills.mask_token import MaskToken as MaskToken
    from maskwright.fills.mean import Mean as Mean
    from maskwright.fills.mix import Mix as Mix
    from maskwright.fills.noise import Noise as Noise
    from maskwright.fills.random_token import RandomToken as RandomToken
    from maskwright.fills.sentinel import Sentinel as Sentinel
    from maskwright.fills.swap import Swap as Swap
    from maskwright.fills.zero import Zero as Zero
    from maskwright.grid import Grid as Grid
    from maskwright.mask import Mask as Mask
    from maskwright.masking import Masking as Masking
    from maskwright.patterns.block import Block as Block
    from maskwright.patterns.blockwise import Blockwise as Blockwise
    from maskwright.patterns.budgeted import Budgeted as Budgeted
    from maskwright.patterns.by_score import ByScore as ByScore
    from maskwright.patterns.causal import Causal as Causal
    from maskwright.patterns.coarse import Coarse as Coarse
    from maskwright.patterns.complement import Complement as Complement
    from maskwright.patterns.filtered import Filtered as Filtered
    from maskwright.patterns.fixed import Fixed as Fixed
    from maskwright.patterns.iid import Iid as Iid
    from maskwright.patterns.markov import Markov as Markov
    from maskwright.patterns.multiblock import Multiblock as Multiblock
    from maskwright.patterns.prefix import Prefix as Prefix
    from maskwright.patterns.rectangles import Rectangles as Rectangles
    from maskwright.patterns.running_cell import RunningCell as RunningCell
    from maskwright.patterns.span import Span as Span
    from maskwright.patterns.spanbert import Spanbert as Spanbert
    from maskwright.patterns.specaugment import Specaugment as Specaugment
    from maskwright.patterns.suffix import Suffix as Suffix
    from maskwright.patterns.t5_spans import T5Spans as T5Spans
    from maskwright.patterns.tied import Tied as Tied
    from maskwright.patterns.union import Union as Union
    from maskwright.patterns.wav2vec2 import Wav2vec2 as Wav2vec2
    from maskwright.patterns.within import Within as Within
    from maskwright.presets import preset as preset
    from maskwright.rng import Rng as Rng
    from maskwright.text.attention import AttentionMask as AttentionMask
    from maskwright.text.collator import MaskingCollator as MaskingCollator
    from maskwright.text.denoising import DenoisingCollator as DenoisingCollator
    from maskwright.text.document_attention import DocumentAttention as DocumentAttention
    from maskwright.text.heads import MaskedOnlyHead as MaskedOnlyHead
    from maskwright.text.leak import document_leak as document_leak
    from maskwright.text.packing import PackingCollator as PackingCollator
    from maskwright.text.packing import pack as pack
    from maskwright.units.ngrams import NGramTable as NGramTable
    from maskwright.units.vocabulary import Vocabulary as Vocabulary


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'maskwright' has no attribute '{name}'")
    return getattr(importlib.import_module(f"maskwright.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
