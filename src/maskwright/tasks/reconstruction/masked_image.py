"""Pre-training on pictures: part of each is hidden, and the model completes it. Labels are not needed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from maskwright.config import RunConfig
from maskwright.data.media.images import load_image_data, open_picture
from maskwright.errors import ConfigError
from maskwright.grid import Grid
from maskwright.tasks.contract import Built
from maskwright.tasks.reconstruction import completion
from maskwright.tasks.reconstruction import models as reconstruction
from maskwright.tasks.reconstruction.completion import answer, chance, loss_sum, metrics, outcome, plain_fill, told
from maskwright.tasks.reconstruction.report import sections
from maskwright.tasks.vision import image_classification, picture_tasks
from maskwright.tasks.vision import models as vision_models
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


class Data(image_classification.Data):
    """Pictures with or without labels; labels are not learned, they serve a linear probe in the report."""


DEFAULTS: dict[str, Any] = {
    "objective": "reconstruct",
    "evaluation": {"patterns": ["iid", "block"], "unit": "patch", "twin": False},
}
NOUN, UNIT, INPUT = "images", "patches", "image"
METRIC = completion.metric("picture", UNIT)
SHOWS_EXAMPLES = True


def load(section: Data) -> CheckedData:
    """Read and check the pictures; see `load_image_data`."""
    return load_image_data(section, labelled=False)


def check(config: RunConfig) -> None:
    """Refuse what does not go with completing pictures.

    Raises:
        ConfigError: nothing hidden, a twin, something hidden that is not whole patches, or another objective.
    """
    fills = (
        "drop for masked autoencoders (ViTMAE, scratch:tiny) and mask-token for the other models that complete pictures"
    )
    completion.check_asked(config, preset="mae", fills=fills, taught="image-classification")
    vision_models.check_pixels(config, Grid(row=14, col=14))
    if vision_models.size_of(config.model) is not None:
        completion.check_fill(config, reconstruction.AUTOENCODER)


def build(config: RunConfig, data: CheckedData) -> Built:
    """Make the model and its image processor; new weights depend on `training.seed` and on nothing else.

    Raises:
        ConfigError: the model cannot be loaded, completes no pictures, or cannot be masked in the way asked for.
    """
    del data
    reader, architecture = picture_tasks.reader_of(config), _architecture(config)
    auto = reconstruction.class_of(architecture)
    completion.check_fill(config, architecture.model_type)
    _side(config, reader, architecture)
    # A decoder that makes patches of another size than the encoder takes cannot have been trained with it.
    stride = architecture.patch_size if architecture.model_type in ("vit", "deit") else None
    options = {} if stride is None else {"encoder_stride": stride}
    return completion.built(config, reader, architecture, auto, **options)


def load_trained(folder: Path) -> tuple[Any, Any]:
    """Load model and image processor from the `model/` folder of a run.

    Raises:
        RunError: the folder is missing or damaged.
    """
    return completion.loaded(folder, reconstruction.class_of)


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
    source = picture_tasks.Source(INPUT, open_picture, _side(config, reader, _architecture(config)))
    return picture_tasks.encode(rows, reader, config, source, data=data, weights=weights)


def describe(config: RunConfig, data: CheckedData) -> tuple[str, ...]:
    """What becomes of the pictures on their way into the model."""
    del data
    reader = picture_tasks.reader_of(config)
    side = _side(config, reader, _architecture(config))
    return (picture_tasks.sizes_told(picture_tasks.pixels_of(reader), side),)


def preview(config: RunConfig, data: CheckedData, n: int, epoch: int) -> dict[str, Any]:
    """What training will hide of the first pictures in an epoch."""
    some = data.train.select(range(min(n, len(data.train))))
    examples = encode(some, picture_tasks.reader_of(config), config, data=data)
    return picture_tasks.preview(examples, config, data.labels, epoch)


def _architecture(config: RunConfig) -> Any:
    size = vision_models.size_of(config.model)
    if size is None:
        return picture_tasks.saved_architecture(config.model)
    data: Any = config.data
    return reconstruction.new_architecture(size, data.size or vision_models.PIXELS, data.patch or vision_models.PATCH)


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
