"""Presets for text."""

from __future__ import annotations

from maskwright.presets.preset import Preset

_TOKENS = {"token": 64}
BERT_FILL = {"mix": {"mask-token": 0.8, "random-token": 0.1, "keep": 0.1}}

PRESETS = (
    Preset(
        "automask",
        {"pattern": "iid", "budget": {"uniform": [0.0, 0.8]}, "fill": "mask-token", "unit": "type"},
        "ours",
        "every occurrence of a word at once, at a ratio from U(0, 0.8)",
        _TOKENS,
        "supervised",
        "The tuning-free default for fine-tuning on text. A uniform ratio prepares one model for every ratio, whole "
        "texts included; hiding by type leaves no copy of a shortcut that repeats. What it did on data: docs/log.md.",
    ),
    Preset(
        "bert",
        {"pattern": "iid", "budget": {"ratio": 0.15}, "fill": BERT_FILL, "unit": "token"},
        "Devlin et al. 2019, BERT, arXiv:1810.04805",
        "The training data generator chooses 15% of the token positions at random for prediction.",
        _TOKENS,
        "reconstruct",
    ),
)
