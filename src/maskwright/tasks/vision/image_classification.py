"""Image classification: one picture in, one of two or more classes out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from maskwright import objectives
from maskwright.config import Configuration, RunConfig
from maskwright.data.media.images import ImageSection, load_image_data, open_picture
from maskwright.grid import Grid
from maskwright.tasks import classification, pretrained
from maskwright.tasks.contract import Built, Task, Words
from maskwright.tasks.scratch import advice
from maskwright.tasks.vision import classifiers, picture_tasks
from maskwright.tasks.vision import models as vision_models
from maskwright.tasks.vision.picture_tasks import PatchSide, PictureSide
from maskwright.tasks.vision.pictures import Pictures

if TYPE_CHECKING:
    from maskwright.data.checked import CheckedData

__all__ = ["TASK", "CutImages"]


class CutImages(ImageSection):
    """Pictures with a label each: folders named by class, tables with paths, or arrays; and how they are cut."""

    size: PictureSide = None
    patch: PatchSide = None


def check(config: RunConfig) -> None:
    """Refuse what does not go with a classifier of pictures.

    Raises:
        ConfigError: units or maskings that pictures do not have, a size of model that there is not.
    """
    vision_models.size_of(config.model)
    vision_models.check_pixels(config, Grid(row=14, col=14))


def reader(config: RunConfig, data: CheckedData) -> Any:
    """The image processor; ConfigError where it cannot be had."""
    del data
    return picture_tasks.reader_of(config)


def build(config: RunConfig, data: CheckedData) -> Built:
    """A classifier and its image processor; new weights depend on `training.seed` and on nothing else.

    Raises:
        ConfigError: the model cannot be loaded, is no classifier of pictures, or cannot be masked in the way asked for.
    """
    processor, head = picture_tasks.reader_of(config), classification.head_options(data.labels)
    return picture_tasks.built(config, processor, lambda: _model(config, processor, head))


def restore(folder: Path) -> Built:
    """The classifier of a run; RunError where it is missing or damaged."""
    from transformers import AutoModelForImageClassification

    return picture_tasks.restored(AutoModelForImageClassification, folder)


def encode(
    rows: Any,
    reader: Any,
    config: RunConfig,
    *,
    data: CheckedData,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Pictures:
    """A split ready to be batched; pictures are read when their batch is made."""
    del on_progress
    side = vision_models.patch_side(_architecture(config), picture_tasks.pixels_of(reader), config)
    source = picture_tasks.Source("image", open_picture, side)
    return classifiers.classed(picture_tasks.encode(rows, reader, config, source, data=data), config, data)


def describe(config: RunConfig, data: CheckedData) -> tuple[str, ...]:
    """What becomes of the pictures on their way into the model.

    Raises:
        ConfigError: the fill hides patches inside a model in which they cannot be hidden.
    """
    from transformers import AutoModelForImageClassification

    architecture = _architecture(config)
    picture_tasks.check_family(AutoModelForImageClassification, architecture, config.masking)
    pixels = picture_tasks.pixels_of(reader(config, data))
    return (picture_tasks.cut_in_words(pixels, vision_models.patch_side(architecture, pixels, config)),)


def _architecture(config: RunConfig) -> Any:
    """Of the model, as far as it is needed to know its patches."""
    size = vision_models.size_of(config.model)
    if size is None:
        return picture_tasks.saved_architecture(config.model)
    pixels = config.data.size or vision_models.PIXELS
    return vision_models.vit(size, pixels, config.data.patch or vision_models.PATCH)


def _model(config: RunConfig, reader: Any, head: Mapping[str, Any]) -> tuple[Any, tuple[str, ...]]:
    """The classifier, and notes on it."""
    from transformers import AutoModelForImageClassification, ViTConfig, ViTForImageClassification

    if vision_models.size_of(config.model) is not None:
        architecture = _architecture(config)
        architecture.id2label, architecture.label2id = head["id2label"], head["label2id"]
        return ViTForImageClassification(architecture), advice(config)
    saved = picture_tasks.saved_architecture(config.model)
    options: dict[str, Any] = dict(head)
    auto: Any = AutoModelForImageClassification
    if saved.model_type == "vit_mae":  # what a masked autoencoder learnt is a ViT's encoder
        kept = {key: value for key, value in saved.to_dict().items() if key in ViTConfig().to_dict()}
        auto, options = ViTForImageClassification, {"config": ViTConfig(**{**kept, "model_type": "vit", **head})}
    pixels = picture_tasks.pixels_of(reader)
    if getattr(saved, "image_size", None) not in (None, pixels[0]):
        options |= {"image_size": pixels[0]}
    return pretrained.with_new_head(auto, config.model, **options)


TASK = Task(
    name="image-classification",
    words=Words("images", "patches", "image"),
    configuration=Configuration(
        data=CutImages,
        objective=partial(objectives.read, "image-classification", classifiers.OBJECTIVES),
        training=classification.ClassifierTraining,
        defaults={"evaluation": {"patterns": ["iid", "block"], "unit": "patch"}},
    ),
    metrics=classification.METRICS,
    default_metrics=classification.DEFAULT_METRICS,
    calibration=classification.CALIBRATION,
    load=load_image_data,
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
