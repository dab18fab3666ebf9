"""COCO's average precision and recall: the one metric that is no formula of sums, as predictions compete by score.

Source: the COCO detection challenge, Lin et al. 2014 (arXiv:1405.0312).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from maskwright.tasks.metrics.metric import Metric, Statistic
from maskwright.tasks.metrics.object_matching import matched
from maskwright.tasks.metrics.precision_recall import Detections

__all__ = ["AP", "AP50", "AP75", "AR", "MATCHED", "AveragePrecision", "in_pixels"]


def in_pixels(prediction: Mapping[str, Any], width: int, height: int) -> dict[str, Any]:
    """A prediction with its boxes, shares of a picture, in pixels of a picture of this size."""
    return {**prediction, "boxes": np.asarray(prediction["boxes"]) * np.tile([width, height], 2)}


def _matched(predictions: Sequence[Mapping[str, Any]], references: Sequence[Mapping[str, Any]]) -> np.ndarray:
    """[B] `MatchedImage`."""
    records = np.empty(len(predictions), dtype=object)
    for place, (prediction, scene) in enumerate(zip(predictions, references, strict=True)):
        records[place] = matched(in_pixels(prediction, scene["width"], scene["height"]), scene["annotations"])
    return records


def _detections(records: np.ndarray) -> Detections:
    """[1, N] records of one draw."""
    return Detections(records[0].tolist())


MATCHED = Statistic("matched objects", _matched, _detections)
"""[B] `MatchedImage`: which predictions hit objects, at which IoU, and how many objects there are.

Predictions: `boxes` [D, 4], xyxy as shares of the picture, `scores` [D] and `labels` [D]. References: `width`,
`height` and `annotations` (COCO's).

A prediction takes 10 bytes and not a number per class, so an image with the 300 predictions of an RT-DETR takes 3.4 kB
with all that Python adds, and one with the 100 of a DETR 1.4 kB. COCO's 5,000 validation images under 31 trials (whole,
and 2 patterns x 5 shares x 3 draws) come to 0.5 GB or 0.2 GB a model. The answers themselves, 300 x (80 + 4) numbers of
4 bytes, would be 15.6 GB.
"""


@dataclass(frozen=True)
class AveragePrecision(Metric):
    """A number of COCO's that a detector is judged by; see `Metric`.

    When it helps: detection, where boxes, classes and scores all have to be right. When not: few objects, of which its
    steps are coarse; it says nothing of how well scores are calibrated.

    Attributes:
        number: AP, AP50, AP75 or AR100.

    >>> image = {"width": 20, "height": 20, "annotations": [{"bbox": [0, 0, 10, 10], "category_id": 0}]}
    >>> answer = {"boxes": [[0.0, 0.0, 0.5, 0.4]], "scores": [0.9], "labels": [0]}
    >>> records = MATCHED.of([answer], [image])
    >>> AP.value(MATCHED.summable(records[None]), np.ones((1, 1))).round(2)
    array([0.7])
    """

    number: str = "AP"

    @property
    def linear(self) -> bool:
        """It is not the mean of a number per example."""
        return False

    def value(self, summable: Detections, weights: np.ndarray) -> np.ndarray:
        """[b] on resamples of the images, [b, N] weights; NaN where none of them holds an object."""
        return summable.value(weights, self.number)

    def each(self, summable: Detections) -> np.ndarray:
        """[N] of every image on its own; NaN where it holds no object."""
        one = np.ones((1, 1))
        return np.array([Detections([image]).value(one, self.number)[0] for image in summable.images])


AP = AveragePrecision(
    "map",
    "AP (COCO)",
    MATCHED,
    meaning="Average precision, the mean over classes and over IoU from 0.50 to 0.95: 100% where every object is "
    "found, in a box that fits, before anything that is none.",
)
AP50 = AveragePrecision("map50", "AP at IoU 0.50", MATCHED, number="AP50")
AP75 = AveragePrecision("map75", "AP at IoU 0.75", MATCHED, number="AP75")
AR = AveragePrecision(
    "mar",
    "average recall",
    MATCHED,
    meaning="The share of the objects that are found, the mean over classes and over IoU from 0.50 to 0.95.",
    number="AR100",
)
