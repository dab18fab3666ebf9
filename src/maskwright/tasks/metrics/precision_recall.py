"""Precision and recall of detected objects as functions of image weights, so that they can be bootstrapped.

Predictions were matched with objects image by image before (`object_matching`); they are counted here under any number
of weightings of the images at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from maskwright.errors import MaskingError
from maskwright.tasks.metrics.object_matching import THRESHOLDS, MatchedImage

__all__ = ["Detections"]

RECALLS = np.linspace(0.0, 1.0, 101)
"""Recalls at which the precision is read off."""

CELLS_AT_ONCE = 500_000
"""Weights of predictions held at a time (4 MB), so that they stay in the cache."""

EPSILON = np.spacing(1)
"""COCO's own guard against 0 / 0."""

THRESHOLDS_OF = {"AP": range(len(THRESHOLDS)), "AP50": (THRESHOLDS.index(0.5),), "AP75": (THRESHOLDS.index(0.75),)}
"""Places among the IoU thresholds over which each kind of average precision is a mean."""


@dataclass(frozen=True, eq=False)
class _Class:
    """What the predictions of a class come to, the surest first.

    Nothing behind the last prediction that hits an object is kept: precision is read off where one does.

    Attributes:
        image: [D] int32 of each prediction.
        right: a row of places among the predictions per IoU threshold, of those that hit an object that counts.
        ignored: likewise, of those that count neither way.
        holders: [H] images that hold objects that count.
        objects: [H] how many.
    """

    image: np.ndarray
    right: tuple[np.ndarray, ...]
    ignored: tuple[np.ndarray, ...]
    holders: np.ndarray
    objects: np.ndarray

    def in_all(self, weights: np.ndarray) -> np.ndarray:
        """[b] objects under weights [N, b]; NaN where there are none."""
        number = self.objects @ weights[self.holders]
        return np.where(number > 0, number, np.nan)


class Detections:
    """Predictions and objects of a set of images, matched.

    All numbers are those of COCOeval: means over classes and over IoU 0.50, 0.55, ..., 0.95 of the precision at 101
    recalls, at most 100 predictions per class and image. A weight of 2 is the image twice. Classes without an object
    that counts are left out of the means. Predictions of equal score are taken in the order of the images; in one image
    and class, a prediction's copies come before those of the next, where COCOeval on a repeated image takes turns.

    Source: the COCO detection challenge, Lin et al. 2014 (arXiv:1405.0312).

    Args:
        images: of `object_matching.matched`, one or more.

    Raises:
        MaskingError: there are no images.

    >>> from maskwright.tasks.metrics.object_matching import matched
    >>> none = matched({"boxes": np.zeros((0, 4)), "scores": [], "labels": []}, [])
    >>> guess = {"boxes": [[0, 0, 10, 8]], "scores": [0.9], "labels": [3]}
    >>> pair = Detections([matched(guess, [{"bbox": [0, 0, 10, 10], "category_id": 3}]), none])
    >>> {name: value.round(2).tolist() for name, value in pair.values(np.ones((1, 2))).items()}
    {'AP': [0.7], 'AP50': [1.0], 'AP75': [1.0], 'AR100': [0.7]}
    """

    def __init__(self, images: Sequence[MatchedImage]):
        if not len(images):
            raise MaskingError("average precision: expected the predictions of 1 image or more, given none.")
        self.images = images
        self._classes = _classes(images)

    def value(self, weights: np.ndarray, number: str = "AP") -> np.ndarray:
        """One of AP, AP50, AP75 and AR100 under weights of the images.

        Args:
            weights: [b, N], 0 or more: how often each image is there, per row.
            number: which one.

        Returns:
            [b]; NaN where a row holds no object that counts.
        """
        across = self._checked(weights)
        if number == "AR100":
            return _mean([_recall(one, across) for one in self._classes.values()], len(weights))
        if number not in THRESHOLDS_OF:
            names = ", ".join([*THRESHOLDS_OF, "AR100"])
            raise MaskingError(f"average precision: there is no '{number}'; expected one of {names}.")
        precisions = [_precision(one, across, THRESHOLDS_OF[number]) for one in self._classes.values()]
        return _mean(precisions, len(weights))

    def values(self, weights: np.ndarray) -> dict[str, np.ndarray]:
        """All four by name; see `value`."""
        return {number: self.value(weights, number) for number in (*THRESHOLDS_OF, "AR100")}

    def by_class(self, weights: np.ndarray) -> dict[int, np.ndarray]:
        """Label -> [b] AP of each class that has objects that count; see `value`."""
        across = self._checked(weights)
        return {
            label: _precision(one, across, THRESHOLDS_OF["AP"]).mean(axis=0) for label, one in self._classes.items()
        }

    def _checked(self, weights: np.ndarray) -> np.ndarray:
        """[N, b] from [b, N]."""
        rows = np.asarray(weights, dtype=np.float64)
        if rows.ndim != 2 or rows.shape[1] != len(self.images) or not (rows >= 0).all():
            raise MaskingError(
                f"average precision: weights: expected [b, {len(self.images)}] numbers of 0 or more, given an array of "
                f"shape {rows.shape}."
            )
        return np.ascontiguousarray(rows.T)


