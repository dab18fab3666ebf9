"""What pre-training on pictures and on clips does alike: refusals, the model, its loss, and how well it completes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from maskwright.config import RunConfig
from maskwright.errors import ConfigError, RunError
from maskwright.tasks import pretrained
from maskwright.tasks.contract import Built
from maskwright.tasks.examples import Hidden, Loss
from maskwright.tasks.reconstruction import models as reconstruction
from maskwright.tasks.reconstruction import targets
from maskwright.tasks.scratch import advice
from maskwright.tasks.views import Answer, Shown, Worded
from maskwright.tasks.vision import models as vision_models
from maskwright.tasks.vision import picture_tasks
from maskwright.tasks.vision.pictures import PICTURE, Pictures
from maskwright.tasks.vision.shown import shown_picture
from maskwright.tasks.vision.traits import hides_patches, way_inside

if TYPE_CHECKING:
    from maskwright.tasks.views import View

__all__ = ["built", "check_fill", "check_run", "loss", "plain_fill", "predict", "restored", "shown", "worded"]


def check_run(config: RunConfig, *, preset: str, fills: str, fine_tuning: str) -> None:
    """Refuse what does not go with completing.

    Args:
        config: of the run.
        preset: one to try where nothing is hidden.
        fills: which fills there are.
        fine_tuning: the task that the model folder is fine-tuned with.

    Raises:
        ConfigError: nothing hidden, a twin, or something hidden that is not whole patches.
    """
    task = config.task
    if config.masking is None:
        raise ConfigError(f"masking: {task} learns what is hidden, so something must be; try masking: {preset}.")
    if config.evaluation.twin:
        raise ConfigError(
            f"evaluation.twin: where nothing is hidden there is nothing to learn, so {task} has no twin. Set "
            f"twin: false; to see what was learned, fine-tune its model folder with {fine_tuning}."
        )
    if not hides_patches(config.masking):
        raise ConfigError(f"masking.fill: what is completed is hidden inside the model. Use {fills}.")


def check_fill(config: RunConfig, kind: str) -> None:
    """Refuse the other of the two fills that hide inside the model.

    Raises:
        ConfigError: drop and mask-token confused.
    """
    needed, way = reconstruction.way_of(kind), None if config.masking is None else way_inside(config.masking.fill)
    if way != needed:
        raise ConfigError(f"masking.fill: {config.model} ({kind}) is trained with {needed}, given {way}.")


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
    return Built(reconstruction.ready(model), reader, reconstruction.heads_of(architecture.model_type), notes)


def restored(folder: Path, class_of: Callable[[Any], Any]) -> Built:
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
    return Built(reconstruction.ready(model), reader, reconstruction.heads_of(model.config.model_type))


def plain_fill(reader: Any) -> Any:
    """Of a model that was trained without masking, which these tasks have none of."""
    del reader
    return "drop"


def loss(model: Any, hidden: Hidden) -> Loss:
    """Squared errors on hidden patches, mean over those of an example; a mean over examples."""
    from maskwright.objectives.reconstruct import squared_errors

    values, patches = reconstruction.predicted(model, hidden.inputs)
    truth = targets.target(model, hidden.inputs[PICTURE], patches)
    mask = reconstruction.hidden_patches(hidden.inputs)
    return Loss(squared_errors(values, truth, mask, hidden.weight), hidden.count)


def predict(model: Any, hidden: Hidden, settings: Any) -> np.ndarray:
    """[B, 3] float32: explained variance, error on hidden patches, explained variance of the mean of what is visible.

    Where nothing is hidden there is nothing to ask: 1, 0 and 1.
    """
    import torch

    from maskwright.objectives import reconstruct

    del settings
    pixels, mask = hidden.inputs[PICTURE], reconstruction.hidden_patches(hidden.inputs)
    if mask is None:
        return np.tile(np.array([1.0, 0.0, 1.0], dtype=np.float32), (len(pixels), 1))
    values, patches = reconstruction.predicted(model, hidden.inputs)
    truth, channels = targets.target(model, pixels, patches), patches.channels
    mean = reconstruct.visible_mean(truth, mask, channels)
    numbers = [
        reconstruct.explained(values, truth, mask, channels),
        reconstruct.errors(values, truth, mask),
        reconstruct.explained(mean, truth, mask, channels),
    ]
    return torch.stack(numbers, dim=1).cpu().numpy()


def shown(examples: Pictures, row: int, view: View, predictions: Mapping[str, Any]) -> Shown:
    """A picture, or the frames of a clip, as the model sees it, with its class if it has one."""
    label = int(examples.labels[row])
    answers = {who: Answer(f"{one[0]:.0%} explained") for who, one in predictions.items()}
    reference = view.labels[label] if label >= 0 else None
    return replace(shown_picture(examples, row, view), reference=reference, answers=answers)


def worded(examples: Pictures, rows: Sequence[int], predictions: Sequence[Any], labels: Sequence[str]) -> Worded:
    """How much of what was hidden is explained, as where examples are shown; nothing where nothing was hidden."""
    del examples, rows, labels
    return Worded(answers=[f"{one[0]:.0%} explained" if np.isfinite(one[0]) else None for one in predictions])
