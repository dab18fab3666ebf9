"""What all tasks have in common whose answer is one of some classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from maskwright.tasks.contract import Examples, Metric, Scores

if TYPE_CHECKING:
    import torch

__all__ = ["METRIC", "answer", "chance", "class_weights", "loss_sum", "metrics", "names_of", "outcome", "told"]

METRIC = Metric("accuracy", "accuracy")


def names_of(labels: Sequence[str]) -> dict[str, Any]:
    """How a Transformers configuration is told the classes."""
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


def loss_sum(model: Any, inputs: Mapping[str, Any], labels: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """The weighted cross-entropies of a batch, added up."""
    from maskwright.objectives.supervised import loss_sum as cross_entropies

    return cross_entropies(model(**inputs).logits, labels, weight)


def answer(model: Any, inputs: Mapping[str, Any]) -> torch.Tensor:
    """[B, classes] float32 logits."""
    return model(**inputs).logits.float()


def metrics(answers: np.ndarray, examples: Examples) -> dict[str, float]:
    """Accuracy, macro-F1 (mean over the classes that occur or were predicted) and mean cross-entropy in nats.

    Args:
        answers: [N, classes] logits.
        examples: which have the labels.
    """
    from scipy.special import log_softmax
    from sklearn.metrics import accuracy_score, f1_score

    labels, predicted = examples.labels, answers.argmax(axis=1)
    losses = -log_softmax(answers.astype(np.float64), axis=1)[np.arange(len(labels)), labels]
    return {
        "accuracy": float(accuracy_score(labels, predicted)),
        "macro_f1": float(f1_score(labels, predicted, average="macro", zero_division=0)),  # type: ignore[arg-type] - its stub knows "warn" only
        "loss": float(losses.mean()),
    }


def outcome(answers: np.ndarray, examples: Examples) -> Scores:
    """Which answers are right."""
    probabilities = _softmax(answers)
    hits = answers.argmax(axis=-1) == examples.labels
    return Scores(hits.astype(np.float64), hits, probabilities)


def chance(examples: Examples) -> float:
    """Share of the most frequent label, what a model that sees nothing can reach."""
    return float(np.bincount(examples.labels).max() / len(examples.labels))


def told(answer: np.ndarray, examples: Examples, row: int, labels: Sequence[str]) -> dict[str, Any]:
    """One answer as a report tells it."""
    probabilities = _softmax(answer)
    best = int(probabilities.argmax())
    right = bool(best == examples.labels[row])
    return {"label": labels[best], "probability": float(probabilities[best]), "right": right}


def _softmax(answers: np.ndarray) -> np.ndarray:
    """Probabilities from logits, along the last axis."""
    import torch

    return torch.softmax(torch.from_numpy(answers.astype(np.float32)), dim=-1).numpy()
