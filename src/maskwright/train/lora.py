"""Low-rank adapters: train a small addition to frozen weights, and fold it in at the end."""

from __future__ import annotations

from typing import Any

from maskwright.config import LoraConfig
from maskwright.errors import ConfigError

__all__ = ["attach", "merged"]


def attach(model: Any, config: LoraConfig, seed: int) -> Any:
    """Wrap a model so that only adapters and the classification head learn.

    Raises:
        ConfigError: peft is not installed, or no module has the names asked for.
    """
    import torch

    try:
        import peft
    except ImportError:
        raise ConfigError(
            "training.lora: this needs the package peft. Install it with: pip install 'maskwright[lora]'"
        ) from None
    settings = peft.LoraConfig(
        task_type=peft.TaskType.SEQ_CLS,
        r=config.rank,
        lora_alpha=config.alpha,  # type: ignore[arg-type] - fractions work
        lora_dropout=config.dropout,
        target_modules=config.target_modules,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        try:
            return peft.get_peft_model(model, settings)
        except ValueError as error:
            raise ConfigError(f"training.lora: {' '.join(str(error).split())[:300]}") from error


def merged(model: Any) -> Any:
    """The plain model with its adapters added to its weights."""
    return model.merge_and_unload() if hasattr(model, "merge_and_unload") else model