def _classes(images: Sequence[MatchedImage]) -> dict[int, _Class]:
    """The classes that have objects that count, in the order of the labels."""
    predictions, image = _joined([one.predictions for one in images])
    objects, holder = _joined([one.objects for one in images])
    order = np.lexsort((-predictions["score"], predictions["label"]))  # stable: ties stay in the order of the images
    predictions, image = predictions[order], image[order]
    labels, starts = np.unique(predictions["label"], return_index=True)
    parts = dict(zip(labels.tolist(), np.split(np.arange(len(order)), starts[1:]), strict=True)) if len(labels) else {}
    classes = {}
    for label in np.unique(objects["label"]).tolist():
        own, of_class = parts.get(label, np.zeros(0, dtype=np.int64)), objects["label"] == label
        held = objects["count"][of_class].astype(np.float64)
        classes[label] = _class(predictions[own], image[own], holder[of_class], held)
    return classes


def _joined(parts: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Entries of all images, one image behind the other, and the image of each."""
    return np.concatenate(parts), np.repeat(np.arange(len(parts), dtype=np.int32), [len(part) for part in parts])


def _class(predictions: np.ndarray, image: np.ndarray, holders: np.ndarray, objects: np.ndarray) -> _Class:
    """A class from its predictions, the surest first."""
    hit = np.flatnonzero(predictions["hit"])
    kept = predictions[: hit[-1] + 1 if len(hit) else 0]
    right, ignored = (
        tuple(np.flatnonzero(kept[name] >> t & 1).astype(np.int32) for t in range(len(THRESHOLDS)))
        for name in ("hit", "ignored")
    )
    return _Class(image[: len(kept)], right, ignored, holders, objects)


def _precision(one: _Class, weights: np.ndarray, thresholds: Sequence[int]) -> np.ndarray:
    """[thresholds, b] mean precision over the recalls under weights [N, b]; NaN where the class has no objects."""
    precision = np.empty((len(thresholds), weights.shape[1]))
    at_once = max(1, CELLS_AT_ONCE // max(1, len(one.image)))
    for start in range(0, weights.shape[1], at_once):
        some = slice(start, start + at_once)
        precision[:, some] = _precision_of_some(one, weights[:, some], thresholds)
    return precision


def _precision_of_some(one: _Class, weights: np.ndarray, thresholds: Sequence[int]) -> np.ndarray:
    objects = one.in_all(weights)
    own = weights[one.image]  # [D, b], how often each prediction is there
    seen = np.cumsum(own, axis=0)
    precision = np.zeros((len(thresholds), weights.shape[1]))
    for row, t in enumerate(thresholds):
        right, ignored = one.right[t], one.ignored[t]
        if not len(right):
            continue
        # Precision is highest, and recall new, where a prediction is right; no other place has to be looked at.
        hits = np.cumsum(own[right], axis=0)
        counted = seen[right]
        if len(ignored):
            left_out = np.concatenate([np.zeros_like(own[:1]), np.cumsum(own[ignored], axis=0)])
            counted -= left_out[np.searchsorted(ignored, right)]
        best = np.maximum.accumulate((hits / (counted + EPSILON))[::-1], axis=0)[::-1]
        reached = np.searchsorted(RECALLS, hits / objects, side="right")
        new = np.diff(reached, axis=0, prepend=0)  # recalls that are first reached at each place
        precision[row] = np.einsum("pb,pb->b", best, new) / len(RECALLS)
    precision[:, np.isnan(objects)] = np.nan
    return precision


def _recall(one: _Class, weights: np.ndarray) -> np.ndarray:
    """[thresholds, b] share of the objects that are hit under weights [N, b]; NaN where the class has no objects."""
    return np.stack([weights[one.image[right]].sum(axis=0) for right in one.right]) / one.in_all(weights)


def _mean(values: Sequence[np.ndarray], b: int) -> np.ndarray:
    """[b] the mean over classes that have objects and over thresholds; NaN without any."""
    if not values:
        return np.full(b, np.nan)
    table = np.stack(values)
    there = ~np.isnan(table)
    n = there.sum(axis=(0, 1))
    return np.where(there, table, 0.0).sum(axis=(0, 1)) / np.where(n, n, np.nan)
