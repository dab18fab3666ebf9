"""Object detection: one picture in, boxes with a class and a probability each out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import Field

from maskwright import objectives
from maskwright.budgets.ratio import Ratio
from maskwright.config import Configuration, RunConfig
from maskwright.data.coco.detection import DetectionSection, load_detection_data
from maskwright.data.media.images import open_picture
from maskwright.engine.trial import check_on_grid
from maskwright.errors import ConfigError
from maskwright.fills.zero import Zero
from maskwright.grid import Grid
from maskwright.masking import Masking
from maskwright.tasks.contract import Built, Task, Words
from maskwright.tasks.detection import models as detection_models
from maskwright.tasks.detection.loss import class_scores, image_losses
from maskwright.tasks.detection.report import sections
from maskwright.tasks.detection.scenes import OBJECTS, SIGNALS, USUAL, Scenes, corners
from maskwright.tasks.detection.shown import shown, worded
from maskwright.tasks.examples import Hidden, Loss
from maskwright.tasks.metrics.average_precision import AP, AP50, AP75, AR
from maskwright.tasks.vision import models as vision_models
from maskwright.tasks.vision import picture_tasks
from maskwright.tasks.vision.patch_inputs import forward
from maskwright.tasks.vision.picture_tasks import PatchSide
from maskwright.vision.objects import BoxPolicy

if TYPE_CHECKING:
    from maskwright.data.checked import CheckedData

__all__ = ["TASK", "CutScenes"]

FEWEST_OBJECTS = 1e-3
"""Least mean number of objects in a picture, so that data without any can be divided by it."""


class CutScenes(DetectionSection):
    """Pictures with objects in boxes: COCO files, or tables with a column of objects; and how pictures are cut."""

    size: int | None = Field(
        default=None,
        ge=2,
        le=4096,
        description="side in pixels that pictures are brought to; default: the model's own if it is square, else 512; "
        "64 from scratch",
    )
    patch: PatchSide = None
    queries: int | None = Field(
        default=None, ge=1, le=1000, description="predictions per picture of a model from scratch; default: by the data"
    )
    hidden_boxes: Literal["keep", "drop", "ignore", "shrink"] = Field(
        default="keep", description="what becomes, in training, of objects of which parts are hidden"
    )
    min_visible: float = Field(
        default=0.25, ge=0.0, le=1.0, description="share of a box that has to be visible for drop, ignore and shrink"
    )


def check(config: RunConfig) -> None:
    """Refuse what does not go with a detector.

    Patterns may ask for `regions` and, within them, for `scores`; see `maskwright.vision.objects.object_regions`.

    Raises:
        ConfigError: units or maskings that pictures do not have, a size of model that there is not.
    """
    detection_models.size_of(config.model)
    grid, unit = Grid(row=14, col=14), config.evaluation.unit
    vision_models.check_pixels(config, grid, SIGNALS)
    for name, pattern in config.evaluation.named_patterns.items():
        try:
            check_on_grid(Masking(pattern, Ratio(0.5), Zero(), unit=unit), grid, SIGNALS)
        except ConfigError as error:
            raise ConfigError(f"evaluation.patterns: {name}: {str(error).removeprefix('masking.pattern: ')}") from error


def reader(config: RunConfig, data: CheckedData) -> Any:
    """The image processor; ConfigError where it cannot be had."""
    del data
    return detection_models.reader_of(config)


def build(config: RunConfig, data: CheckedData) -> Built:
    """A detector and its image processor; new weights depend on `training.seed` and on nothing else.

    Raises:
        ConfigError: the model cannot be loaded, is no detector whose loss is implemented, or cannot be masked in the
            way asked for.
    """
    processor = detection_models.reader_of(config)
    return picture_tasks.built(
        config, processor, lambda: detection_models.model_of(config, data), detection_models.HEADS
    )


def restore(folder: Path) -> Built:
    """The detector of a run; RunError where it is missing or damaged."""
    from transformers import AutoModelForObjectDetection

    return picture_tasks.restored(AutoModelForObjectDetection, folder, detection_models.HEADS)


def encode(
    rows: Any,
    reader: Any,
    config: RunConfig,
    *,
    data: CheckedData,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Scenes:
    """A split ready to be batched; pictures are read when their batch is made. All of them weigh the same."""
    del on_progress
    side = _side(config, reader)

    def scenes(split: Any) -> Scenes:
        return Scenes(
            names=split["image"],
            open=open_picture,
            reader=reader,
            side=side,
            example_ids=np.asarray(split["example_id"][:], dtype=np.int64),
            labels=np.full(len(split), -1, dtype=np.int64),
            weights=np.ones(len(split), dtype=np.float32),
            objects=split["objects"],
            policy=BoxPolicy(config.data.hidden_boxes, config.data.min_visible),
            usual=max(data.facts["objects"], FEWEST_OBJECTS),
        )

    return replace(scenes(rows), facts=picture_tasks.other_pictures(lambda: scenes(data.train), config.masking))


def loss(model: Any, hidden: Hidden) -> Loss:
    """The losses of the pictures, each of which is a mean over its predictions or over the usual number of objects.

    So it is a mean over pictures and not over objects: what a picture adds does not depend on which others it meets.
    """
    outputs = forward(model, hidden.inputs)
    each = image_losses(outputs, hidden.labels[OBJECTS], hidden.labels[USUAL], _config_of(model))
    return Loss((each * hidden.weight).sum(), hidden.count)


def predict(model: Any, hidden: Hidden, settings: Any) -> list[dict[str, np.ndarray]]:
    """Every query's most probable class: `boxes` [Q, 4] xyxy as shares of the picture, `scores` and `labels` [Q]."""
    del settings
    outputs = forward(model, hidden.inputs)
    scores = class_scores(outputs.logits, _config_of(model).model_type).cpu().numpy()
    boxes = corners(outputs.pred_boxes.float().cpu().numpy().astype(np.float64))
    best = scores.argmax(axis=-1), scores.max(axis=-1)
    return [
        {"boxes": of_picture, "scores": score, "labels": label}
        for of_picture, label, score in zip(boxes, *best, strict=True)
    ]


