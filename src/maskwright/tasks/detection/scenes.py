"""Pictures with objects as examples: the objects that are there, and what is left of them where parts are hidden."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from maskwright.data.coco.detection import objects_of
from maskwright.rng import Moment, Rng
from maskwright.tasks.examples import FILLER, Batch, Hidden
from maskwright.tasks.vision.pictures import PICTURE, Pictures
from maskwright.tasks.vision.traits import asked_signals
from maskwright.vision.objects import BoxPolicy, object_regions, region_scores

if TYPE_CHECKING:
    import torch

    from maskwright.masking import Masking

__all__ = ["OBJECTS", "SIGNALS", "USUAL", "Scenes", "boxes_of", "corners", "target_of"]

OBJECTS = "objects"
"""Label, a list with the objects of each picture: `class_labels` [n], `boxes` [n, 4] cxcywh as shares of the picture,
and `ignore` [n] bool, tensors."""

USUAL = "usual_objects"
"""Label [B] float32: the mean number of objects in a training picture, by which losses of objects are divided."""

SIGNALS = ("regions", "scores")
"""What patterns can ask for: the object of each cell, and scores by which the same share of each is hidden."""


@dataclass(frozen=True, eq=False)
class Scenes(Pictures):
    """A split of pictures with objects; see `Pictures`.

    Attributes:
        objects: of each picture, as `maskwright.data.coco.detection.objects_of` reads them: a column like `names`.
        policy: what becomes of the objects of which parts are hidden.
        usual: mean number of objects in a training picture.
    """

    objects: Any = ()
    policy: BoxPolicy = field(default_factory=BoxPolicy)
    usual: float = 1.0

    def references(self, rows: Any) -> list[dict[str, Any]]:
        """`width` and `height` in pixels and `annotations`, as in COCO files; categories are indices.

        These are all objects that are there, hidden ones too, whatever training makes of them.
        """
        return [objects_of({"objects": one}) for one in self.objects[[int(row) for row in rows]]]

    def batch(self, rows: Iterable[int]) -> Batch:
        """Some pictures with their objects."""
        import torch

        asked = list(rows)
        batch = super().batch(asked)
        targets = [target_of(scene) for scene in self.references([0 if row == FILLER else row for row in asked])]
        return replace(batch, labels={OBJECTS: targets, USUAL: torch.full((len(asked),), self.usual)})

    def hide(
        self,
        batch: Batch,
        masking: Masking | None,
        moment: Moment,
        signals: Mapping[str, torch.Tensor] | None = None,
    ) -> Hidden:
        """Hide parts of pictures; the objects follow, as the policy has it."""
        if masking is not None and signals is None:
            signals = self.signals(batch, masking, moment)
        hidden = super().hide(batch, masking, moment, signals)
        if hidden.mask is None:
            return hidden
        targets, masks = batch.labels[OBJECTS], hidden.mask.cpu().numpy()
        left = [self.policy(target, mask) for target, mask in zip(targets, masks, strict=True)]
        return replace(hidden, labels={**batch.labels, OBJECTS: left})

    def signals(self, batch: Batch, masking: Masking, moment: Moment) -> dict[str, torch.Tensor]:
        """Those that the pattern asks for, [B, *grid] each over the masking's units."""
        import torch

        asked = [name for name in SIGNALS if name in asked_signals(masking)]
        if not asked:
            return {}
        grid = self.patches(batch.inputs[PICTURE], masking).grid
        scenes = self.references([self._rows[number] for number in batch.ids.tolist()])
        regions = np.stack([object_regions(boxes_of(scene), grid, (1.0, 1.0)) for scene in scenes])
        signals = {"regions": torch.from_numpy(regions).to(batch.ids.device)}
        if "scores" in asked:
            rng = Rng.from_ids(batch.ids, seed=moment.seed, epoch=moment.epoch)
            signals["scores"] = region_scores(signals["regions"], rng.child("scores of regions"))
        return {name: signals[name] for name in asked}

    @cached_property
    def _rows(self) -> dict[int, int]:
        """Row of each example by its id, which names it within its split."""
        return {number: row for row, number in enumerate(self.example_ids.tolist())}


def corners(boxes: np.ndarray) -> np.ndarray:
    """[n, 4] corners x0, y0, x1, y1 of boxes cxcywh.

    >>> corners(np.array([[0.5, 0.5, 1.0, 0.5]]))
    array([[0.  , 0.25, 1.  , 0.75]])
    """
    middle, half = boxes[..., :2], boxes[..., 2:] / 2
    return np.concatenate([middle - half, middle + half], axis=-1)


def boxes_of(scene: Mapping[str, Any]) -> np.ndarray:
    """[n, 4] float64 corners x0, y0, x1, y1 as shares of the picture, which is resized as a whole.

    >>> boxes_of({"width": 20, "height": 10, "annotations": [{"bbox": [5, 0, 10, 5]}]})
    array([[0.25, 0.  , 0.75, 0.5 ]])
    """
    boxes = np.array([one["bbox"] for one in scene["annotations"]], dtype=np.float64).reshape(-1, 4)
    ends = np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1)
    return ends / np.tile([scene["width"], scene["height"]], 2)


def target_of(scene: Mapping[str, Any]) -> dict[str, Any]:
    """The objects of a scene for the loss; see `OBJECTS`."""
    import torch

    objects, boxes = scene["annotations"], boxes_of(scene)
    written = np.concatenate([(boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]], axis=1)
    return {
        "class_labels": torch.tensor([one["category_id"] for one in objects], dtype=torch.int64),
        "boxes": torch.from_numpy(written.astype(np.float32)),
        "ignore": torch.tensor([bool(one.get("iscrowd") or one.get("ignore")) for one in objects]).bool(),
    }
