"""Object detection: one picture in, boxes with a class and a probability each out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import Field

from maskwright import fills
from maskwright.budgets.ratio import Ratio
from maskwright.config import RunConfig
from maskwright.data.coco.detection import DetectionSection, load_detection_data
from maskwright.data.media.images import open_picture
from maskwright.engine.trial import check_on_grid
from maskwright.errors import ConfigError
from maskwright.fills.zero import Zero
from maskwright.grid import Grid
from maskwright.masking import Masking
from maskwright.tasks.contract import Built, Metric
from maskwright.tasks.detection import models as detection_models
from maskwright.tasks.detection import report as detection_report
from maskwright.tasks.detection.loss import Rule, after_hiding, class_scores, image_losses
from maskwright.tasks.detection.report import sections, shown, told
from maskwright.tasks.detection.scenes import HIDDEN, SIGNALS, Found, Scenes, detections, scenes_of
from maskwright.tasks.vision import models as vision_models
from maskwright.tasks.vision import picture_tasks
from maskwright.tasks.vision.picture_tasks import plain_fill, same_reader
from maskwright.tasks.vision.pictures import forward, references
from maskwright.vision.objects import BoxPolicy

if TYPE_CHECKING:
    import torch

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


class Data(DetectionSection):
    """Pictures with objects in boxes: COCO files, or tables with a column of objects; and how pictures are cut."""

    size: int | None = Field(
        default=None,
        ge=2,
        le=4096,
        description="side in pixels that pictures are brought to; default: the model's own if it is square, else 512; "
        "64 from scratch",
    )
    patch: int | None = Field(
        default=None, ge=1, description="side in pixels of what is hidden whole; default: the model's own patches"
    )
    queries: int | None = Field(
        default=None, ge=1, le=1000, description="predictions per picture of a model from scratch; default: by the data"
    )
    hidden_boxes: Literal["keep", "drop", "ignore", "shrink"] = Field(
        default="keep", description="what becomes, in training, of objects of which parts are hidden"
    )
    min_visible: float = Field(
        default=0.25, ge=0.0, le=1.0, description="share of a box that has to be visible for drop, ignore and shrink"
    )


DEFAULTS: dict[str, Any] = {"evaluation": {"patterns": ["iid", "block"], "unit": "patch"}}
NOUN, UNIT, INPUT = "images", "patches", "image"
METRIC = Metric("map", "AP (COCO)")


def load(section: Data) -> CheckedData:
    """Read and check pictures and objects; see `load_detection_data`."""
    return load_detection_data(section)


def check(config: RunConfig) -> None:
    """Refuse what does not go with a detector.

    Patterns may ask for `regions` and, within them, for `scores`; see `maskwright.vision.objects.object_regions`.

    Raises:
        ConfigError: an objective without labels, class weights, units or maskings that pictures do not have.
    """
    if config.objective != "supervised":
        raise ConfigError(f"objective: object-detection learns labels (supervised), given {config.objective!r}.")
    if config.training.class_weights != "none":
        raise ConfigError("training.class_weights: a picture has objects of several classes; leave it out.")
    detection_models.size_of(config.model)
    grid, unit = Grid(row=14, col=14), config.evaluation.unit
    vision_models.check_pixels(config, grid, SIGNALS)
    for name, pattern in config.evaluation.named_patterns.items():
        try:
            check_on_grid(Masking(pattern, Ratio(0.5), Zero(), unit=unit), grid, SIGNALS)
        except ConfigError as error:
            raise ConfigError(f"evaluation.patterns: {name}: {str(error).removeprefix('masking.pattern: ')}") from error


def build(config: RunConfig, data: CheckedData) -> Built:
    """Make the model and its image processor; new weights depend on `training.seed` and on nothing else.

    Raises:
        ConfigError: the model cannot be loaded, is no detector known here, or cannot be masked in the way asked for.
    """
    reader = detection_models.reader_of(config)
    return picture_tasks.built(config, reader, lambda: detection_models.model_of(config, data))


def load_trained(folder: Path) -> tuple[Any, Any]:
    """Load model and image processor from the `model/` folder of a run.

    Raises:
        RunError: the folder is missing or damaged.
    """
    from transformers import AutoModelForObjectDetection

    return picture_tasks.load_trained(AutoModelForObjectDetection, folder)


def encode(
    rows: Any,
    reader: Any,
    config: RunConfig,
    *,
    data: CheckedData,
    weights: np.ndarray | None = None,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Scenes:
    """A split ready to be batched; pictures are read when their batch is made. All of them weigh the same."""
    del weights, on_progress
    section: Any = config.data
    side = _side(config, reader)
    rule = Rule(BoxPolicy(section.hidden_boxes, section.min_visible), max(data.facts["objects"], 1e-3))

    def made(split: Any, facts: Mapping[str, Any]) -> Scenes:
        return Scenes(
            names=list(split[INPUT]),
            open=open_picture,
            reader=reader,
            side=side,
            example_ids=np.asarray(split["example_id"], dtype=np.int64),
            labels=np.zeros(len(split), dtype=np.int64),
            weights=np.ones(1, dtype=np.float32),
            facts=facts,
            scenes=scenes_of(split),
            classes=data.labels,
            rule=rule,
        )

    return made(rows, references(made(data.train, {}), config.masking) if _asks_for_others(config) else {})


def loss_sum(
    model: Any, inputs: Mapping[str, Any], labels: Sequence[Mapping[str, Any]], weight: torch.Tensor
) -> torch.Tensor:
    """The weighted losses of the pictures, added up; boxes first become what hiding makes of them.

    The key `hidden_cells` of the inputs says what was hidden, and `data.hidden_boxes`, which is part of the labels,
    what follows for the boxes; see `maskwright.vision.objects.BoxPolicy` and `image_losses`.
    """
    inputs = dict(inputs)
    targets = after_hiding(labels, inputs.pop(HIDDEN, None))
    return (image_losses(forward(model, inputs), targets, _config_of(model)) * weight).sum()


def answer(model: Any, inputs: Mapping[str, Any]) -> torch.Tensor:
    """[B, queries, classes + 4] float32: probabilities of the classes, and boxes cxcywh as shares of the picture."""
    import torch

    outputs = forward(model, {name: value for name, value in inputs.items() if name != HIDDEN})
    scores = class_scores(outputs.logits, _config_of(model).model_type)
    return torch.cat([scores, outputs.pred_boxes.float()], dim=-1)


def metrics(answers: np.ndarray, examples: Scenes) -> dict[str, float]:
    """COCO's AP (`map`), at an IoU of 0.5 and 0.75 alone, its recall (`mar`), and 1 - AP as the loss."""
    found = outcome(answers, examples).values()
    named = {"map": found["AP"], "map50": found["AP50"], "map75": found["AP75"], "mar": found["AR100"]}
    return {**named, "loss": 1.0 - found["AP"]}


