"""Image classification: one picture in, one of two or more classes out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field

from maskwright.config import RunConfig
from maskwright.data.media.images import ImageSection, load_image_data, open_picture
from maskwright.errors import ConfigError
from maskwright.grid import Grid
from maskwright.tasks import pretrained
from maskwright.tasks.classification import METRIC, chance, class_weights, metrics, names_of, outcome, told
from maskwright.tasks.contract import Built
from maskwright.tasks.scratch import advice
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


class Data(ImageSection):
    """Pictures with a label each: folders named by class, tables with paths, or arrays; and how they are cut."""

    size: int | None = Field(
        default=None, ge=2, le=4096, description="side in pixels that pictures are brought to; default: the model's own"
    )
    patch: int | None = Field(
        default=None, ge=1, description="side in pixels of what is hidden whole; default: the model's own patches"
    )


DEFAULTS: dict[str, Any] = {"evaluation": {"patterns": ["iid", "block"], "unit": "patch"}}
NOUN, UNIT, INPUT = "images", "patches", "image"


def load(section: Data) -> CheckedData:
    """Read and check the pictures; see `load_image_data`."""
    return load_image_data(section)


def check(config: RunConfig) -> None:
    """Refuse what does not go with a classifier of pictures.

    Raises:
        ConfigError: an objective without labels, units or maskings that pictures do not have.
    """
    if config.objective != "supervised":
        raise ConfigError(f"objective: image-classification learns labels (supervised), given {config.objective!r}.")
    vision_models.size_of(config.model)
    vision_models.check_pixels(config, Grid(row=14, col=14))


def build(config: RunConfig, data: CheckedData) -> Built:
    """Make the model and its image processor; new weights depend on `training.seed` and on nothing else.

    Raises:
        ConfigError: the model cannot be loaded, is no classifier of pictures, or cannot be masked in the way asked for.
    """
    reader = picture_tasks.reader_of(config)
    return picture_tasks.built(config, reader, lambda: _model(config, reader, names_of(data.labels)))


def load_trained(folder: Path) -> tuple[Any, Any]:
    """Load model and image processor from the `model/` folder of a run.

    Raises:
        RunError: the folder is missing or damaged.
    """
    from transformers import AutoModelForImageClassification

    return picture_tasks.load_trained(AutoModelForImageClassification, folder)


def encode(
    rows: Any,
    reader: Any,
    config: RunConfig,
    *,
    data: CheckedData,
    weights: np.ndarray | None = None,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Pictures:
    """A split ready to be batched; pictures are read when their batch is made."""
    del on_progress
    side = vision_models.patch_side(_architecture(config), picture_tasks.pixels_of(reader), config)
    source = picture_tasks.Source(INPUT, open_picture, side)
    return picture_tasks.encode(rows, reader, config, source, data=data, weights=weights)


def describe(config: RunConfig, data: CheckedData) -> tuple[str, ...]:
    """What becomes of the pictures on their way into the model.

    Raises:
        ConfigError: the fill hides patches inside a model in which they cannot be hidden.
    """
    del data
    from transformers import AutoModelForImageClassification

    made = _architecture(config)
    picture_tasks.check_family(AutoModelForImageClassification, made, config.masking)
    reader = picture_tasks.reader_of(config)
    pixels = picture_tasks.pixels_of(reader)
    side = vision_models.patch_side(made, pixels, config)
    return (picture_tasks.sizes_told(pixels, side),)


def preview(config: RunConfig, data: CheckedData, n: int, epoch: int) -> dict[str, Any]:
    """What training will hide of the first pictures in an epoch."""
    some = data.train.select(range(min(n, len(data.train))))
    examples = encode(some, picture_tasks.reader_of(config), config, data=data)
    return picture_tasks.preview(examples, config, data.labels, epoch)


def _architecture(config: RunConfig) -> Any:
    """Of the model, as far as it is needed to know its patches."""
    size = vision_models.size_of(config.model)
    if size is None:
        return picture_tasks.saved_architecture(config.model)
    pixels = config.data.size or vision_models.PIXELS
    return vision_models.vit(size, pixels, config.data.patch or vision_models.PATCH)


def _model(config: RunConfig, reader: Any, names: Mapping[str, Any]) -> tuple[Any, tuple[str, ...]]:
    from transformers import AutoModelForImageClassification, ViTConfig, ViTForImageClassification

    size = vision_models.size_of(config.model)
    if size is not None:
        architecture = _architecture(config)
        architecture.id2label, architecture.label2id = names["id2label"], names["label2id"]
        return ViTForImageClassification(architecture), advice(config)
    saved = picture_tasks.saved_architecture(config.model)
    options: dict[str, Any] = dict(names)
    auto: Any = AutoModelForImageClassification
    if saved.model_type == "vit_mae":  # what a masked autoencoder learnt is a ViT's encoder
        kept = {key: value for key, value in saved.to_dict().items() if key in ViTConfig().to_dict()}
        auto, options = ViTForImageClassification, {"config": ViTConfig(**{**kept, "model_type": "vit", **names})}
    pixels = picture_tasks.pixels_of(reader)
    if getattr(saved, "image_size", None) not in (None, pixels[0]):
        options |= {"image_size": pixels[0]}
    return pretrained.with_new_head(auto, config.model, **options)
