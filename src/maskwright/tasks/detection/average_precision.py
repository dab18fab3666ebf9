"""COCO average precision as a function of image weights, so that it can be bootstrapped over images.

`pycocotools` decides which prediction hits which object, once; precision and recall are then counted here under any
number of weightings of the images at a time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from maskwright.backend.arrays import numpy_view
from maskwright.errors import ConfigError, MaskingError

AREAS = {"all": (0.0, 1e10), "small": (0.0, 32.0**2), "medium": (32.0**2, 96.0**2), "large": (96.0**2, 1e10)}
"""Smallest and largest area of the objects that count, in square pixels."""

MOST = 100
"""Predictions of a class in an image that are looked at, the best first."""

CELLS_AT_ONCE = 500_000
"""Weights of predictions held at a time (4 MB), so that they stay in the cache."""

_EPSILON = np.spacing(1)  # COCO's own guard against 0 / 0


@dataclass(frozen=True)
class Matches:
    """Which predictions of an image hit which objects at an IoU of 0.5, as COCO decides it.

    Attributes:
        truth: [D] index of the object that each prediction hits; -1 where it hits none.
        counted: [D] bool; False for predictions that count neither way: on a crowd or an ignored object, or beyond the
            best 100 of their class. One that counts is right where `truth` is 0 or more and wrong elsewhere.
        prediction: [G] index of the prediction that found each object (for a crowd the last of them); -1 where missed.
    """

    truth: np.ndarray
    counted: np.ndarray
    prediction: np.ndarray


@dataclass(frozen=True)
class _Curve:
    """What the predictions of a class come to, best score first.

    Attributes:
        image: [D] of each prediction.
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


