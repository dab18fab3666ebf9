"""A masking collator on a Hugging Face `Trainer` that is the user's own.

The collator says what to hide; here is only what the Trainer does not do by itself: tell it the epoch, and leave
evaluation unmasked (the Trainer gives one collator to both).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from transformers import TrainerCallback

from maskwright.errors import ConfigError


class EpochCallback(TrainerCallback):
    """Sets the collator's epoch and progress as the Trainer goes on, also after a resume in the middle of an epoch."""

    def __init__(self, collator: Any):
        self.collator = collator

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Take the epoch from the training state, which a checkpoint restores."""
        # A resumed state says 1.38, and one written at the end of an epoch may say 0.9999999.
        self.collator.set_epoch(math.floor((state.epoch or 0.0) + 1e-6))
        self.on_step_begin(args, state, control, **kwargs)

    def on_step_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Take the share of training that is done."""
        self.collator.set_progress(min(1.0, state.global_step / max(1, state.max_steps)))


def attach(collator: Any, trainer: Any) -> Any:
    """Make the trainer mask its training batches and no others.

    Raises:
        ConfigError: no trainer, or one that keeps its workers alive between epochs, which breaks exact resuming.
    """
    if not hasattr(trainer, "args") or not hasattr(trainer, "add_callback"):
        raise ConfigError(f"attach: expected a Hugging Face Trainer, given {type(trainer).__name__}.")
    if trainer.args.dataloader_persistent_workers:
        raise ConfigError("dataloader_persistent_workers=True makes a resumed run differ; set it to False.")
    trainer.data_collator = collator
    trainer.add_callback(EpochCallback(collator))
    # Language modelling needs masks in evaluation too: such a collator says what it does there.
    evaluation = getattr(collator, "for_evaluation", None) or collator.clean
    trainer.get_eval_dataloader = _with_collator(trainer, evaluation, trainer.get_eval_dataloader)
    trainer.get_test_dataloader = _with_collator(trainer, evaluation, trainer.get_test_dataloader)
    return trainer


def _with_collator(trainer: Any, collate: Callable[..., Any], make: Callable[..., Any]) -> Callable[..., Any]:
    def make_dataloader(*args: Any, **kwargs: Any) -> Any:
        usual, trainer.data_collator = trainer.data_collator, collate
        try:
            return make(*args, **kwargs)
        finally:
            trainer.data_collator = usual

    return make_dataloader
