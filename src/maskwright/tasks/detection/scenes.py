"""Pictures with objects as examples, and what is made of a detector's answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from maskwright.data.coco.detection import objects_of
from maskwright.patterns import traits
from maskwright.rng import Rng
from maskwright.tasks.contract import FILLER
from maskwright.tasks.detection.average_precision import Detections
from maskwright.tasks.detection.loss import Rule
from maskwright.tasks.vision.pictures import Pictures
from maskwright.vision.objects import BoxPolicy, object_regions, region_scores

if TYPE_CHECKING:
    import torch

    from maskwright.masking import Masking
    from maskwright.units.patches import Patches

__all__ = ["HIDDEN", "SIGNALS", "Found", "Scenes", "detections", "scenes_of"]

HIDDEN = "hidden_cells"
"""Input [B, row, col] bool beside the pixels: what was hidden, for the loss."""

SIGNALS = ("regions", "scores")
"""What patterns can ask for: the object of each cell, and scores by which the same share of each is hidden."""


@dataclass(frozen=True, eq=False)
class Scenes(Pictures):
    """A split of pictures with objects; see `Pictures`.

    Attributes:
        scenes: per picture `width`, `height` and `annotations`; see `maskwright.data.coco.detection.objects_of`.
        classes: names of the categories.
        rule: what shapes the loss of all images alike.
    """

    scenes: Sequence[Mapping[str, Any]] = ()
    classes: tuple[str, ...] = ()
    rule: Rule = field(default_factory=lambda: Rule(BoxPolicy(), 1.0))

    def batch(self, rows: Iterable[int]) -> dict[str, Any]:
        """Some pictures with their objects as `labels`, a list of targets; see `target`."""
        asked = list(rows)
        return {**super().batch(asked), "labels": [self.target(0 if row == FILLER else row) for row in asked]}

    def target(self, row: int) -> dict[str, Any]:
        """`class_labels` [n], `boxes` [n, 4] cxcywh as shares of the picture, `ignore` [n] bool, and the `rule`."""
        import torch

        objects = self.scenes[row]["annotations"]
        boxes = self.boxes(row)
        written = np.concatenate([(boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]], axis=1)
        return {
            "class_labels": torch.tensor([one["category_id"] for one in objects], dtype=torch.int64),
            "boxes": torch.from_numpy(written.astype(np.float32)),
            "ignore": torch.tensor([bool(one.get("iscrowd") or one.get("ignore")) for one in objects]).bool(),
            "rule": self.rule,
        }

    def boxes(self, row: int) -> np.ndarray:
        """[n, 4] float64 corners x0, y0, x1, y1 as shares of the picture, which is resized as a whole."""
        scene = self.scenes[row]
        boxes = np.array([one["bbox"] for one in scene["annotations"]], dtype=np.float64).reshape(-1, 4)
        ends = np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1)
        return ends / np.tile([scene["width"], scene["height"]], 2)

    def told(self, inputs: dict[str, Any], mask: Any) -> dict[str, Any]:
        """Inputs with what was hidden, which decides what becomes of the boxes."""
        return {**inputs, HIDDEN: mask}

    def signals(self, masking: Masking, patches: Patches, ids: torch.Tensor, **moment: Any) -> dict[str, Any]:
        """`regions`, the object of each cell, and `scores` that spread a count over the regions; where asked for."""
        import torch

        asked = set(traits(masking.pattern).signals) & set(SIGNALS)
        if not asked:
            return {}
        rows = [self._rows[number] for number in ids.tolist()]
        regions = np.stack([object_regions(self.boxes(row), patches.grid, (1.0, 1.0)) for row in rows])
        found = {"regions": torch.from_numpy(regions).to(ids.device)}
        if "scores" in asked:
            rng = Rng.from_ids(ids, seed=moment["seed"], epoch=moment["epoch"])
            found["scores"] = region_scores(found["regions"], rng.child("scores of regions"))
        return {name: value for name, value in found.items() if name in asked}

    @cached_property
    def _rows(self) -> dict[int, int]:
        """Row of each example by its id, which names it within its split."""
        return {number: row for row, number in enumerate(self.example_ids.tolist())}


def scenes_of(rows: Any) -> list[dict[str, Any]]:
    """The objects of all rows of a split."""
    return [objects_of({"objects": text}) for text in rows["objects"]]


@dataclass(frozen=True)
class Found:
    """What was detected; see `maskwright.tasks.contract.Outcome`.

    Attributes:
        detections: matched with the objects that are there.
    """

    detections: Detections
    hits: None = None
    probabilities: None = None

    def value(self, weights: np.ndarray) -> np.ndarray:
        """[b, N] weights of the pictures -> [b] average precision."""
        return self.detections.value(weights)

    def values(self) -> dict[str, float]:
        """All numbers, each picture once."""
        found = self.detections.values(np.ones((1, self.detections.images)))
        return {name: float(value[0]) for name, value in found.items()}


def detections(answers: np.ndarray, examples: Scenes, rows: Iterable[int] | None = None) -> Detections:
    """Match answers with objects.

    Every query of a detector says one thing, the class it finds likeliest.

    Args:
        answers: [N, Q, classes + 4], probabilities of the classes and boxes cxcywh as shares of the picture.
        examples: of which they are.
        rows: which examples these are; all in order, if left out.
    """
    scenes = [examples.scenes[row] for row in (range(len(examples)) if rows is None else rows)]
    guesses = []
    for answer, scene in zip(answers, scenes, strict=True):
        scores, boxes = answer[:, :-4], answer[:, -4:].astype(np.float64)
        size = np.array([scene["width"], scene["height"]])
        middle, half = boxes[:, :2], boxes[:, 2:] / 2
        ends = np.concatenate([(middle - half) * size, (middle + half) * size], axis=1)
        guesses.append({"boxes": ends, "scores": scores.max(axis=1), "labels": scores.argmax(axis=1)})
    return Detections(guesses, [scene["annotations"] for scene in scenes], dict(enumerate(examples.classes)))
