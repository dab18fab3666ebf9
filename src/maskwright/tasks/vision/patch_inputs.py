"""Inputs beside the pixels that say which patches are hidden inside a model, and the call that heeds them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from maskwright.tasks.vision.traits import DROP, REPLACE
from maskwright.vision.patch_tokens import PatchTokens

__all__ = ["DROPPED", "PATCH_INPUTS", "REPLACED", "forward"]

DROPPED, REPLACED = "dropped_patches", "replaced_patches"
"""Names of inputs [B, patches] bool: what is hidden inside the model, and how."""

PATCH_INPUTS = {DROP: DROPPED, REPLACE: REPLACED}
"""Way of hiding inside a model -> the input that says what."""


def forward(model: Any, inputs: Mapping[str, Any], **options: Any) -> Any:
    """Call a model, hiding patches inside it where the inputs say so.

    A model that was trained otherwise learns to take hidden patches on its first such call. Where they are hidden in a
    part of it, it says in which: `patch_tower`.
    """
    inputs = dict(inputs)
    for way, name in PATCH_INPUTS.items():
        if name in inputs:
            bare = getattr(model, "module", model)
            PatchTokens.attach(getattr(bare, "patch_tower", bare), way)
            inputs["hidden_patches"] = inputs.pop(name)
    return model(**inputs, **options)
