"""Video classification: one clip in, one of two or more classes out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from maskwright.config import RunConfig
from maskwright.data.media.clips import load_clip_data
from maskwright.errors import ConfigError
from maskwright.tasks import pretrained
from maskwright.tasks.classification import METRIC, chance, class_weights, metrics, names_of, outcome, told
from maskwright.tasks.contract import Built
from maskwright.tasks.scratch import advice
from maskwright.tasks.video import clip_tasks
from maskwright.tasks.video.clip_tasks import CutClips, architecture_of, reader_of
from maskwright.tasks.vision import models as vision_models
from maskwright.tasks.vision import picture_tasks
from maskwright.tasks.vision.picture_tasks import answer, loss_sum, plain_fill, same_reader, shown
from maskwright.tasks.vision.pictures import Pictures

if TYPE_CHECKING:
    from maskwright.data.checked import CheckedData

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


class Data(CutClips):
    """Clips with a label each: folders of frames, tables with such folders, or arrays; and how they are cut."""


DEFAULTS: dict[str, Any] = {"evaluation": {"patterns": ["iid", clip_tasks.TUBE], "unit": "tubelet"}}
NOUN, UNIT, INPUT = "clips", "tubelets", "clip"


def load(section: Data) -> CheckedData:
    """Read and check the clips; see `load_clip_data`."""
    return load_clip_data(section)


def check(config: RunConfig) -> None:
    """Refuse what does not go with a classifier of clips.

    Raises:
        ConfigError: an objective without labels, units or maskings that clips do not have.
    """
    if config.objective != "supervised":
        raise ConfigError(f"objective: video-classification learns labels (supervised), given {config.objective!r}.")
    vision_models.size_of(config.model)
    clip_tasks.check_units(config)


def build(config: RunConfig, data: CheckedData) -> Built:
    """Make the model and its image processor; new weights depend on `training.seed` and on nothing else.

    Raises:
        ConfigError: the model cannot be loaded, is no classifier of clips, or cannot be masked in the way asked for.
    """
    reader = reader_of(config)
    return picture_tasks.built(config, reader, lambda: _model(config, reader, names_of(data.labels)))


def load_trained(folder: Path) -> tuple[Any, Any]:
    """Load model and image processor from the `model/` folder of a run.

    Raises:
        RunError: the folder is missing or damaged.
    """
    from transformers import AutoModelForVideoClassification

    return picture_tasks.load_trained(AutoModelForVideoClassification, folder)


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
    return clip_tasks.encode(rows, reader, config, architecture_of(config, reader), data=data, weights=weights)


def describe(config: RunConfig, data: CheckedData) -> tuple[str, ...]:
    """What becomes of the clips on their way into the model."""
    return clip_tasks.described(encode(data.train, reader_of(config), config, data=data), config, data)


def preview(config: RunConfig, data: CheckedData, n: int, epoch: int) -> dict[str, Any]:
    """What training will hide of the first clips in an epoch."""
    some = data.train.select(range(min(n, len(data.train))))
    return picture_tasks.preview(encode(some, reader_of(config), config, data=data), config, data.labels, epoch)


def _model(config: RunConfig, reader: Any, names: Mapping[str, Any]) -> tuple[Any, tuple[str, ...]]:
    from transformers import AutoModelForVideoClassification, VideoMAEForVideoClassification

    architecture = architecture_of(config, reader)
    if vision_models.size_of(config.model) is not None:
        architecture.id2label, architecture.label2id = names["id2label"], names["label2id"]
        return VideoMAEForVideoClassification(architecture), advice(config)
    options = {**names, "num_frames": architecture.num_frames, "image_size": architecture.image_size}
    if (architecture.architectures or [""])[0] == "VideoMAEForPreTraining":
        options["use_mean_pooling"] = True  # it has no class token, and its first tubelet stands for nothing else
    return pretrained.with_new_head(AutoModelForVideoClassification, config.model, **options)
