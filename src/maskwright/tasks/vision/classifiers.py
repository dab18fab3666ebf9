"""What classifiers of pictures, of clips and of pictures with texts do alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from maskwright.objectives import Likelihood
from maskwright.tasks import classification
from maskwright.tasks.examples import Hidden, Loss
from maskwright.tasks.views import Shown
from maskwright.tasks.vision.patch_inputs import forward
from maskwright.tasks.vision.pictures import Pictures
from maskwright.tasks.vision.shown import shown_picture

if TYPE_CHECKING:
    from maskwright.config import RunConfig
    from maskwright.data.checked import CheckedData
    from maskwright.tasks.views import View

__all__ = ["OBJECTIVES", "classed", "likelihood", "loss", "predict", "shown"]

OBJECTIVES = ("supervised", "consistency")
"""What they can learn; the first is the default."""


def classed(pictures: Pictures, config: RunConfig, data: CheckedData) -> Pictures:
    """The same pictures as examples of classes, which weigh in the loss what the run asks for."""
    weights = classification.example_weights(pictures.labels, config, data)
    return replace(pictures, weights=weights, classes=pictures.labels)


def likelihood(model: Any, hidden: Hidden) -> Likelihood:
    """How probable the model finds the classes."""
    return classification.likelihood_of(forward(model, hidden.inputs).logits, hidden)


def loss(model: Any, hidden: Hidden) -> Loss:
    """Cross-entropy, a mean over examples."""
    return classification.loss_of(forward(model, hidden.inputs).logits, hidden)


def predict(model: Any, hidden: Hidden, settings: Any) -> np.ndarray:
    """[B, classes] float32 logits."""
    del settings
    return forward(model, hidden.inputs).logits.float().cpu().numpy()


def shown(examples: Pictures, row: int, view: View, predictions: Mapping[str, Any]) -> Shown:
    """A picture, or the frames of a clip, as the model sees it."""
    truth = int(examples.labels[row])
    answers = classification.answers(predictions, truth, view.labels)
    return replace(shown_picture(examples, row, view), reference=view.labels[truth], answers=answers)
