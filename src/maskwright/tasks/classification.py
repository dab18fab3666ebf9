"""What all classifiers share: the metrics they are judged by, weights of classes, the loss, answers in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import Field

from maskwright.config import TrainingConfig
from maskwright.objectives import Likelihood
from maskwright.objectives.supervised import cross_entropy
from maskwright.tasks.examples import Hidden, Loss
from maskwright.tasks.metrics.accuracy import ACCURACY
from maskwright.tasks.metrics.balanced_accuracy import BALANCED_ACCURACY
from maskwright.tasks.metrics.brier import BRIER
from maskwright.tasks.metrics.calibration_error import CALIBRATION_ERROR
from maskwright.tasks.metrics.class_statistics import probabilities
from maskwright.tasks.metrics.log_loss import LOG_LOSS
from maskwright.tasks.metrics.macro_f1 import MACRO_F1
from maskwright.tasks.metrics.overconfidence import OVERCONFIDENCE
from maskwright.tasks.metrics.top_5_accuracy import TOP_5_ACCURACY
from maskwright.tasks.views import Answer, Worded

if TYPE_CHECKING:
    from maskwright.config import RunConfig
    from maskwright.data.checked import CheckedData

__all__ = [
    "CALIBRATION",
    "METRICS",
    "ClassifierTraining",
    "answer",
    "example_weights",
    "head_options",
    "likelihood_of",
    "loss_of",
    "worded",
]

METRICS = (ACCURACY, MACRO_F1, LOG_LOSS, BALANCED_ACCURACY, TOP_5_ACCURACY)
DEFAULT_METRICS = 3
CALIBRATION = (CALIBRATION_ERROR, OVERCONFIDENCE, LOG_LOSS, BRIER)


class ClassifierTraining(TrainingConfig):
    """How a classifier learns."""

    class_weights: Literal["none", "auto"] = Field(
        default="none", description="auto: every class weighs the same in the loss"
    )


def head_options(labels: Sequence[str]) -> dict[str, Any]:
    """How a Transformers configuration names the classes."""
    return {
        "num_labels": len(labels),
        "id2label": dict(enumerate(labels)),
        "label2id": {label: index for index, label in enumerate(labels)},
    }


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


def example_weights(labels: np.ndarray, config: RunConfig, data: CheckedData) -> np.ndarray:
    """[N] float32, what each example counts in the loss: 1, or the weight of its class in the training split."""
    if config.training.class_weights != "auto":
        return np.ones(len(labels), dtype=np.float32)
    weights = class_weights(np.asarray(data.train["label"][:]), len(data.labels))
    return weights.astype(np.float32)[labels]


def likelihood_of(logits: Any, hidden: Hidden) -> Likelihood:
    """Of [B, classes] logits against the labels of a batch."""
    return Likelihood(logits, hidden.labels["labels"], hidden.weight)


def loss_of(logits: Any, hidden: Hidden) -> Loss:
    """The weighted cross-entropies of a batch, a mean over examples."""
    return Loss(cross_entropy(likelihood_of(logits, hidden)), hidden.count)


def answer(logits: np.ndarray, truth: int, labels: Sequence[str]) -> Answer:
    """One answer in words, with its probability."""
    p = probabilities(logits)
    best = int(p.argmax())
    return Answer(labels[best], float(p[best]), bool(best == truth))


def answers(predictions: Mapping[str, Any], truth: int, labels: Sequence[str]) -> dict[str, Answer]:
    """The answers of each model, by who."""
    return {who: answer(logits, truth, labels) for who, logits in predictions.items()}


def worded(examples: Any, rows: Any, predictions: Sequence[Any], labels: Sequence[str]) -> Worded:
    """Logits of a batch as classes with their probabilities."""
    p, truth, names = probabilities(predictions), examples.references(rows), np.asarray(labels, dtype=object)
    best = p.argmax(axis=-1)
    return Worded(names[truth], names[best], p[np.arange(len(p)), best], best == truth)
