"""Pre-training on pictures: part of each is hidden, and the model completes it. Labels are not needed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from maskwright import objectives
from maskwright.config import Configuration, RunConfig
from maskwright.data.media.images import load_image_data, open_picture
from maskwright.errors import ConfigError
from maskwright.grid import Grid
from maskwright.tasks.contract import Built, Task, Words
from maskwright.tasks.metrics.completion_error import COMPLETION_ERROR
from maskwright.tasks.metrics.explained_variance import explained_variance
from maskwright.tasks.reconstruction import completion
from maskwright.tasks.reconstruction import models as reconstruction
from maskwright.tasks.reconstruction.report import sections
from maskwright.tasks.vision import models as vision_models
from maskwright.tasks.vision import picture_tasks
from maskwright.tasks.vision.image_classification import CutImages
from maskwright.tasks.vision.pictures import Pictures

if TYPE_CHECKING:
    from maskwright.data.checked import CheckedData

__all__ = ["TASK", "CompletedImages"]

FILLS = "drop for masked autoencoders (ViTMAE, scratch:tiny) and mask-token for the other models that complete pictures"


class CompletedImages(CutImages):
    """Pictures with or without labels; labels are not learned, they serve a linear probe in the report."""


def check(config: RunConfig) -> None:
    """Refuse what does not go with completing pictures.

    Raises:
        ConfigError: nothing hidden, a twin, something hidden that is not whole patches.
    """
    completion.check_run(config, preset="mae", fills=FILLS, fine_tuning="image-classification")
    vision_models.check_pixels(config, Grid(row=14, col=14))
    if vision_models.size_of(config.model) is not None:
        completion.check_fill(config, reconstruction.AUTOENCODER)


def reader(config: RunConfig, data: CheckedData) -> Any:
    """The image processor; ConfigError where it cannot be had."""
    del data
    return picture_tasks.reader_of(config)


def build(config: RunConfig, data: CheckedData) -> Built:
    """A model that completes pictures, and its image processor; new weights depend on `training.seed` alone.

    Raises:
        ConfigError: the model cannot be loaded, completes no pictures, or cannot be masked in the way asked for.
    """
    processor, architecture = reader(config, data), _architecture(config)
    auto = reconstruction.class_of(architecture)
    completion.check_fill(config, architecture.model_type)
    _side(config, processor, architecture)
    # A decoder that makes patches of another size than the encoder takes cannot have been trained with it.
    stride = architecture.patch_size if architecture.model_type in ("vit", "deit") else None
    options = {} if stride is None else {"encoder_stride": stride}
    return completion.built(config, processor, architecture, auto, **options)


def restore(folder: Path) -> Built:
    """The model of a run; RunError where it is missing or damaged."""
    return completion.restored(folder, reconstruction.class_of)


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
    source = picture_tasks.Source("image", open_picture, _side(config, reader, _architecture(config)))
    return picture_tasks.encode(rows, reader, config, source, data=data)


def describe(config: RunConfig, data: CheckedData) -> tuple[str, ...]:
    """What becomes of the pictures on their way into the model."""
    processor = reader(config, data)
    side = _side(config, processor, _architecture(config))
    return (picture_tasks.cut_in_words(picture_tasks.pixels_of(processor), side),)


def _architecture(config: RunConfig) -> Any:
    """The configuration of the model."""
    size, section = vision_models.size_of(config.model), config.data
    if size is None:
        return picture_tasks.saved_architecture(config.model)
    pixels, patch = section.size or vision_models.PIXELS, section.patch or vision_models.PATCH
    return reconstruction.new_architecture(size, pixels, patch)


def _side(config: RunConfig, reader: Any, architecture: Any) -> tuple[int, ...]:
    """Sides of the model's own patches, which are what it completes.

    Raises:
        ConfigError: others are asked for, or pictures of another size than the model's.
    """
    wanted, pixels = getattr(architecture, "image_size", None), picture_tasks.pixels_of(reader)
    if wanted is not None and pixels != (wanted, wanted):
        raise ConfigError(
            f"data.size: '{config.model}' completes pictures of {wanted} x {wanted} pixels, its image processor makes "
            f"{pixels[0]} x {pixels[1]}. Set data.size to {wanted}."
        )
    return vision_models.patch_side(architecture, pixels, config)


TASK = Task(
    name="masked-image",
    words=Words("images", "patches", "image"),
    configuration=Configuration(
        data=CompletedImages,
        objective=partial(objectives.read, "masked-image", ("reconstruct",)),
        defaults={"evaluation": {"patterns": ["iid", "block"], "unit": "patch", "twin": False}},
    ),
    metrics=(explained_variance("picture", "patches"), COMPLETION_ERROR),
    load=partial(load_image_data, labelled=False),
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
