"""Pre-training on clips: part of each is hidden, and a VideoMAE completes it. Labels are not needed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from maskwright import objectives
from maskwright.config import Configuration, RunConfig
from maskwright.data.media.clips import load_clip_data
from maskwright.errors import ConfigError
from maskwright.tasks.contract import Built, Task, Words
from maskwright.tasks.metrics.completion_error import COMPLETION_ERROR
from maskwright.tasks.metrics.explained_variance import explained_variance
from maskwright.tasks.reconstruction import completion
from maskwright.tasks.reconstruction import models as reconstruction
from maskwright.tasks.reconstruction.report import sections
from maskwright.tasks.reconstruction.targets import VIDEOMAE
from maskwright.tasks.video import clip_tasks
from maskwright.tasks.vision import models as vision_models
from maskwright.tasks.vision import picture_tasks
from maskwright.tasks.vision.pictures import Pictures

if TYPE_CHECKING:
    from maskwright.data.checked import CheckedData

__all__ = ["TASK", "CompletedClips"]

FILLS = "drop: a VideoMAE's encoder gets the visible tubelets alone"


class CompletedClips(clip_tasks.CutClips):
    """Clips with or without labels; labels are not learned, they serve a linear probe in the report."""


def check(config: RunConfig) -> None:
    """Refuse what does not go with completing clips.

    Raises:
        ConfigError: nothing hidden, a twin, something hidden that is not whole tubelets.
    """
    completion.check_run(config, preset="videomae", fills=FILLS, fine_tuning="video-classification")
    completion.check_fill(config, VIDEOMAE)
    vision_models.size_of(config.model)
    clip_tasks.check_units(config)


def reader(config: RunConfig, data: CheckedData) -> Any:
    """The image processor, a new one with the mean and spread that VideoMAE takes from pixels before it predicts them.

    Raises:
        ConfigError: it cannot be had.
    """
    from transformers.utils.constants import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD

    del data
    return clip_tasks.reader_of(config, tuple(IMAGENET_DEFAULT_MEAN), tuple(IMAGENET_DEFAULT_STD))


def build(config: RunConfig, data: CheckedData) -> Built:
    """A model that completes clips, and its image processor; new weights depend on `training.seed` alone.

    Raises:
        ConfigError: the model cannot be loaded or completes no clips.
    """
    processor = reader(config, data)
    architecture = _architecture(config, processor)
    options = {"num_frames": architecture.num_frames, "image_size": architecture.image_size}
    return completion.built(config, processor, architecture, _class_of(architecture), **options)


def restore(folder: Path) -> Built:
    """The model of a run; RunError where it is missing or damaged."""
    return completion.restored(folder, _class_of)


def encode(
    rows: Any,
    reader: Any,
    config: RunConfig,
    *,
    data: CheckedData,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Pictures:
    """A split ready to be batched; clips are read when their batch is made.

    Raises:
        ConfigError: frames that cannot be cut into tubelets, masks that the model cannot be given.
        DataError: clips with fewer frames than the model takes, all of them.
    """
    del on_progress
    return clip_tasks.encode(rows, reader, config, _architecture(config, reader), data=data)


def describe(config: RunConfig, data: CheckedData) -> tuple[str, ...]:
    """What becomes of the clips on their way into the model."""
    return clip_tasks.cut_in_words(encode(data.train, reader(config, data), config, data=data), config, data)


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


TASK = Task(
    name="masked-video",
    words=Words("clips", "tubelets", "clip"),
    configuration=Configuration(
        data=CompletedClips,
        objective=partial(objectives.read, "masked-video", ("reconstruct",)),
        defaults={"evaluation": {"patterns": ["iid", clip_tasks.TUBE], "unit": "tubelet", "twin": False}},
    ),
    metrics=(explained_variance("clip", "tubelets"), COMPLETION_ERROR),
    load=partial(load_clip_data, labelled=False),
    reader=reader,
    build=build,
    restore=restore,
    encode=encode,
    loss=completion.loss,
    predict=completion.predict,
    shown=completion.shown,
    worded=completion.worded,
    check=check,
    describe=describe,
    sections=sections,
    same_reader=picture_tasks.same_reader,
    plain_fill=completion.plain_fill,
    shows_examples=False,
)
