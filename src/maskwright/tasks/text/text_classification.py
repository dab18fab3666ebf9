"""Text classification: one text or a pair of texts in, one of two or more classes out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from maskwright.config import RunConfig
from maskwright.data.checks import count_truncated
from maskwright.data.texts import TextSection, load_text_data
from maskwright.engine.trial import check_on_text
from maskwright.errors import ConfigError, RunError, did_you_mean
from maskwright.tasks import pretrained, scratch
from maskwright.tasks.classification import (
    METRIC,
    answer,
    chance,
    class_weights,
    loss_sum,
    metrics,
    names_of,
    outcome,
    told,
)
from maskwright.tasks.contract import EVALUATION_SEED, Built
from maskwright.tasks.text.encoded import Encoded
from maskwright.tasks.text.marked_text import read_aloud
from maskwright.tasks.text.tokenizing import check_length, encode_texts, load_tokenizer
from maskwright.units.text import UNITS

if TYPE_CHECKING:
    from maskwright.data.checked import CheckedData
    from maskwright.masking import Masking

__all__ = [
    "DEFAULTS",
    "INPUT",
    "METRIC",
    "NOUN",
    "UNIT",
    "Data",
    "answer",
    "build",
    "chance",
    "check",
    "class_weights",
    "describe",
    "encode",
    "load",
    "load_trained",
    "loss_sum",
    "metrics",
    "outcome",
    "plain_fill",
    "preview",
    "same_reader",
    "shown",
    "told",
]

Data = TextSection
DEFAULTS: dict[str, Any] = {}
NOUN, UNIT, INPUT = "texts", "tokens", "text"
load = load_text_data


def check(config: RunConfig) -> None:
    """Refuse what does not go with a classifier of texts.

    Raises:
        ConfigError: an objective without labels, units that texts do not have, a masking that is not for texts.
    """
    if config.objective != "supervised":
        raise ConfigError(f"objective: text-classification learns the labels (supervised), given {config.objective!r}.")
    if config.evaluation.unit not in UNITS:
        raise ConfigError(
            f"evaluation.unit: given {config.evaluation.unit!r}. {did_you_mean(config.evaluation.unit, UNITS)}"
        )
    if config.masking is not None:
        check_on_text(config.masking)


def build(config: RunConfig, data: CheckedData) -> Built:
    """Make the model and its tokenizer; new weights depend on `training.seed` and on nothing else.

    Raises:
        ConfigError: see `load_tokenizer`; or the model cannot be loaded.
    """
    import torch
    from transformers import AutoModelForSequenceClassification

    tokenizer = load_tokenizer(config, lambda: _texts(data.train))
    names = names_of(data.labels)
    size = scratch.size_of(config.model)
    with torch.random.fork_rng():
        torch.manual_seed(config.training.seed)
        if size is None:
            auto = AutoModelForSequenceClassification
            model, notes = pretrained.with_new_head(auto, config.model, **names)
        else:
            model, notes = _new(size, tokenizer, max(512, config.data.max_length), names), scratch.advice(config)
    check_length(config, getattr(model.config, "max_position_embeddings", None) or config.data.max_length)
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


def same_reader(one: Any, other: Any) -> bool:
    """Whether two tokenizers know the same tokens."""
    return one.get_vocab() == other.get_vocab()


def plain_fill(reader: Any) -> Any:
    """The plainest fill a tokenizer allows."""
    return "drop" if reader.mask_token_id is None else "mask-token"


def encode(
    rows: Any,
    reader: Any,
    config: RunConfig,
    *,
    data: CheckedData,
    weights: np.ndarray | None = None,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Encoded:
    """Tokenise a split; see `encode_texts`."""
    del data
    return encode_texts(rows, reader, config.data.max_length, weights=weights, on_progress=on_progress)


def shown(examples: Encoded, reader: Any, row: int, masking: Masking | None) -> dict[str, Any]:
    """A text as the model reads it, in pieces, hidden and not."""
    batch = examples.batch([row])
    plain = {name: batch[name].numpy() for name in ("attention_mask", *examples.inputs)}
    if masking is None:
        hidden, groups = np.zeros_like(plain["input_ids"], dtype=bool), np.zeros_like(plain["input_ids"])
    else:
        ids = examples.example_ids[[row]]
        given = {"vocabulary": examples.vocabulary, "example_ids": ids, "seed": EVALUATION_SEED, "epoch": 0}
        corrupted = masking(plain, **given)
        hidden, groups = np.asarray(corrupted.mask), np.asarray(corrupted.groups)
    pieces = read_aloud(plain["input_ids"][0], hidden[0], groups[0], vocabulary=examples.vocabulary, tokenizer=reader)
    return {"pieces": [asdict(piece) for piece in pieces]}


def describe(config: RunConfig, data: CheckedData) -> tuple[str, ...]:
    """How long the texts are against what the model is shown."""
    tokenizer = None if scratch.size_of(config.model) is not None else load_tokenizer(config, ())
    return count_truncated(data, tokenizer, config.data.max_length)


def preview(config: RunConfig, data: CheckedData, n: int, epoch: int) -> dict[str, Any]:
    """What training will hide of the first texts in an epoch: `examples` with `pieces`, and counts."""
    masking: Any = config.masking
    tokenizer = load_tokenizer(config, lambda: _texts(data.train))
    examples = encode(data.train.select(range(min(n, len(data.train)))), tokenizer, config, data=data)
    batch = {name: value.numpy() for name, value in examples.batch(range(len(examples))).items()}
    plain = {name: batch[name] for name in ("attention_mask", *examples.inputs)}
    moment = {"seed": config.training.seed, "epoch": epoch, "progress": min(1.0, epoch / config.training.epochs)}
    out = masking(plain, vocabulary=examples.vocabulary, example_ids=examples.example_ids, **moment)
    told_of = []
    for row in range(len(examples)):
        attended = plain["attention_mask"][row] != 0
        arrays = (plain["input_ids"][row], out.mask[row], out.groups[row])
        facts = {"vocabulary": examples.vocabulary, "tokenizer": tokenizer}
        pieces = read_aloud(*(array[attended] for array in arrays), **facts)
        told_of.append(
            {
                "example_id": int(examples.example_ids[row]),
                "label": data.labels[examples.labels[row]],
                "hidden_units": int(out.count[row]),
                "units": int(out.n_units[row]),
                "pieces": [asdict(piece) for piece in pieces],
            }
        )
    return {"hidden": int(out.count.sum()), "units": int(out.n_units.sum()), "examples": told_of}


def _texts(rows: Any) -> Iterator[str]:
    """Every text of a split, both of a pair."""
    yield from rows["text"]
    if "text_pair" in rows.column_names:
        yield from rows["text_pair"]


def _new(size: scratch.Size, tokenizer: Any, max_length: int, names: dict[str, Any]) -> Any:
    from transformers import BertForSequenceClassification

    config = scratch.architecture(size, tokenizer, max_length)
    config.id2label, config.label2id = names["id2label"], names["label2id"]
    return BertForSequenceClassification(config)
