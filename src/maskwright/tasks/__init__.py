"""Tasks: one file per task, holding everything that is particular to it (model class, inputs, labels, metrics).

A task is a module with these functions; the rest of the program calls nothing else:

    build(config, labels, texts) -> Built          model and tokenizer, ready to train
    load_tokenizer(config, texts) -> tokenizer     the same tokenizer alone
    load_trained(folder) -> (model, tokenizer)     what `build` and training left in a run's model folder
    encode(rows, tokenizer, max_length) -> Encoded
    class_weights(labels, n_classes) -> [n_classes]
    metrics(logits, labels) -> {"accuracy": ..., "macro_f1": ..., "loss": ...}
"""

from __future__ import annotations

import importlib
from types import ModuleType

from maskwright.errors import ConfigError, did_you_mean

__all__ = ["NAMES", "get"]

NAMES = ("text-classification",)


def get(name: str) -> ModuleType:
    """The module of a task, by the name a configuration gives it.

    Raises:
        ConfigError: there is no such task.
    """
    if name not in NAMES:
        raise ConfigError(f"task: there is no task '{name}'. {did_you_mean(name, NAMES)}")
    return importlib.import_module(f"{__name__}.{name.replace('-', '_')}")
