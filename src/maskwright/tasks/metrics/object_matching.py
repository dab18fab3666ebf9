"""Which predicted boxes hit which objects of an image, as COCO decides it, noted in a few bytes for each prediction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from maskwright.backend.arrays import numpy_view
from maskwright.errors import ConfigError, MaskingError

__all__ = ["AREAS", "MOST", "THRESHOLDS", "Hits", "MatchedImage", "hits", "matched"]

AREAS = {"all": (0.0, 1e10), "small": (0.0, 32.0**2), "medium": (32.0**2, 96.0**2), "large": (96.0**2, 1e10)}
"""Smallest and largest area of the objects that count, in square pixels."""

MOST = 100
"""Predictions of a class in an image that are looked at, the surest first."""

THRESHOLDS = tuple(np.linspace(0.5, 0.95, 10).round(2).tolist())
"""IoUs from which on a prediction hits an object."""

CLASSES = 2**16
"""Labels are smaller than this."""

PREDICTION = np.dtype([("score", "f4"), ("label", "u2"), ("hit", "u2"), ("ignored", "u2")])
"""10 bytes. Bit t of `hit`: it hits an object that counts at threshold t; of `ignored`: there it counts neither way."""

OBJECTS = np.dtype([("label", "u2"), ("count", "u4")])


@dataclass(frozen=True, eq=False)
class MatchedImage:
    """All that average precision needs of an image.

    Attributes:
        predictions: [D] of `PREDICTION`, by label, the surest first, at most `MOST` of each label.
        objects: [K] of `OBJECTS`, the labels that occur, and how many of their objects have to be found.
    """

    predictions: np.ndarray
    objects: np.ndarray

    @property
    def nbytes(self) -> int:
        """Bytes of its numbers."""
        return self.predictions.nbytes + self.objects.nbytes


@dataclass(frozen=True, eq=False)
class Hits:
    """Which predictions of an image hit which objects at an IoU of 0.5.

    Attributes:
        object: [D] index of the object that each prediction hits; -1 where it hits none.
        counted: [D] bool; False for predictions that count neither way: on a crowd or an ignored object, or beyond the
            surest 100 of their class. One that counts is right where `object` is 0 or more and wrong elsewhere.
        prediction: [G] index of the prediction that hits each object (of a crowd the last of them); -1 where missed.
    """

    object: np.ndarray
    counted: np.ndarray
    prediction: np.ndarray


def matched(prediction: Mapping[str, Any], objects: Sequence[Mapping[str, Any]], area: str = "all") -> MatchedImage:
    """Match the predictions of an image with its objects, class by class, at all IoU thresholds.

    Args:
        prediction: `boxes` [D, 4], xyxy in pixels, `scores` [D], higher is surer, and `labels` [D], whole numbers below
            65,536; arrays or tensors, as Transformers' `post_process_object_detection` gives. Scores are noted in
            float32.
        objects: COCO annotations: `bbox` xywh in pixels, `category_id`, and if there are any `area` (otherwise that of
            the box), `iscrowd` and `ignore` (an object that need not be found).
        area: name of one of `AREAS`: objects of other areas need not be found.

    Raises:
        ConfigError: pycocotools is not installed, or there is no such area.
        MaskingError: arrays that do not fit together, labels out of range, boxes or scores that are no numbers.

    >>> one = matched({"boxes": [[0, 0, 10, 8]], "scores": [0.9], "labels": [3]}, [{"bbox": [0, 0, 10, 10],
    ...     "category_id": 3}])
    >>> bin(one.predictions["hit"][0]), one.objects.tolist(), one.nbytes
    ('0b1111111', [(3, 1)], 16)
    """
    if area not in AREAS:
        raise ConfigError(f"average precision: there is no area '{area}'; expected one of {', '.join(AREAS)}.")
    verdicts = _by_class(prediction, objects, AREAS[area])
    parts, counts = [np.zeros(0, PREDICTION)], []
    for label, verdict in verdicts.items():
        part = np.zeros(len(verdict["dtIds"]), PREDICTION)
        ignored = verdict["dtIgnore"].astype(bool)
        part["score"], part["label"] = verdict["dtScores"], label
        part["hit"], part["ignored"] = _bits(verdict["dtMatches"].astype(bool) & ~ignored), _bits(ignored)
        parts.append(part)
        counts.append((label, int(np.count_nonzero(np.asarray(verdict["gtIgnore"]) == 0))))
    wanted = [(label, count) for label, count in counts if count]
    return MatchedImage(np.concatenate(parts), np.array(wanted, OBJECTS))


def hits(prediction: Mapping[str, Any], objects: Sequence[Mapping[str, Any]]) -> Hits:
    """Which predictions of an image hit which objects, in the order in which both are given; see `matched`.

    >>> boxes = [[0, 0, 10, 8], [50, 50, 60, 60]]
    >>> hits({"boxes": boxes, "scores": [0.9, 0.8], "labels": [3, 3]}, [{"bbox": [0, 0, 10, 10],
    ...     "category_id": 3}]).object
    array([ 0, -1])
    """
    n = len(prediction["scores"])
    pairs = Hits(np.full(n, -1), np.zeros(n, dtype=bool), np.full(len(objects), -1))
    for verdict in _by_class(prediction, objects, AREAS["all"]).values():
        guesses, there = (np.array(verdict[name], dtype=np.int64) - 1 for name in ("dtIds", "gtIds"))
        pairs.object[guesses] = verdict["dtMatches"][0].astype(np.int64) - 1
        pairs.counted[guesses] = ~verdict["dtIgnore"][0].astype(bool)
        pairs.prediction[there] = verdict["gtMatches"][0].astype(np.int64) - 1
    return pairs


def _bits(flags: np.ndarray) -> np.ndarray:
    """[thresholds, D] bool -> [D] bits, that of the first threshold the lowest."""
    return (flags << np.arange(len(flags))[:, None]).sum(axis=0)


def _by_class(
    prediction: Mapping[str, Any], objects: Sequence[Mapping[str, Any]], area: tuple[float, float]
) -> dict[int, Any]:
    """What COCOeval makes of each class that occurs in an image, in the order of the labels.

    COCOeval is filled by hand: its own way through `COCO` and `evaluate` prints, copies, and forgets `ignore`. Ids are
    places in the image, from 1, since COCOeval takes an id of 0 for no match.
    """
    try:
        from pycocotools.cocoeval import COCOeval
    except ImportError:
        raise ConfigError("average precision needs pycocotools: pip install 'maskwright[detection]'.") from None
    judge: Any = COCOeval(None, None, "bbox")
    for number, one in enumerate(objects, start=1):
        judge._gts[0, _label(one["category_id"])].append(_object(number, one))
    for number, (box, score, label) in enumerate(zip(*_columns(prediction), strict=True), start=1):
        guess = {"id": number, "bbox": box, "area": box[2] * box[3], "score": score}
        judge._dts[0, _label(label)].append(guess)
    pairs = sorted({*judge._gts, *judge._dts})
    judge.ious = {pair: judge.computeIoU(*pair) for pair in pairs}
    return {pair[1]: judge.evaluateImg(*pair, area, MOST) for pair in pairs}


def _object(number: int, one: Mapping[str, Any]) -> dict[str, Any]:
    """An annotation as COCOeval takes it."""
    box = [float(side) for side in one["bbox"]]
    if len(box) != 4 or not np.isfinite(box).all():
        raise MaskingError(
            f"average precision: bbox of object {number - 1}: expected x, y, width and height, given "
            f"{one['bbox']!r:.80}."
        )
    crowd, area = int(one.get("iscrowd", 0)), float(one.get("area", box[2] * box[3]))
    return {"id": number, "bbox": box, "area": area, "iscrowd": crowd, "ignore": int(bool(crowd or one.get("ignore")))}


def _columns(prediction: Mapping[str, Any]) -> tuple[list[list[float]], list[float], list[int]]:
    """Boxes as xywh, scores and labels of an image."""
    boxes, scores, labels = (numpy_view(prediction[name]) for name in ("boxes", "scores", "labels"))
    n = len(scores)
    if (n and boxes.shape != (n, 4)) or boxes.size != 4 * n or len(labels) != n:
        raise MaskingError(
            f"average precision: expected boxes [D, 4], scores [D] and labels [D], given {boxes.shape}, {scores.shape} "
            f"and {labels.shape}."
        )
    boxes, scores = boxes.reshape(n, 4).astype(np.float64), scores.astype(np.float64)
    sides = boxes[:, 2:] - boxes[:, :2]
    if not np.isfinite(boxes).all() or not np.isfinite(scores).all() or (sides < 0).any():
        raise MaskingError("average precision: expected finite scores and boxes with x0 <= x1 and y0 <= y1.")
    return np.concatenate([boxes[:, :2], sides], axis=1).tolist(), scores.tolist(), [int(label) for label in labels]


def _label(label: Any) -> int:
    if not 0 <= label < CLASSES:
        raise MaskingError(f"average precision: labels: expected whole numbers from 0 to {CLASSES - 1}, given {label}.")
    return int(label)