def outcome(answers: np.ndarray, examples: Scenes) -> Found:
    """What was found, of all objects that are there: of hidden ones too, whatever training made of them."""
    return Found(detections(answers, examples))


def chance(examples: Scenes) -> float:
    """Nothing is found by who sees nothing."""
    del examples
    return 0.0


def describe(config: RunConfig, data: CheckedData) -> tuple[str, ...]:
    """What becomes of the pictures on their way into the model, and what they hold."""
    reader = detection_models.reader_of(config)
    lines = [picture_tasks.sizes_told(picture_tasks.pixels_of(reader), _side(config, reader))]
    for name in ("train", "validation", "test"):
        scenes = scenes_of(getattr(data, name))
        counts = Counter(data.labels[one["category_id"]] for scene in scenes for one in scene["annotations"])
        told_of = ", ".join(f"{label} {count:,}" for label, count in counts.most_common(10))
        more = f", and {len(counts) - 10} more classes" if len(counts) > 10 else ""
        lines.append(f"{name}: {counts.total():,} objects in {len(scenes):,} pictures: {told_of}{more}.")
    return tuple(lines)


def preview(config: RunConfig, data: CheckedData, n: int, epoch: int) -> dict[str, Any]:
    """What training will hide of the first pictures in an epoch, and what becomes of their boxes."""
    some = data.train.select(range(min(n, len(data.train))))
    examples = encode(some, detection_models.reader_of(config), config, data=data)
    return detection_report.preview(examples, config, epoch)


def _side(config: RunConfig, reader: Any) -> tuple[int, int]:
    pixels = picture_tasks.pixels_of(reader)
    return vision_models.patch_side(detection_models.architecture(config), pixels, config)


def _asks_for_others(config: RunConfig) -> bool:
    """Whether the fill is made of other pictures, so that some of them have to be read."""
    return config.masking is not None and bool(fills.traits(config.masking.fill).facts)


def _config_of(model: Any) -> Any:
    return getattr(model, "module", model).config
