"""What pre-training on pictures and on clips does alike: refusals, the model, its loss, and how well it completes.

A task takes from here whatever does not depend on what is completed; see `maskwright.tasks` for what each name does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from maskwright.config import RunConfig
from maskwright.errors import ConfigError, RunError
from maskwright.fills.drop import Drop
from maskwright.tasks import pretrained
from maskwright.tasks.contract import Built, Metric, Scores
from maskwright.tasks.reconstruction import models as reconstruction
from maskwright.tasks.reconstruction import targets as reconstruction_targets
from maskwright.tasks.scratch import advice
from maskwright.tasks.vision import models as vision_models
from maskwright.tasks.vision import picture_tasks
from maskwright.tasks.vision.pictures import PICTURE, Pictures, hides_patches

if TYPE_CHECKING:
    import torch

__all__ = [
    "Reconstructed",
    "answer",
    "built",
    "chance",
    "check_asked",
    "check_fill",
    "loaded",
    "loss_sum",
    "metric",
    "metrics",
    "outcome",
    "plain_fill",
    "told",
]


def metric(whole: str, hidden: str) -> Metric:
    """The explained variance of something of that name whose parts of that name are hidden."""
    return Metric(
        "explained",
        "explained variance",
        of_whole=False,
        meaning=f"How much of the variance of the whole {whole} is explained when its hidden {hidden} are replaced by "
        "predicted ones: 100% for the true one, 0% for its mean colour everywhere.",
    )


@dataclass(frozen=True)
class Reconstructed(Scores):
    """How well pictures or clips were completed; the scores are explained shares of the variance.

    Attributes:
        losses: [N] squared error on hidden patches, in the space the model predicts in.
        plain: [N] share of the variance that the mean of what is visible explains in place of what is hidden.
    """

    losses: np.ndarray = field(kw_only=True)
    plain: np.ndarray = field(kw_only=True)


def check_asked(config: RunConfig, *, preset: str, fills: str, taught: str) -> None:
    """Refuse what does not go with completing.

    Args:
        config: of the run.
        preset: one to try where nothing is hidden.
        fills: which fills there are.
        taught: the task that the model folder is fine-tuned with.

    Raises:
        ConfigError: nothing hidden, a twin, something hidden that is not whole patches, or another objective.
    """
    task = config.task
    if config.objective != "reconstruct":
        raise ConfigError(f"objective: {task} learns what was hidden (reconstruct), given {config.objective!r}.")
    if config.masking is None:
        raise ConfigError(f"masking: {task} learns what is hidden, so something must be; try masking: {preset}.")
    if config.evaluation.twin:
        raise ConfigError(
            f"evaluation.twin: where nothing is hidden there is nothing to learn, so {task} has no twin. Set "
            f"twin: false; to see what it taught, fine-tune its model folder with {taught}."
        )
    if config.training.class_weights != "none":
        raise ConfigError(f"training.class_weights: {task} learns no classes; leave it out.")
    if not hides_patches(config.masking):
        raise ConfigError(f"masking.fill: what is completed is hidden inside the model. Use {fills}.")


def check_fill(config: RunConfig, kind: str) -> None:
    """Refuse the other of the two fills that hide inside the model.

    Raises:
        ConfigError: drop and mask-token confused.
    """
    needed = reconstruction.fill_of(kind)
    given = "drop" if isinstance(getattr(config.masking, "fill", None), Drop) else "mask-token"
    if given != needed:
        raise ConfigError(f"masking.fill: {config.model} ({kind}) is trained with {needed}, given {given}.")


def built(config: RunConfig, reader: Any, architecture: Any, auto: Any, **options: Any) -> Built:
    """A model that completes; new weights depend on `training.seed` and on nothing else.

    Args:
        config: of the run.
        reader: the image processor.
        architecture: its configuration.
        auto: the class of Transformers that completes with it.
        **options: of `from_pretrained`, for models that exist already.

    Raises:
        ConfigError: it cannot be loaded.
    """
    import torch

    with torch.random.fork_rng():
        torch.manual_seed(config.training.seed)
        if vision_models.size_of(config.model) is not None:
            model, notes = auto(architecture), advice(config)
        else:
            model, notes = pretrained.with_new_head(auto, config.model, **options)
        model = reconstruction.with_positions(model)
    return Built(reconstruction.ready(model), reader, notes)


def loaded(folder: Path, class_of: Callable[[Any], Any]) -> tuple[Any, Any]:
    """Model and image processor of a run's model folder.

    Args:
        folder: where they are.
        class_of: gives the class of Transformers that completes with an architecture.

    Raises:
        RunError: the folder is missing or damaged.
    """
    import torch

    try:
        auto = class_of(picture_tasks.saved_architecture(str(folder)))
        reader = vision_models.image_processor(str(folder))
        options = {"dtype": torch.float32, "use_safetensors": True}
        model = pretrained.load(auto.from_pretrained, str(folder), "model", **options)
    except ConfigError as error:
        raise RunError(f"{folder}: the trained model cannot be loaded; {str(error).removeprefix('model: ')}") from error
    return reconstruction.ready(model), reader


def plain_fill(reader: Any) -> Any:
    """Of a model that was trained without masking, which these tasks have none of."""
    del reader
    return "drop"


def loss_sum(model: Any, inputs: Mapping[str, Any], labels: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """The weighted squared errors on hidden patches, mean over those of an example, added up over the examples."""
    from maskwright.objectives.reconstruct import loss_sum as squared_errors

    del labels
    values, patches = reconstruction.predicted(model, inputs)
    truth = reconstruction_targets.target(model, inputs[PICTURE], patches)
    return squared_errors(values, truth, reconstruction.hidden_patches(inputs), weight)


def answer(model: Any, inputs: Mapping[str, Any]) -> torch.Tensor:
    """[B, 3] float32: explained variance, error on hidden patches, explained variance of the mean of what is visible.

    Where nothing is hidden there is nothing to ask: 1, 0 and 1.
    """
    import torch

    from maskwright.objectives import reconstruct

    hidden = reconstruction.hidden_patches(inputs)
    if hidden is None:
        pixels = inputs[PICTURE]
        return torch.tensor([1.0, 0.0, 1.0], device=pixels.device).repeat(len(pixels), 1)
    values, patches = reconstruction.predicted(model, inputs)
    truth, channels = reconstruction_targets.target(model, inputs[PICTURE], patches), patches.channels
    mean = reconstruct.visible_mean(truth, hidden, channels)
    found = [
        reconstruct.explained(values, truth, hidden, channels),
        reconstruct.errors(values, truth, hidden),
        reconstruct.explained(mean, truth, hidden, channels),
    ]
    return torch.stack(found, dim=1)


def metrics(answers: np.ndarray, examples: Pictures) -> dict[str, float]:
    """Mean explained variance and mean squared error on hidden patches."""
    del examples
    return {"explained": float(answers[:, 0].mean()), "loss": float(answers[:, 1].mean())}


def outcome(answers: np.ndarray, examples: Pictures) -> Reconstructed:
    """How well each example was completed."""
    del examples
    explained, losses, plain = answers.T.astype(np.float64)
    return Reconstructed(explained, losses=losses, plain=plain)


def chance(examples: Pictures) -> float:
    """Who sees nothing and gives the mean colour of the example explains nothing of it."""
    del examples
    return 0.0


def told(answer: np.ndarray, examples: Pictures, row: int, labels: Sequence[str]) -> dict[str, Any]:
    """How well one example was completed."""
    del examples, row, labels
    return {"label": f"{answer[0]:.0%} explained", "probability": None, "right": None}
