"""From a configuration to the arguments of the Hugging Face Trainer."""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import TrainingArguments

from maskwright.config import TrainingConfig
from maskwright.train.device import resolve_dtype

__all__ = ["local_device", "training_arguments"]


def local_device() -> torch.device:
    """The device that training will choose."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def training_arguments(training: TrainingConfig, checkpoints: Path, dtype: str | None = None) -> TrainingArguments:
    """Make the arguments, and join the other processes if there are any.

    What the stock Trainer would log, save or evaluate by itself is switched off; see `callbacks.Conductor`.

    Args:
        training: section of the configuration.
        checkpoints: folder.
        dtype: bf16 or fp32, if an earlier session has settled it.
    """
    dtype = dtype or resolve_dtype(training.dtype, local_device())
    arguments = TrainingArguments(
        output_dir=str(checkpoints),
        per_device_train_batch_size=training.batch_size,
        per_device_eval_batch_size=training.eval_batch_size,
        gradient_accumulation_steps=training.gradient_accumulation,
        learning_rate=training.learning_rate,
        weight_decay=training.weight_decay,
        max_grad_norm=training.max_grad_norm,
        seed=training.seed,
        use_cpu=local_device().type == "cpu",
        bf16=dtype == "bf16",
        dataloader_num_workers=training.workers,
        dataloader_persistent_workers=False,
        ddp_find_unused_parameters=True,  # as the mask token of a model whose hidden patches are dropped
        average_tokens_across_devices=False,
        remove_unused_columns=False,
        logging_strategy="steps",
        logging_steps=1,
        logging_nan_inf_filter=False,
        eval_strategy="no",
        save_strategy="no",
        report_to=training.report_to,
        disable_tqdm=True,
        log_level="error",
    )
    if arguments.n_gpu > 1:
        # One process would spread its batches over all graphics cards with the deprecated DataParallel.
        arguments._n_gpu = 1
    return arguments
