"""Video classification: one clip in, one of two or more classes out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from maskwright import objectives
from maskwright.config import Configuration, RunConfig
from maskwright.data.media.clips import load_clip_data
from maskwright.tasks import classification, pretrained
from maskwright.tasks.contract import Built, Task, Words
from maskwright.tasks.scratch import advice
from maskwright.tasks.video import clip_tasks
from maskwright.tasks.video.clip_tasks import architecture_of, reader_of
from maskwright.tasks.vision import classifiers, picture_tasks
from maskwright.tasks.vision import models as vision_models
from maskwright.tasks.vision.pictures import Pictures

if TYPE_CHECKING:
    from maskwright.data.checked import CheckedData

__all__ = ["TASK", "LabelledClips"]


class LabelledClips(clip_tasks.CutClips):
    """Clips with a label each: folders of frames, tables with such folders, or arrays; and how they are cut."""


def check(config: RunConfig) -> None:
    """Refuse what does not go with a classifier of clips.

    Raises:
        ConfigError: units or maskings that clips do not have, a size of model that there is not.
    """
    vision_models.size_of(config.model)
    clip_tasks.check_units(config)


def reader(config: RunConfig, data: CheckedData) -> Any:
    """The image processor; ConfigError where it cannot be had."""
    del data
    return reader_of(config)


def build(config: RunConfig, data: CheckedData) -> Built:
    """A classifier and its image processor; new weights depend on `training.seed` and on nothing else.

    Raises:
        ConfigError: the model cannot be loaded, is no classifier of clips, or cannot be masked in the way asked for.
    """
    processor, head = reader_of(config), classification.head_options(data.labels)
    return picture_tasks.built(config, processor, lambda: _model(config, processor, head))


def restore(folder: Path) -> Built:
    """The classifier of a run; RunError where it is missing or damaged."""
    from transformers import AutoModelForVideoClassification

    return picture_tasks.restored(AutoModelForVideoClassification, folder)


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
    clips = clip_tasks.encode(rows, reader, config, architecture_of(config, reader), data=data)
    return classifiers.classed(clips, config, data)


def describe(config: RunConfig, data: CheckedData) -> tuple[str, ...]:
    """What becomes of the clips on their way into the model."""
    return clip_tasks.cut_in_words(encode(data.train, reader_of(config), config, data=data), config, data)


def _model(config: RunConfig, reader: Any, head: Mapping[str, Any]) -> tuple[Any, tuple[str, ...]]:
    """The classifier, and notes on it."""
    from transformers import AutoModelForVideoClassification, VideoMAEForVideoClassification

    architecture = architecture_of(config, reader)
    if vision_models.size_of(config.model) is not None:
        architecture.id2label, architecture.label2id = head["id2label"], head["label2id"]
        return VideoMAEForVideoClassification(architecture), advice(config)
    options = {**head, "num_frames": architecture.num_frames, "image_size": architecture.image_size}
    if (architecture.architectures or [""])[0] == "VideoMAEForPreTraining":
        options["use_mean_pooling"] = True  # it has no class token, and its first tubelet stands for nothing else
    return pretrained.with_new_head(AutoModelForVideoClassification, config.model, **options)


TASK = Task(
    name="video-classification",
    words=Words("clips", "tubelets", "clip"),
    configuration=Configuration(
        data=LabelledClips,
        objective=partial(objectives.read, "video-classification", classifiers.OBJECTIVES),
        training=classification.ClassifierTraining,
        defaults={"evaluation": {"patterns": ["iid", clip_tasks.TUBE], "unit": "tubelet"}},
    ),
    metrics=classification.METRICS,
    default_metrics=classification.DEFAULT_METRICS,
    calibration=classification.CALIBRATION,
    load=load_clip_data,
    reader=reader,
    build=build,
    restore=restore,
    encode=encode,
    loss=classifiers.loss,
    likelihood=classifiers.likelihood,
    predict=classifiers.predict,
    shown=classifiers.shown,
    worded=classification.worded,
    check=check,
    describe=describe,
    same_reader=picture_tasks.same_reader,
    plain_fill=picture_tasks.plain_fill,
    other_fill=picture_tasks.other_fill,
)