def describe(config: RunConfig, data: CheckedData) -> tuple[str, ...]:
    """What becomes of the pictures on their way into the model, and what they hold."""
    processor = reader(config, data)
    lines = [picture_tasks.cut_in_words(picture_tasks.pixels_of(processor), _side(config, processor))]
    for name in ("train", "validation", "test"):
        counts = Counter()
        split = getattr(data, name)
        for scene in split["objects"]:
            counts.update(data.labels[one["category_id"]] for one in scene["annotations"])
        listed = ", ".join(f"{label} {count:,}" for label, count in counts.most_common(10))
        more = f", and {len(counts) - 10} more classes" if len(counts) > 10 else ""
        lines.append(f"{name}: {counts.total():,} objects in {len(split):,} pictures: {listed}{more}.")
    return tuple(lines)


def _side(config: RunConfig, reader: Any) -> tuple[int, int]:
    pixels = picture_tasks.pixels_of(reader)
    return vision_models.patch_side(detection_models.architecture(config), pixels, config)


def _config_of(model: Any) -> Any:
    return getattr(model, "module", model).config


TASK = Task(
    name="object-detection",
    words=Words("images", "patches", "image"),
    configuration=Configuration(
        data=CutScenes,
        objective=partial(objectives.read, "object-detection", ("supervised",)),
        defaults={"evaluation": {"patterns": ["iid", "block"], "unit": "patch"}},
    ),
    metrics=(AP, AP50, AP75, AR),
    load=load_detection_data,
    reader=reader,
    build=build,
    restore=restore,
    encode=encode,
    loss=loss,
    predict=predict,
    shown=shown,
    worded=worded,
    check=check,
    describe=describe,
    sections=sections,
    same_reader=picture_tasks.same_reader,
    plain_fill=picture_tasks.plain_fill,
    other_fill=picture_tasks.other_fill,
)
