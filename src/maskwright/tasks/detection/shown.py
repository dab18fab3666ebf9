"""Pictures with objects for people: what is there, what is left where parts are hidden, and what models answered."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from maskwright.tasks.detection.drawing import GUESS, IGNORED, TRUE, WRONG, with_boxes
from maskwright.tasks.detection.scenes import OBJECTS, Scenes, corners, target_of
from maskwright.tasks.metrics.average_precision import in_pixels
from maskwright.tasks.metrics.object_matching import hits
from maskwright.tasks.rendering import data_uri
from maskwright.tasks.views import Answer, Shown, Worded
from maskwright.tasks.vision.shown import hidden_picture, unit_of

if TYPE_CHECKING:
    from maskwright.tasks.views import View

__all__ = ["SURE", "shown", "worded"]

SURE = 0.5
"""Probability from which on an answer is drawn, and counted as found or false."""


def shown(examples: Scenes, row: int, view: View, predictions: Mapping[str, Any]) -> Shown:
    """A picture as the model sees it, with objects.

    Answers are judged by all objects, so beside them all are drawn; without answers those that training asks for.
    """
    picture, hidden = hidden_picture(examples, row, view.masking, view.moment)
    (scene,) = examples.references([row])
    whole = target_of(scene)
    left = whole if predictions else hidden.labels[OBJECTS][0]
    n, asked = len(whole["boxes"]), int((~left["ignore"]).sum())
    fewer = f", {asked} of them asked for" if asked < n and not predictions else ""
    plain = hidden_picture(examples, row, None, view.moment)[0] if predictions else picture
    mask = None if hidden.mask is None else np.asarray(hidden.mask)
    return Shown(
        pictures=(("", _with_objects(picture, left, view.labels)),),
        reference=f"{n} object{'s' * (n != 1)}{fewer}",
        answers={who: _answer(plain, one, scene, view.labels) for who, one in predictions.items()},
        hidden=0 if mask is None else int(mask.sum()),
        units=0 if mask is None else mask.size,
        unit="" if mask is None else unit_of(view.masking, "patch"),
    )


def worded(examples: Scenes, rows: Sequence[int], predictions: Sequence[Any], labels: Sequence[str]) -> Worded:
    """What a model is sure of, as JSON: class, probability, box (left, top, right, bottom as shares)."""
    del examples, rows
    return Worded(answers=[_as_json(one, labels) for one in predictions])


def _as_json(prediction: Mapping[str, np.ndarray], labels: Sequence[str]) -> str:
    sure = {name: values[prediction["scores"] >= SURE].tolist() for name, values in prediction.items()}
    each = zip(sure["labels"], sure["scores"], sure["boxes"], strict=True)
    boxes = [[labels[label], round(score, 3), [round(end, 3) for end in box]] for label, score, box in each]
    return json.dumps(boxes, ensure_ascii=False)


def _with_objects(picture: np.ndarray, target: Mapping[str, Any], labels: Sequence[str]) -> np.ndarray:
    """A picture with the objects of a target, see `target_of`."""
    colours = [IGNORED if one else TRUE for one in target["ignore"].tolist()]
    texts = [labels[int(number)] for number in target["class_labels"].tolist()]
    return with_boxes(picture, corners(target["boxes"].numpy().astype(np.float64)), texts, colours)


def _answer(picture: np.ndarray, prediction: Mapping[str, Any], scene: Mapping[str, Any], labels: Sequence[str]) -> Any:
    """What a model is sure of on a picture, and how much of it is right at an IoU of 0.5."""
    sure = {name: values[prediction["scores"] >= SURE] for name, values in prediction.items()}
    objects = scene["annotations"]
    pairs = hits(in_pixels(sure, scene["width"], scene["height"]), objects)
    wanted = np.array([not (one.get("iscrowd") or one.get("ignore")) for one in objects], dtype=bool)
    right, false = int((pairs.prediction[wanted] >= 0).sum()), int((pairs.counted & (pairs.object < 0)).sum())
    text = f"{right} of {int(wanted.sum())} found" + (f", {false} false" if false else "")
    texts = [f"{labels[label]} {score:.0%}" for label, score in zip(sure["labels"], sure["scores"], strict=True)]
    each = zip(pairs.object, pairs.counted, strict=True)
    colours = [GUESS if one >= 0 else WRONG if counts else IGNORED for one, counts in each]
    return Answer(text, picture=data_uri(with_boxes(picture, sure["boxes"], texts, colours)))
