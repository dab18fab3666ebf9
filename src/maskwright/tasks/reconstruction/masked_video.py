"""Pre-training on clips: part of each is hidden, and a VideoMAE completes it. Labels are not needed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from maskwright.config import RunConfig
from maskwright.data.media.clips import load_clip_data
from maskwright.errors import ConfigError
from maskwright.tasks.contract import Built
from maskwright.tasks.reconstruction import completion
from maskwright.tasks.reconstruction import models as reconstruction
from maskwright.tasks.reconstruction.completion import answer, chance, loss_sum, metrics, outcome, plain_fill, told
from maskwright.tasks.reconstruction.report import sections
from maskwright.tasks.reconstruction.targets import VIDEOMAE
from maskwright.tasks.video import clip_tasks
from maskwright.tasks.vision import models as vision_models
from maskwright.tasks.vision import picture_tasks
from maskwright.tasks.vision.picture_tasks import same_reader, shown
from maskwright.tasks.vision.pictures import Pictures

if TYPE_CHECKING:
    from maskwright.data.checked import CheckedData

__all__ = [
    "DEFAULTS",
    "INPUT",
    "METRIC",
    "NOUN",
    "SHOWS_EXAMPLES",
    "UNIT",
    "Data",
    "answer",
    "build",
    "chance",
    "check",
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
    "sections",
    "shown",
    "told",
]


class Data(clip_tasks.CutClips):
    """Clips with or without labels; labels are not learned, they serve a linear probe in the report."""


DEFAULTS: dict[str, Any] = {
    "objective": "reconstruct",
    "evaluation": {"patterns": ["iid", clip_tasks.TUBE], "unit": "tubelet", "twin": False},
}
NOUN, UNIT, INPUT = "clips", "tubelets", "clip"
METRIC = completion.metric(INPUT, UNIT)
SHOWS_EXAMPLES = True


def load(section: Data) -> CheckedData:
    """Read and check the clips; see `load_clip_data`."""
    return load_clip_data(section, labelled=False)


def check(config: RunConfig) -> None:
    """Refuse what does not go with completing clips.

    Raises:
        ConfigError: nothing hidden, a twin, something hidden that is not whole tubelets, or another objective.
    """
    fills = "drop: a VideoMAE's encoder gets the visible tubelets alone"
    completion.check_asked(config, preset="videomae", fills=fills, taught="video-classification")
    completion.check_fill(config, VIDEOMAE)
    vision_models.size_of(config.model)
    clip_tasks.check_units(config)


def build(config: RunConfig, data: CheckedData) -> Built:
    """Make the model and its image processor; new weights depend on `training.seed` and on nothing else.

    Raises:
        ConfigError: the model cannot be loaded or completes no clips.
    """
    del data
    reader = _reader(config)
    architecture = _architecture(config, reader)
    options = {"num_frames": architecture.num_frames, "image_size": architecture.image_size}
    return completion.built(config, reader, architecture, _class_of(architecture), **options)


def load_trained(folder: Path) -> tuple[Any, Any]:
    """Load model and image processor from the `model/` folder of a run.

    Raises:
        RunError: the folder is missing or damaged.
    """
    return completion.loaded(folder, _class_of)


def encode(
    rows: Any,
    reader: Any,
    config: RunConfig,
    *,
    data: CheckedData,
    weights: np.ndarray | None = None,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Pictures:
    """A split ready to be batched; clips are read when their batch is made.

    Raises:
        ConfigError: frames that cannot be cut into tubelets, masks that the model cannot be given.
        DataError: clips with fewer frames than the model takes, all of them.
    """
    del on_progress
    return clip_tasks.encode(rows, reader, config, _architecture(config, reader), data=data, weights=weights)


def describe(config: RunConfig, data: CheckedData) -> tuple[str, ...]:
    """What becomes of the clips on their way into the model."""
    return clip_tasks.described(encode(data.train, _reader(config), config, data=data), config, data)


def preview(config: RunConfig, data: CheckedData, n: int, epoch: int) -> dict[str, Any]:
    """What training will hide of the first clips in an epoch."""
    some = data.train.select(range(min(n, len(data.train))))
    return picture_tasks.preview(encode(some, _reader(config), config, data=data), config, data.labels, epoch)


def _reader(config: RunConfig) -> Any:
    """Of a new model with the mean and spread that VideoMAE takes from pixels before it predicts them."""
    from transformers.utils.constants import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD

    return clip_tasks.reader_of(config, tuple(IMAGENET_DEFAULT_MEAN), tuple(IMAGENET_DEFAULT_STD))


def _architecture(config: RunConfig, reader: Any) -> Any:
    """The configuration of a VideoMAE for clips of the run; a new one has a norm after its encoder, as published."""
    size = vision_models.size_of(config.model)
    options: dict[str, Any] = {}
    if size is not None:
        # Of the usual spread, 0.02, it stays for thousands of steps at predicting the mean.
        options = {**reconstruction.decoder(size), "use_mean_pooling": False, "initializer_range": size.hidden**-0.5}
    architecture = clip_tasks.architecture_of(config, reader, **options)
    _class_of(architecture)
    return architecture


def _class_of(architecture: Any) -> Any:
    """The class of Transformers that completes clips with a model of this kind.

    Raises:
        ConfigError: there is none that predicts pixels.
    """
    if architecture.model_type != VIDEOMAE:
        raise ConfigError(
            f"model: no {architecture.model_type} of Transformers completes clips. Use a VideoMAE or scratch:tiny."
        )
    from transformers import VideoMAEForPreTraining

    return VideoMAEForPreTraining
