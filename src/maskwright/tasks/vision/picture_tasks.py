"""What all tasks on pictures and clips do alike: image processors, splits, and models that take hidden inputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import Field

from maskwright import fills
from maskwright.config import RunConfig
from maskwright.tasks import pretrained
from maskwright.tasks.contract import Built
from maskwright.tasks.vision import models as vision_models
from maskwright.tasks.vision.pictures import PICTURE, Pictures
from maskwright.tasks.vision.traits import asked_facts, way_inside

if TYPE_CHECKING:
    from maskwright.data.checked import CheckedData
    from maskwright.masking import Masking

PictureSide = Annotated[
    int | None,
    Field(ge=2, le=4096, description="side in pixels that pictures are brought to; default: the model's own"),
]
PatchSide = Annotated[
    int | None, Field(ge=1, description="side in pixels of what is hidden whole; default: the model's own patches")
]

OTHERS = 64
"""Training pictures that stand for all of them where a fill asks for other pictures or for their mean."""

HEADS = ("classifier", "cls_classifier", "distillation_classifier", "classifier_distill", "score")
"""Modules that Transformers puts on an encoder of pictures for their classes."""


def plain_fill(reader: Any) -> Any:
    """The mean of what is visible: what any model of pictures can be given."""
    del reader
    return "mean"


def other_fill(fill: Any, reader: Any) -> Any:
    """Noise in the place of hidden pixels; where that is the run's own fill, the mean of what is visible.

    >>> other_fill("mean", None), other_fill("noise", None)
    ('noise', 'mean')
    """
    del reader
    return "mean" if fills.from_node(fill) == fills.from_node("noise") else "noise"


def same_reader(one: Any, other: Any) -> bool:
    """Whether two image processors make the same of a picture."""
    return one.to_dict() == other.to_dict()


def built(
    config: RunConfig, reader: Any, make: Callable[[], tuple[Any, Sequence[str]]], heads: Sequence[str] = HEADS
) -> Built:
    """A model that takes hidden inputs; new weights depend on `training.seed` alone.

    Args:
        config: of the run.
        reader: the image processor.
        make: gives the model and notes.
        heads: names of the modules that are new for the task.

    Raises:
        ConfigError: it cannot be made, or cannot be masked in the way asked for.
    """
    import torch

    with torch.random.fork_rng():
        torch.manual_seed(config.training.seed)
        model, notes = make()
        vision_models.accept_hidden(model, None if config.masking is None else config.masking.fill)
    return Built(model, reader, tuple(heads), tuple(notes))


def restored(auto: Any, folder: Path, heads: Sequence[str] = HEADS) -> Built:
    """Model and image processor of a run's model folder, ready to be given hidden inputs.

    Raises:
        RunError: the folder is missing or damaged.
    """
    with pretrained.of_run(folder):
        reader, model = vision_models.image_processor(str(folder)), pretrained.trained(auto, folder)
    return Built(vision_models.accept_hidden(model, vision_models.read_fill(folder), folder), reader, tuple(heads))


def check_family(auto: Any, architecture: Any, masking: Masking | None) -> None:
    """Refuse to hide patches inside a model of another family, before its weights are made or read.

    Raises:
        ConfigError: naming the fills that work.
    """
    way = None if masking is None else way_inside(masking.fill)
    if way is None or architecture.model_type == "vit_mae":  # read as the ViT it is
        return
    import torch

    from maskwright.vision.patch_tokens import check_model

    with torch.device("meta"):
        check_model(auto.from_config(architecture), way)


def plain_processor(pixels: int) -> Any:
    """An image processor for models from scratch: square pictures, values from -1 to 1."""
    from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

    return ViTImageProcessorPil(size={"height": pixels, "width": pixels})


def reader_of(config: RunConfig) -> Any:
    """The image processor of a run's model, for pictures of the size that is asked for."""
    if vision_models.size_of(config.model) is None:
        return vision_models.image_processor(config.model, config.data.size)
    return plain_processor(config.data.size or vision_models.PIXELS)


def saved_architecture(model: str) -> Any:
    """The configuration of a saved model, which is read before its weights are."""
    from transformers import AutoConfig

    return pretrained.load(AutoConfig.from_pretrained, pretrained.find(model), "configuration")


def pixels_of(reader: Any) -> tuple[int, int]:
    """Rows and columns of the pictures that a processor makes: asked by giving it one."""
    made = reader(np.zeros((64, 64, 3), dtype=np.uint8), return_tensors="np")[PICTURE]
    return int(made.shape[-2]), int(made.shape[-1])


@dataclass(frozen=True)
class Source:
    """Where the pictures of a task are, and how they are cut.

    Attributes:
        column: of the data, names of pictures or clips.
        open: from a name to the picture.
        side: of a patch along each axis.
    """

    column: str
    open: Callable[[str], np.ndarray]
    side: tuple[int, ...]


def encode(rows: Any, reader: Any, config: RunConfig, source: Source, *, data: CheckedData) -> Pictures:
    """A split of pictures or clips, each of which counts the same.

    Args:
        rows: a split of `data`.
        reader: the image processor.
        config: of the run.
        source: of the pictures.
        data: all of it; fills that ask for other pictures are given some of its training split.
    """

    def pictures(split: Any) -> Pictures:
        return Pictures(
            names=split[source.column],
            open=source.open,
            reader=reader,
            side=source.side,
            example_ids=np.asarray(split["example_id"][:], dtype=np.int64),
            labels=np.asarray(split["label"][:], dtype=np.int64),
            weights=np.ones(len(split), dtype=np.float32),
        )

    return replace(pictures(rows), facts=other_pictures(lambda: pictures(data.train), config.masking))


def other_pictures(train: Callable[[], Pictures], masking: Masking | None) -> dict[str, Any]:
    """What the fill of a masking asks for of other pictures, from a fixed choice of training pictures.

    Args:
        train: gives the training split.
        masking: of the run.

    Returns:
        `statistics`, the mean picture, and `pool`, some pictures; what is not asked for is left out.
    """
    asked = asked_facts(masking)
    if not {"pool", "statistics"} & set(asked):
        return {}
    pictures = train()
    rows = np.random.default_rng(0).permutation(len(pictures))[:OTHERS]
    pixels = pictures.pixels(np.sort(rows))
    facts = {"pool": pixels, "statistics": pixels.mean(dim=0)}
    return {name: values for name, values in facts.items() if name in asked}


def cut_in_words(pixels: Sequence[int], side: Sequence[int]) -> str:
    """How pictures are cut.

    >>> cut_in_words((32, 32), (4, 4))[:69]
    'pictures are brought to 32 x 32 pixels; hidden whole are 8 x 8 patche'
    """
    grid = " x ".join(str(n // length) for n, length in zip(pixels, side[-2:], strict=True))
    return (
        f"pictures are brought to {pixels[0]} x {pixels[1]} pixels; hidden whole are {grid} patches of "
        f"{side[-2]} x {side[-1]} pixels (data.size, data.patch)."
    )
