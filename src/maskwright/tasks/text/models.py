"""Text models of Transformers under a head: built new, from a pretrained encoder, or read back from a run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from maskwright import fills
from maskwright.config import RunConfig
from maskwright.data.shortcut.section import MASKED
from maskwright.data.shortcut.variants import readable, unreadable_notes
from maskwright.errors import ConfigError, RunError
from maskwright.tasks import pretrained, scratch
from maskwright.tasks.contract import Built
from maskwright.tasks.text.tokenizing import check_length

if TYPE_CHECKING:
    from maskwright.data.checked import CheckedData

__all__ = [
    "HEADS",
    "built",
    "check_new_model",
    "mask_text",
    "other_fill",
    "plain_fill",
    "readable_variants",
    "restored",
    "same_tokens",
    "variant_notes",
]

PLAIN = "scratch:tiny"
"""A model of the family that always runs."""

WORDS = "a few words of no text"

HEADS = ("classifier", "score", "pre_classifier", "classification_head", "head", "qa_outputs", "summary")
"""Modules that Transformers puts on an encoder for a task."""


def built(config: RunConfig, tokenizer: Any, auto: str, **head: Any) -> Built:
    """A model that is ready to be trained; new weights depend on `training.seed` alone.

    Args:
        config: of the run.
        tokenizer: of `load_tokenizer`.
        auto: name of a class of Transformers, such as `AutoModelForSequenceClassification`.
        **head: options of its head, such as the names of classes.

    Raises:
        ConfigError: the model cannot be loaded, or takes shorter texts than asked for.
    """
    import torch
    import transformers

    family: Any = getattr(transformers, auto)
    with torch.random.fork_rng():
        torch.manual_seed(config.training.seed)
        if scratch.size_of(config.model) is None:
            model, notes = pretrained.with_new_head(family, config.model, **head)
        else:
            model, notes = _new(config, tokenizer, family, head), scratch.advice(config)
    limit = model.config.to_dict().get("max_position_embeddings")
    check_length(config, limit or config.data.max_length)
    if model.config.pad_token_id is None:
        model.config.pad_token_id = tokenizer.pad_token_id
    return Built(model, tokenizer, HEADS, notes)


def _new(config: RunConfig, tokenizer: Any, family: Any, head: Mapping[str, Any]) -> Any:
    """A model with new weights; ConfigError where Transformers cannot build it."""
    try:
        architecture = scratch.architecture(config.model, tokenizer, max(512, config.data.max_length))
        for name, value in head.items():
            setattr(architecture, name, value)
        return family.from_config(architecture)
    except ConfigError:
        raise
    except Exception as error:  # each family fails in a way of its own
        raise _refused(config, family, error) from error


def check_new_model(config: RunConfig, auto: str) -> None:
    """Try a model of another family than BERT on a few words, before anything slow begins.

    Args:
        config: of the run.
        auto: name of a class of Transformers, such as `AutoModelForSequenceClassification`.

    Raises:
        ConfigError: there is no such family, or it has no such head, or it does not run.
    """
    if scratch.size_of(config.model) is None or scratch.family_of(config.model) == scratch.family_of(PLAIN):
        return
    import torch
    import transformers

    family: Any = getattr(transformers, auto)
    tokenizer = scratch.train_tokenizer([WORDS], 100, 512)
    inputs = tokenizer([WORDS, WORDS[:9]], padding=True, return_tensors="pt")
    if not scratch.has_token_types(config.model):
        del inputs["token_type_ids"]
    with torch.random.fork_rng():
        model = _new(config, tokenizer, family, {})
    try:
        with torch.no_grad():
            _ = model(**inputs).logits
    except Exception as error:
        raise _refused(config, family, error) from error


def _refused(config: RunConfig, family: Any, error: Exception) -> ConfigError:
    reason = (str(error) or type(error).__name__).strip().splitlines()[0].rstrip(".")
    return ConfigError(
        f"model: '{config.model}' cannot be built as {family.__name__}: {reason}. Use scratch:tiny (a BERT), or "
        "scratch:roberta-tiny, scratch:modernbert-tiny, scratch:electra-tiny, say."
    )


def restored(folder: Path, auto: str) -> Built:
    """Model and tokenizer from the `model/` folder of a run.

    Raises:
        RunError: the folder is missing or damaged.
    """
    import torch
    import transformers

    family: Any = getattr(transformers, auto)
    try:
        tokenizer = pretrained.tokenizer_for(str(folder))
        options = {"dtype": torch.float32, "use_safetensors": True}
        model = pretrained.load(family.from_pretrained, str(folder), "model", **options)
    except ConfigError as error:
        raise RunError(f"{folder}: the trained model cannot be loaded; {str(error).removeprefix('model: ')}") from error
    return Built(model, tokenizer, HEADS)


def same_tokens(one: Any, other: Any) -> bool:
    """Whether two tokenizers know the same tokens."""
    return one.get_vocab() == other.get_vocab()


def plain_fill(tokenizer: Any) -> Any:
    """The plainest fill a tokenizer allows."""
    return "drop" if tokenizer.mask_token_id is None else "mask-token"


def mask_text(tokenizer: Any) -> str | None:
    """What the tokenizer reads as its mask token; None if it has none, or knows no text that means it."""
    text, mask = tokenizer.mask_token, tokenizer.mask_token_id
    return text if mask is not None and mask in tokenizer(text, add_special_tokens=False)["input_ids"] else None


def readable_variants(data: CheckedData, tokenizer: Any) -> CheckedData:
    """The data with the mask token where a shortcut was; without the variant that needs one where there is none."""
    return readable(data, mask_text(tokenizer)) if MASKED in data.variants else data


def variant_notes(data: CheckedData, tokenizer: Any) -> tuple[str, ...]:
    """What to know of variants that the tokenizer cannot read."""
    return unreadable_notes(mask_text(tokenizer)) if MASKED in data.variants else ()


def other_fill(fill: Any, tokenizer: Any) -> Any:
    """Hidden tokens deleted; where the run's fill takes them out itself, something put in their place.

    >>> other_fill("mask-token", None), other_fill({"mix": {"mask-token": 0.8, "keep": 0.2}}, None)
    ('drop', 'drop')
    """
    if not fills.traits(fills.from_node(fill)).removes:
        return "drop"
    return "random-token" if tokenizer.mask_token_id is None else "mask-token"
