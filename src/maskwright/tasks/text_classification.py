"""Text classification: one text or a pair of texts in, one of two or more classes out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from maskwright.config import RunConfig
from maskwright.errors import ConfigError, RunError
from maskwright.tasks import pretrained, scratch
from maskwright.tasks.encoded import Encoded, Ragged

__all__ = ["Built", "build", "class_weights", "encode", "load_tokenizer", "load_trained", "metrics"]

CHUNK = 2_000
"""Texts tokenised at a time, between two reports of progress."""

PASSED_ON = ("input_ids", "token_type_ids")
"""What the model takes from the tokenizer; attention masks are made when a batch is padded."""


@dataclass(frozen=True)
class Built:
    """A model ready to be trained.

    Attributes:
        model: takes `input_ids`, `attention_mask`, perhaps `token_type_ids`; answers with `logits` [B, classes].
        tokenizer: fits the model.
        notes: what the user should know, a sentence each.
    """

    model: Any
    tokenizer: Any
    notes: tuple[str, ...] = ()


def load_tokenizer(config: RunConfig, texts: Iterable[str] | Callable[[], Iterable[str]]) -> Any:
    """The tokenizer that training will use, checked against what the configuration asks of it.

    Args:
        config: the run.
        texts: the training texts (pairs: both texts), or a function that gives them; read for `scratch:` models only.

    Raises:
        ConfigError: no such model, no padding token, no mask token where the masking needs one, or `data.max_length`
            beyond what the model takes.
    """
    size = scratch.size_of(config.model)
    if size is None:
        tokenizer = pretrained.tokenizer_for(config.model)
    else:
        texts = texts() if callable(texts) else texts
        tokenizer = scratch.train_tokenizer(texts, size.vocabulary, max(512, config.data.max_length))
    _check_tokenizer(config, tokenizer)
    return tokenizer


def build(config: RunConfig, labels: Sequence[str], texts: Iterable[str] | Callable[[], Iterable[str]]) -> Built:
    """Make the model and its tokenizer; new weights depend on `training.seed` and on nothing else.

    Args:
        config: the run.
        labels: names of the classes, in the order of their indices.
        texts: see `load_tokenizer`.

    Raises:
        ConfigError: see `load_tokenizer`; or the model cannot be loaded.
    """
    import torch

    tokenizer = load_tokenizer(config, texts)
    names = {
        "num_labels": len(labels),
        "id2label": dict(enumerate(labels)),
        "label2id": {label: index for index, label in enumerate(labels)},
    }
    size = scratch.size_of(config.model)
    with torch.random.fork_rng():
        torch.manual_seed(config.training.seed)
        if size is None:
            model, notes = _load(config.model, names)
        else:
            model, notes = _new(size, tokenizer, max(512, config.data.max_length), names), _advice(config)
    _check_positions(config, model)
    if model.config.pad_token_id is None:
        model.config.pad_token_id = tokenizer.pad_token_id
    return Built(model, tokenizer, notes)


def load_trained(folder: Path) -> tuple[Any, Any]:
    """Load model and tokenizer from the `model/` folder of a run.

    Raises:
        RunError: the folder is missing or damaged.
    """
    import torch
    from transformers import AutoModelForSequenceClassification

    try:
        tokenizer = pretrained.tokenizer_for(str(folder))
        model = pretrained.load(
            AutoModelForSequenceClassification.from_pretrained,
            str(folder),
            "model",
            dtype=torch.float32,
            use_safetensors=True,
        )
    except ConfigError as error:
        raise RunError(f"{folder}: the trained model cannot be loaded; {str(error).removeprefix('model: ')}") from error
    return model, tokenizer


def encode(
    rows: Any,
    tokenizer: Any,
    max_length: int,
    *,
    weights: np.ndarray | None = None,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Encoded:
    """Tokenise a split; texts longer than `max_length` tokens are cut at the end.

    Args:
        rows: a split with columns example_id, text, label, and text_pair if there are pairs.
        tokenizer: from `build` or `load_tokenizer`.
        max_length: tokens, special tokens included.
        weights: [classes], what an example of each class counts in the loss; 1 if left out.
        on_progress: called with texts done and texts in all.
    """
    texts = list(rows["text"])
    pairs = list(rows["text_pair"]) if "text_pair" in rows.column_names else None
    names = [name for name in PASSED_ON if name == "input_ids" or name in tokenizer.model_input_names]
    parts: dict[str, list[list[int]]] = {name: [] for name in names}
    truncated = 0
    for start in range(0, len(texts), CHUNK):
        stop = start + CHUNK
        tokens = tokenizer(
            texts[start:stop],
            pairs[start:stop] if pairs is not None else None,
            truncation=True,
            max_length=max_length,
            return_attention_mask=False,
        )
        for name in names:
            parts[name].extend(tokens[name])
        truncated += _count_truncated(tokens, max_length)
        on_progress(min(stop, len(texts)), len(texts))
    labels = np.asarray(rows["label"], dtype=np.int64)
    if weights is None:
        weights = np.ones(int(labels.max(initial=0)) + 1)
    return Encoded(
        inputs={name: Ragged.from_rows(values) for name, values in parts.items()},
        example_ids=np.asarray(rows["example_id"], dtype=np.int64),
        labels=labels,
        pad_id=tokenizer.pad_token_id,
        weights=weights.astype(np.float32),
        truncated=truncated,
    )


def class_weights(labels: np.ndarray, n_classes: int) -> np.ndarray:
    """What an example of each class counts so that every class counts alike: n / (k · n_c).

    Their mean over the examples is 1, so the size of the loss and of the learning rate keeps its meaning.

    Args:
        labels: [N] class indices; every class occurs.
        n_classes: k.

    >>> class_weights(np.array([0, 0, 0, 1]), 2).round(3).tolist()
    [0.667, 2.0]
    """
    counts = np.bincount(labels, minlength=n_classes)
    return len(labels) / (n_classes * np.maximum(counts, 1))


def metrics(logits: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Accuracy, macro-F1 (mean over the classes that occur or were predicted) and mean cross-entropy in nats.

    Args:
        logits: [N, classes].
        labels: [N] class indices.

    >>> metrics(np.array([[2.0, 0.0], [0.0, 2.0]]), np.array([0, 1]))["accuracy"]
    1.0
    """
    from scipy.special import log_softmax
    from sklearn.metrics import accuracy_score, f1_score

    predicted = logits.argmax(axis=1)
    losses = -log_softmax(logits.astype(np.float64), axis=1)[np.arange(len(labels)), labels]
    return {
        "accuracy": float(accuracy_score(labels, predicted)),
        "macro_f1": float(f1_score(labels, predicted, average="macro", zero_division=0)),  # type: ignore[arg-type] - its stub knows "warn" only
        "loss": float(losses.mean()),
    }