class Detections:
    """Predicted and true boxes of a set of images, matched.

    All numbers are those of COCOeval: mean over classes and over IoU 0.50, 0.55, ..., 0.95 of the precision at 101
    recalls, at most 100 predictions per class and image. A weight of 2 is the image twice. Classes without an object
    that counts are left out of the means. Predictions of equal score are taken in the order of the images; in one image
    and class, a prediction's copies come before those of the next, where COCOeval on a repeated image takes turns.

    Source: the COCO detection challenge, Lin et al. 2014 (arXiv:1405.0312).

    Args:
        predictions: per image a mapping with `boxes` [D, 4], xyxy in pixels, `scores` [D], higher is surer, and
            `labels` [D], ids of classes; arrays or tensors, as Transformers' `post_process_object_detection` gives.
        truths: per image its COCO annotations: `bbox` xywh in pixels, `category_id`, and if there are any `area`
            (otherwise that of the box), `iscrowd` and `ignore` (an object that need not be found).
        classes: id -> name; each name once.
        areas: names of `AREAS`; the numbers of others than `all` are named after them.

    Raises:
        ConfigError: pycocotools is not installed, or an area there is not.
        MaskingError: arrays that do not fit together, classes that are not listed, boxes or scores that are no numbers.

    >>> truth = [[{"bbox": [0, 0, 10, 10], "category_id": 1}], []]
    >>> none = {"boxes": np.zeros((0, 4)), "scores": [], "labels": []}
    >>> guess = [{"boxes": [[0, 0, 10, 8]], "scores": [0.9], "labels": [1]}, none]
    >>> values = Detections(guess, truth, {1: "cat"}).values(np.ones((1, 2)))
    >>> {name: value.round(2).tolist() for name, value in values.items()}
    {'AP': [0.7], 'AP50': [1.0], 'AP75': [1.0], 'AR100': [0.7], 'AP of cat': [0.7]}
    """

    def __init__(
        self,
        predictions: Sequence[Mapping[str, Any]],
        truths: Sequence[Sequence[Mapping[str, Any]]],
        classes: Mapping[int, str],
        *,
        areas: Sequence[str] = ("all",),
    ):
        if len(predictions) != len(truths) or not truths:
            raise MaskingError(
                f"average precision: expected predictions and truths of the same images, 1 or more, given "
                f"{len(predictions)} and {len(truths)}."
            )
        if len(set(classes.values())) < len(classes):
            raise MaskingError(f"average precision: two classes have the same name: {sorted(classes.values())!r:.200}.")
        for area in areas:
            if area not in AREAS:
                raise ConfigError(f"average precision: there is no area '{area}'; expected some of {', '.join(AREAS)}.")
        self.images = len(truths)
        self.classes = dict(classes)
        self._sizes = [(len(p["scores"]), len(t)) for p, t in zip(predictions, truths, strict=True)]
        matcher = _matcher(predictions, truths, self.classes)
        self._thresholds, self._recalls = matcher.params.iouThrs, matcher.params.recThrs
        pairs = sorted({*matcher._gts, *matcher._dts}, key=lambda pair: (pair[1], pair[0]))
        matcher.ious = {pair: matcher.computeIoU(*pair) for pair in pairs}
        found = {name: [matcher.evaluateImg(*pair, AREAS[name], MOST) for pair in pairs] for name in {"all", *areas}}
        self._at_half: dict[int, list[Any]] = {}
        for (image, _), one in zip(pairs, found["all"], strict=True):
            self._at_half.setdefault(image, []).append(one)
        self._curves: dict[str, dict[int, _Curve]] = {}
        for name in areas:
            by_class: dict[int, list[Any]] = {}
            for (_, label), one in zip(pairs, found[name], strict=True):
                by_class.setdefault(label, []).append(one)
            curves = {label: _curve(by_class[label]) for label in self.classes if label in by_class}
            self._curves[name] = {label: curve for label, curve in curves.items() if len(curve.holders)}

    def value(self, weights: np.ndarray, metric: str = "AP") -> np.ndarray:
        """[b] one of the numbers that `values` gives."""
        values = self.values(weights)
        if metric not in values:
            raise MaskingError(f"average precision: there is no '{metric}'; expected one of {', '.join(values)}.")
        return values[metric]

    def values(self, weights: np.ndarray) -> dict[str, np.ndarray]:
        """AP, AP50, AP75, AR100 and the AP of each class that has objects, under weights of the images.

        Args:
            weights: [b, N], 0 or more: how often each image is there, per row.

        Returns:
            Name -> [b]; NaN where a row holds no object that counts. `AP of cat` is that of the class `cat`; numbers of
            another area are named like `AP small`, and have none per class.
        """
        weights = np.asarray(weights, dtype=np.float64)
        if weights.ndim != 2 or weights.shape[1] != self.images or not (weights >= 0).all():
            raise MaskingError(
                f"average precision: weights: expected [b, {self.images}] numbers of 0 or more, given an array of "
                f"shape {weights.shape}."
            )
        out = {}
        for area, curves in self._curves.items():
            after = "" if area == "all" else f" {area}"
            precision, recall = self._counted(curves, np.ascontiguousarray(weights.T))
            out[f"AP{after}"] = _mean(precision)
            if area == "all":
                out["AP50"], out["AP75"] = (_mean(precision[:, np.isclose(self._thresholds, t)]) for t in (0.5, 0.75))
            out[f"AR{MOST}{after}"] = _mean(recall)
            if area == "all":
                out |= {f"AP of {self.classes[k]}": precision[i].mean(axis=0) for i, k in enumerate(curves)}
        return out

    def matches(self, image: int) -> Matches:
        """Which predictions of an image, by its number, hit which objects at an IoU of 0.5."""
        predicted, objects = self._sizes[image]
        truth, found = np.full(predicted, -1), np.full(objects, -1)
        counted = np.zeros(predicted, dtype=bool)
        for one in self._at_half.get(image, ()):
            guesses, there = (np.array(one[name], dtype=np.int64) - 1 for name in ("dtIds", "gtIds"))
            truth[guesses] = one["dtMatches"][0].astype(np.int64) - 1
            counted[guesses] = ~one["dtIgnore"][0].astype(bool)
            found[there] = one["gtMatches"][0].astype(np.int64) - 1
        return Matches(truth, counted, found)

    def _counted(self, curves: Mapping[int, _Curve], weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Precision and recall, [classes, thresholds, b] each, under weights [N, b]; NaN where nothing counts."""
        shape = (len(curves), len(self._thresholds), weights.shape[1])
        precision, recall = np.empty(shape), np.empty(shape)
        for number, curve in enumerate(curves.values()):
            at_once = max(1, CELLS_AT_ONCE // max(1, len(curve.image)))
            for start in range(0, weights.shape[1], at_once):
                some = slice(start, start + at_once)
                precision[number, :, some], recall[number, :, some] = _under(curve, weights[:, some], self._recalls)
        return precision, recall


def _under(curve: _Curve, weights: np.ndarray, recalls: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean precision and largest recall of a class, [thresholds, b] each, under weights [N, b]."""
    objects = curve.objects @ weights[curve.holders]
    objects[objects == 0] = np.nan
    own = weights[curve.image]
    seen = np.cumsum(own, axis=0)
    precision = np.empty((len(curve.right), weights.shape[1]))
    recall = np.empty_like(precision)
    for t, (right, ignored) in enumerate(zip(curve.right, curve.ignored, strict=True)):
        if not len(right):
            precision[t] = recall[t] = objects * 0
            continue
        # Precision is highest, and recall new, where a prediction is right; no other place has to be looked at.
        hits = np.cumsum(own[right], axis=0)
        counted = seen[right]
        if len(ignored):
            left_out = np.concatenate([np.zeros_like(own[:1]), np.cumsum(own[ignored], axis=0)])
            counted -= left_out[np.searchsorted(ignored, right)]
        counted += _EPSILON
        best = np.maximum.accumulate((hits / counted)[::-1], axis=0)[::-1]
        hits /= objects
        reached = np.searchsorted(recalls, hits, side="right")
        new = np.diff(reached, axis=0, prepend=0)
        precision[t] = np.einsum("pb,pb->b", best, new) / len(recalls)
        recall[t] = hits[-1]
    precision[:, np.isnan(objects)] = np.nan
    return precision, recall


def _mean(values: np.ndarray) -> np.ndarray:
    """[b] the mean over classes that have objects and over thresholds; NaN without any."""
    there = ~np.isnan(values)
    n = there.sum(axis=(0, 1))
    return np.where(there, values, 0.0).sum(axis=(0, 1)) / np.where(n, n, np.nan)


def _curve(found: Sequence[Any]) -> _Curve:
    """What COCOeval found in the images of one class, in the order of the scores."""
    scores = np.concatenate([one["dtScores"] for one in found])
    order = np.argsort(-scores, kind="stable")
    image = np.repeat([one["image_id"] for one in found], [len(one["dtScores"]) for one in found])[order]
    matched, ignored = (
        np.concatenate([one[name].astype(bool) for one in found], axis=1)[:, order]
        for name in ("dtMatches", "dtIgnore")
    )
    objects = np.array([len(one["gtIgnore"]) - np.count_nonzero(one["gtIgnore"]) for one in found], dtype=np.float64)
    holders = np.array([one["image_id"] for one in found])[objects > 0]
    right = tuple(np.flatnonzero(row) for row in matched & ~ignored)
    return _Curve(image.astype(np.int64), right, tuple(map(np.flatnonzero, ignored)), holders, objects[objects > 0])


def _matcher(predictions: Sequence[Any], truths: Sequence[Any], classes: Mapping[int, str]) -> Any:
    """A COCOeval that holds the boxes.

    Filled by hand: its own way through `COCO` and `evaluate` prints, copies, and forgets `ignore`. The ids are places
    in the image, from 1, since COCOeval takes an id of 0 for no match.
    """
    try:
        from pycocotools.cocoeval import COCOeval
    except ImportError:
        raise ConfigError("average precision needs pycocotools: pip install 'maskwright[detection]'.") from None
    matcher: Any = COCOeval(None, None, "bbox")
    for image, (guess, objects) in enumerate(zip(predictions, truths, strict=True)):
        where = f"average precision: image {image}"
        for number, truth in enumerate(objects, start=1):
            box = [float(side) for side in truth["bbox"]]
            _check_class(where, truth["category_id"], classes)
            if len(box) != 4 or not np.isfinite(box).all():
                raise MaskingError(f"{where}: bbox: expected x, y, width and height, given {truth['bbox']!r:.80}.")
            crowd, area = int(truth.get("iscrowd", 0)), float(truth.get("area", box[2] * box[3]))
            ignore = int(bool(crowd or truth.get("ignore", 0)))
            one = {"id": number, "bbox": box, "area": area, "iscrowd": crowd, "ignore": ignore}
            matcher._gts[image, int(truth["category_id"])].append(one)
        for number, (box, score, label) in enumerate(zip(*_arrays(where, guess), strict=True), start=1):
            _check_class(where, label, classes)
            one = {"id": number, "bbox": box, "area": box[2] * box[3], "score": score}
            matcher._dts[image, label].append(one)
    return matcher


def _arrays(where: str, guess: Mapping[str, Any]) -> tuple[list[list[float]], list[float], list[int]]:
    """Boxes as xywh, scores and labels of an image."""
    boxes, scores, labels = (numpy_view(guess[name]) for name in ("boxes", "scores", "labels"))
    n = len(scores)
    if (n and boxes.shape != (n, 4)) or boxes.size != 4 * n or len(labels) != n:
        raise MaskingError(
            f"{where}: expected boxes [D, 4], scores [D] and labels [D], given {boxes.shape}, {scores.shape} and "
            f"{labels.shape}."
        )
    boxes, scores = boxes.reshape(n, 4).astype(np.float64), scores.astype(np.float64)
    sides = boxes[:, 2:] - boxes[:, :2]
    if not np.isfinite(boxes).all() or not np.isfinite(scores).all() or (sides < 0).any():
        raise MaskingError(f"{where}: expected finite scores and boxes with x0 <= x1 and y0 <= y1.")
    return np.concatenate([boxes[:, :2], sides], axis=1).tolist(), scores.tolist(), [int(label) for label in labels]


def _check_class(where: str, label: Any, classes: Mapping[int, str]) -> None:
    if label not in classes:
        raise MaskingError(f"{where}: class {label!r} is not among the {len(classes)} classes that were given.")
