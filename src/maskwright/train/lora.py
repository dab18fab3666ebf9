"""Low-rank adapters: train a small addition to frozen weights, and fold it in at the end."""

from __future__ import annotations

import warnings
from collections.abc import Collection
from typing import Any

from maskwright.config import LoraConfig
from maskwright.errors import ConfigError

__all__ = ["attach", "merged"]

_ADAPTERS = "_maskwright_adapters"


def attach(model: Any, config: LoraConfig, heads: Collection[str], seed: int) -> Any:
    """Put adapters into a model, so that only they, its head and parameters made here learn; return the model.

    It stays the model that it was, not one wrapped, so that what is hidden inside it still is.

    Args:
        model: of a task.
        config: of the adapters.
        heads: names of the modules that are new for the task, which learn whole.
        seed: of the adapters' weights.

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
        r=config.rank,
        lora_alpha=config.alpha,  # type: ignore[arg-type] - fractions work
        lora_dropout=config.dropout,
        target_modules=config.target_modules,
        exclude_modules=rf"(.*\.)?({'|'.join(heads)})(\..*)?" if heads else None,
    )
    with torch.random.fork_rng(), warnings.catch_warnings():
        torch.manual_seed(seed)
        # peft asks a model by the older of two names whether it recomputes activations; nobody here can mend that.
        warnings.filterwarnings("ignore", message="`is_gradient_checkpointing` is deprecated", category=FutureWarning)
        try:
            adapters = peft.get_peft_model(model, settings)
        except (ValueError, NotImplementedError) as error:  # the latter: a kind of model that peft does not know
            raise ConfigError(f"training.lora: {' '.join(str(error).split())[:300]}") from error
    for name, parameter in model.named_parameters():
        # Mask tokens and channels that were made here are marked: nobody has trained them before.
        if set(name.split(".")) & set(heads) or getattr(parameter, "made_here", False):
            parameter.requires_grad_(True)
    model.__dict__[_ADAPTERS] = adapters
    return model


def merged(model: Any) -> Any:
    """The plain model with its adapters added to its weights."""
    adapters = model.__dict__.pop(_ADAPTERS, None)
    return model if adapters is None else adapters.merge_and_unload()