def _new(size: scratch.Size, tokenizer: Any, max_length: int, names: dict[str, Any]) -> Any:
    from transformers import BertForSequenceClassification

    config = scratch.architecture(size, tokenizer, max_length)
    config.id2label, config.label2id = names["id2label"], names["label2id"]
    return BertForSequenceClassification(config)


def _advice(config: RunConfig) -> tuple[str, ...]:
    rate = config.training.learning_rate
    if rate >= 2e-4:
        return ()
    return (f"training.learning_rate={rate:g} suits pretrained models; random weights learn faster at about 1e-3.",)


def _load(name: str, names: dict[str, Any]) -> tuple[Any, tuple[str, ...]]:
    import torch
    from transformers import AutoModelForSequenceClassification

    model, report = pretrained.load(
        AutoModelForSequenceClassification.from_pretrained,
        name,
        "model",
        dtype=torch.float32,
        use_safetensors=True,
        ignore_mismatched_sizes=True,
        output_loading_info=True,
        **names,
    )
    # A new classification head is what fine-tuning is about; anything else that starts at random is not.
    body = f"{model.base_model_prefix}."
    # An entry is a key, or a key with both shapes.
    reshaped = [key if isinstance(key, str) else key[0] for key in report["mismatched_keys"]]
    wrong = sorted(key for key in reshaped if key.startswith(body) and ".pooler." not in key)
    if wrong:
        raise ConfigError(
            f"model: {len(wrong)} weights of '{name}' do not have the shapes its config.json says ({wrong[0]}, say), "
            "and would start at random. Repair config.json, or give another model."
        )
    unloaded = sorted(key for key in report["missing_keys"] if key.startswith(body) and ".pooler." not in key)
    if not unloaded:
        return model, ()
    note = (
        f"{len(unloaded)} weights of the encoder are not in '{name}' and start at random ({', '.join(unloaded[:3])})."
    )
    return model, (note,)


def _check_tokenizer(config: RunConfig, tokenizer: Any) -> None:
    if tokenizer.pad_token_id is None:
        raise ConfigError(
            f"model: the tokenizer of '{config.model}' has no padding token, so texts cannot be batched. Save a copy "
            "whose tokenizer has one (tokenizer.pad_token = tokenizer.eos_token) and give that folder."
        )
    if config.masking is not None and tokenizer.mask_token_id is None and _uses_mask_token(config.masking.to_dict()):
        raise ConfigError(
            f"masking.fill: mask-token is asked for, but the tokenizer of '{config.model}' has no mask token. "
            "Use fill: random-token or fill: drop, or another model."
        )
    _check_length(config, tokenizer.model_max_length)


def _check_positions(config: RunConfig, model: Any) -> None:
    _check_length(config, getattr(model.config, "max_position_embeddings", None) or config.data.max_length)


def _check_length(config: RunConfig, limit: int) -> None:
    if config.data.max_length > limit:
        raise ConfigError(
            f"data.max_length: {config.data.max_length} tokens are asked for, but '{config.model}' takes {limit} at "
            f"most. Set data.max_length={limit} or lower."
        )


def _count_truncated(tokens: Any, max_length: int) -> int:
    if tokens.encodings is None:
        # A tokenizer without a fast version does not tell; a text that fills the length may have been whole.
        return sum(len(row) == max_length for row in tokens["input_ids"])
    return sum(bool(encoding.overflowing) for encoding in tokens.encodings)


def _uses_mask_token(node: Any) -> bool:
    if isinstance(node, dict):
        return any(key == "mask-token" or _uses_mask_token(value) for key, value in node.items())
    if isinstance(node, list | tuple):
        return any(_uses_mask_token(value) for value in node)
    return node == "mask-token"
