"""Text classification: one text or a pair of texts in, one of two or more classes out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from maskwright import objectives
from maskwright.config import Configuration, RunConfig
from maskwright.data.texts import TextSection, load_text_data
from maskwright.tasks import classification
from maskwright.tasks.contract import Built, Task, Words
from maskwright.tasks.examples import Hidden, Loss
from maskwright.tasks.text import models
from maskwright.tasks.text.checks import check_text_run, describe_lengths
from maskwright.tasks.text.encoded import LABELS, EncodedTexts, rows_of_ids
from maskwright.tasks.text.marked_text import marked
from maskwright.tasks.text.tokenizing import load_tokenizer, texts_of, tokenised
from maskwright.tasks.views import Shown, View
from maskwright.units.vocabulary import Vocabulary

if TYPE_CHECKING:
    from maskwright.data.checked import CheckedData

__all__ = ["TASK"]

AUTO = "AutoModelForSequenceClassification"


def reader(config: RunConfig, data: CheckedData) -> Any:
    """The tokenizer; ConfigError where it cannot be had."""
    return load_tokenizer(config, lambda: texts_of(data.train))


def build(config: RunConfig, data: CheckedData) -> Built:
    """A classifier and its tokenizer; ConfigError where they cannot be had."""
    return models.built(config, reader(config, data), AUTO, **classification.head_options(data.labels))


def restore(folder: Path) -> Built:
    """The classifier of a run; RunError where it is missing or damaged."""
    return models.restored(folder, AUTO)


def encode(
    rows: Any,
    reader: Any,
    config: RunConfig,
    *,
    data: CheckedData,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> EncodedTexts:
    """Tokenise a split with columns example_id, text, label, and text_pair if there are pairs."""
    pairs = rows["text_pair"] if "text_pair" in rows.column_names else None
    tokens = tokenised(rows["text"], pairs, reader, config.data.max_length, on_progress)
    labels = np.asarray(rows["label"][:], dtype=np.int64)
    return EncodedTexts(
        inputs=tokens.inputs,
        example_ids=np.asarray(rows["example_id"][:], dtype=np.int64),
        labels={LABELS: labels},
        right=labels,
        vocabulary=Vocabulary.from_tokenizer(reader),
        weights=classification.example_weights(labels, config, data),
        classes=labels,
        notes=tokens.notes(config.data.max_length),
    )


def likelihood(model: Any, hidden: Hidden) -> objectives.Likelihood:
    """How probable the model finds the classes."""
    return classification.likelihood_of(model(**hidden.inputs).logits, hidden)


def loss(model: Any, hidden: Hidden) -> Loss:
    """Cross-entropy, a mean over examples."""
    return classification.loss_of(model(**hidden.inputs).logits, hidden)


def predict(model: Any, hidden: Hidden, settings: Any) -> np.ndarray:
    """[B, classes] float32 logits."""
    del settings
    return model(**hidden.inputs).logits.float().cpu().numpy()


def shown(examples: EncodedTexts, row: int, view: View, predictions: Mapping[str, Any]) -> Shown:
    """A text as the model reads it, in pieces, hidden and not."""
    truth = int(examples.right[row])
    text = marked(examples, row, view)
    answers = classification.answers(predictions, truth, view.labels)
    return Shown(text.pieces, reference=view.labels[truth], answers=answers, hidden=text.hidden, units=text.units)


TASK = Task(
    name="text-classification",
    words=Words("texts", "tokens", "text"),
    configuration=Configuration(
        data=TextSection,
        objective=partial(objectives.read, "text-classification", ("supervised", "consistency")),
        training=classification.ClassifierTraining,
        defaults={"evaluation": {"unit": "word"}},
    ),
    metrics=classification.METRICS,
    default_metrics=classification.DEFAULT_METRICS,
    calibration=classification.CALIBRATION,
    load=load_text_data,
    reader=reader,
    build=build,
    restore=restore,
    encode=encode,
    loss=loss,
    likelihood=likelihood,
    predict=predict,
    shown=shown,
    worded=classification.worded,
    check=check_text_run,
    describe=partial(describe_lengths, auto=AUTO),
    same_reader=models.same_tokens,
    plain_fill=models.plain_fill,
    other_fill=models.other_fill,
    readable=models.readable_variants,
    audited=rows_of_ids,
)
