"""Models and tokenizers from the hub or a local folder, and what is said of every usual failure.

Weights come from safetensors only and no code from the hub is run.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from maskwright.errors import ConfigError, RunError

__all__ = ["find", "load", "of_run", "tokenizer_for", "trained", "with_new_head"]

HUB_NAME = re.compile(r"[\w.-]+(/[\w.-]+)?")


def find(model: str) -> str:
    """Check that `model` can be a model's place before anything is loaded from it.

    Raises:
        ConfigError: a folder without a model, or neither a folder nor a hub name.

    >>> find("google-bert/bert-base-uncased")
    'google-bert/bert-base-uncased'
    """
    path = Path(model).expanduser()
    if path.is_dir():
        if not (path / "config.json").is_file():
            raise ConfigError(
                f"model: the folder '{model}' has no config.json, so it is not a saved model. Give the folder that "
                "save_pretrained wrote (config.json, model.safetensors, tokenizer files)."
            )
        return str(path)
    if path.is_file():
        raise ConfigError(f"model: '{model}' is a file. Give the folder that holds it and its config.json.")
    if not HUB_NAME.fullmatch(model) or model.startswith("."):
        raise ConfigError(
            f"model: there is no folder '{model}', and it is not a hub name (like google-bert/bert-base-uncased) nor "
            "scratch:tiny or scratch:small."
        )
    return model


def load(load_it: Callable[..., Any], model: str, what: str, **options: Any) -> Any:
    """Call a `from_pretrained` and explain its failure.

    Args:
        load_it: an `Auto...from_pretrained`.
        model: hub name or folder.
        what: what is being loaded, for the message.
        options: passed on.

    Raises:
        ConfigError: it cannot be loaded, with the remedy.
    """
    from safetensors import SafetensorError

    try:
        return load_it(find(model), trust_remote_code=False, **options)
    except (OSError, ValueError, ImportError, KeyError, RuntimeError, SafetensorError) as error:
        raise ConfigError(f"model: {_explain(model, what, error)}") from error


@contextmanager
def of_run(folder: Path) -> Iterator[None]:
    """What cannot be loaded in this context is the model of a run: RunError in place of ConfigError."""
    try:
        yield
    except ConfigError as error:
        raise RunError(f"{folder}: the trained model cannot be loaded; {str(error).removeprefix('model: ')}") from error


def trained(auto: Any, folder: Path) -> Any:
    """The model that training left in a folder, in float32.

    Raises:
        ConfigError: it is missing or damaged.
    """
    import torch

    return load(auto.from_pretrained, str(folder), "model", dtype=torch.float32, use_safetensors=True)


def tokenizer_for(model: str) -> Any:
    """The tokenizer of a hub model or folder.

    Raises:
        ConfigError: it cannot be loaded.
    """
    from transformers import AutoTokenizer

    return load(AutoTokenizer.from_pretrained, model, "tokenizer")


def _explain(model: str, what: str, error: Exception) -> str:
    reason = " ".join(str(error).split())
    if isinstance(error, ConfigError):
        return reason.removeprefix("model: ")
    if "safetensors" in reason:
        return (
            f"'{model}' has no safetensors weights, and pickled weights are not loaded because they can run any code. "
            "Convert it once with model.save_pretrained(folder) in an environment you trust, and give that folder."
        )
    if "trust_remote_code" in reason:
        return f"'{model}' needs code of its own from the hub, which is not run. Choose a model that needs none."
    if "requires the SentencePiece library" in reason:
        return f"the {what} of '{model}' needs sentencepiece: pip install 'maskwright[translation]'."
    if Path(model).is_dir() and "preprocessor_config.json" in reason:
        return (
            f"the folder '{model}' says nothing of how pictures are prepared (preprocessor_config.json). Save it there "
            "once: AutoImageProcessor.from_pretrained('the model it comes from').save_pretrained(folder)."
        )
    if Path(model).is_dir():
        return f"the {what} in the folder '{model}' cannot be loaded: {reason[:300]}"
    offline = os.environ.get("HF_HUB_OFFLINE", "0").lower() not in ("0", "", "false", "no", "off")
    if offline:
        return (
            f"the {what} of '{model}' is not in the local cache, and the hub is switched off (HF_HUB_OFFLINE is set). "
            "Unset it, or give a local folder, or use scratch:tiny."
        )
    return (
        f"the {what} of '{model}' cannot be had from the hub: {reason[:300]} Check the name and the connection, or "
        "give a local folder, or use scratch:tiny."
    )


def with_new_head(auto: Any, name: str, heads: Sequence[str] = (), **options: Any) -> tuple[Any, tuple[str, ...]]:
    """Load a pretrained encoder under a head that may start at random: (model in float32, notes).

    Args:
        auto: an `AutoModelFor...`.
        name: hub name or folder.
        heads: names of modules inside the encoder that belong to the head all the same.
        **options: of `from_pretrained`, such as the names of the classes.

    Raises:
        ConfigError: it cannot be loaded, or weights of the encoder do not fit its configuration.
    """
    import torch

    model, report = load(
        auto.from_pretrained,
        name,
        "model",
        dtype=torch.float32,
        use_safetensors=True,
        ignore_mismatched_sizes=True,
        output_loading_info=True,
        **options,
    )
    # A new classification head is what fine-tuning is about; anything else that starts at random is not.
    body, new = f"{model.base_model_prefix}.", {"pooler", *heads}

    def of_body(key: str) -> bool:
        return key.startswith(body) and new.isdisjoint(key.split("."))

    # An entry is a key, or a key with both shapes.
    reshaped = [key if isinstance(key, str) else key[0] for key in report["mismatched_keys"]]
    wrong = sorted(filter(of_body, reshaped))
    if wrong:
        raise ConfigError(
            f"model: {len(wrong)} weights of '{name}' do not have the shapes its config.json says ({wrong[0]}, say), "
            "and would start at random. Repair config.json, or give another model."
        )
    unloaded = sorted(filter(of_body, report["missing_keys"]))
    if not unloaded:
        return model, ()
    note = (
        f"{len(unloaded)} weights of the encoder are not in '{name}' and start at random ({', '.join(unloaded[:3])})."
    )
    return model, (note,)
