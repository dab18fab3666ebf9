"""Boxes drawn on pictures, and what the report of a detector shows besides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from maskwright.config import RunConfig
from maskwright.tasks.contract import EVALUATION_SEED
from maskwright.tasks.detection.scenes import Scenes, detections
from maskwright.tasks.rendering import data_uri
from maskwright.tasks.vision import picture_tasks
from maskwright.tasks.vision.picture_tasks import hidden_picture

if TYPE_CHECKING:
    from maskwright.masking import Masking

__all__ = ["preview", "sections", "shown", "told", "with_boxes"]

SURE = 0.5
"""Probability from which on an answer is drawn, and counted as found or false."""

TRUE, GUESS, WRONG, IGNORED = (255, 214, 10), (64, 224, 255), (255, 110, 160), (190, 190, 190)
"""Colours of the objects that are there, of right and of wrong answers, and of what is ignored."""

SMALLEST = 256
"""Pixels on the longer side that a picture with boxes is enlarged to at least."""

LINE = 2
MOMENT = {"seed": EVALUATION_SEED, "epoch": 0}


def with_boxes(picture: np.ndarray, boxes: np.ndarray, texts: Sequence[str], colours: Sequence[Any]) -> np.ndarray:
    """A picture with boxes, enlarged by a whole number where it is small.

    Lines are coloured between black ones, and texts black on the colour, so that they show on any ground.

    Args:
        picture: [row, col, 3] uint8.
        boxes: [n, 4] corners x0, y0, x1, y1 as shares of the picture.
        texts: one per box.
        colours: of each box, red, green and blue.
    """
    from PIL import Image, ImageDraw, ImageFont

    factor = max(1, -(-SMALLEST // max(picture.shape[:2])))
    canvas = Image.fromarray(picture.repeat(factor, axis=0).repeat(factor, axis=1))
    draw, font = ImageDraw.Draw(canvas), ImageFont.load_default(14)
    size = np.tile([canvas.width - 1, canvas.height - 1], 2)
    ends = np.clip(np.rint(boxes * size), 0, size).astype(int)
    for (x0, y0, x1, y1), colour in zip(ends.tolist(), colours, strict=True):
        for grown, width, ink in ((1, LINE + 2, (0, 0, 0)), (0, LINE, colour)):
            draw.rectangle((x0 - grown, y0 - grown, x1 + grown, y1 + grown), outline=ink, width=width)
    for (x0, y0, _, _), text, colour in zip(ends.tolist(), texts, colours, strict=True):
        if not text:
            continue
        left, top, right, bottom = draw.textbbox((0, 0), text, font=font)
        wide, high = right - left + 6, bottom - top + 6
        x, y = max(0, min(x0, canvas.width - wide)), max(0, min(y0 - high, canvas.height - high))
        draw.rectangle((x, y, x + wide, y + high), fill=colour, outline=(0, 0, 0))
        draw.text((x + 3 - left, y + 3 - top), text, fill=(0, 0, 0), font=font)
    return np.asarray(canvas)


def shown(examples: Scenes, reader: Any, row: int, masking: Masking | None) -> dict[str, Any]:
    """A picture as the model sees it, with all objects that are there."""
    del reader
    picture = _true(hidden_picture(examples, row, masking, **MOMENT)[0], examples, row)
    return {"pictures": [{"title": "", "src": data_uri(picture)}]}


def told(answer: np.ndarray, examples: Scenes, row: int, labels: Sequence[str]) -> dict[str, Any]:
    """How many objects were found, and the answers drawn on the whole picture."""
    picture, text = _answered(hidden_picture(examples, row, None)[0], answer, examples, row)
    del labels
    return {"label": text, "probability": None, "right": None, "src": data_uri(picture)}


def _true(picture: np.ndarray, examples: Scenes, row: int) -> np.ndarray:
    objects = examples.scenes[row]["annotations"]
    ignored = [bool(one.get("iscrowd") or one.get("ignore")) for one in objects]
    texts = [examples.classes[one["category_id"]] for one in objects]
    return with_boxes(picture, examples.boxes(row), texts, [IGNORED if one else TRUE for one in ignored])


def _answered(picture: np.ndarray, answer: np.ndarray, examples: Scenes, row: int) -> tuple[np.ndarray, str]:
    """A picture with what a model is sure of, and how much of it is right at an IoU of 0.5."""
    sure = answer[answer[:, :-4].max(axis=1) >= SURE]
    matches = detections(sure[None], examples, [row]).matches(0)
    objects = examples.scenes[row]["annotations"]
    wanted = np.array([not (one.get("iscrowd") or one.get("ignore")) for one in objects], dtype=bool)
    found, false = int((matches.prediction[wanted] >= 0).sum()), int((matches.counted & (matches.truth < 0)).sum())
    text = f"{found} of {int(wanted.sum())} found" + (f", {false} false" if false else "")
    middle, side = sure[:, -4:-2], sure[:, -2:]
    boxes = np.concatenate([middle - side / 2, middle + side / 2], axis=1)
    best, scores = sure[:, :-4].argmax(axis=1), sure[:, :-4].max(axis=1)
    texts = [f"{examples.classes[label]} {score:.0%}" for label, score in zip(best, scores, strict=True)]
    pairs = zip(matches.truth, matches.counted, strict=True)
    colours = [GUESS if hit >= 0 else WRONG if counts else IGNORED for hit, counts in pairs]
    return with_boxes(picture, boxes, texts, colours), text


def preview(examples: Scenes, config: RunConfig, epoch: int) -> dict[str, Any]:
    """What training will hide of some pictures in an epoch, with the boxes before and after."""
    import torch

    masking: Any = config.masking
    found = picture_tasks.preview(examples, config, (), epoch)
    moment = {
        "seed": config.training.seed,
        "epoch": epoch,
        "progress": min(1.0, epoch / config.training.epochs),
    }
    for row, example in enumerate(found["examples"]):
        (first, whole), (second, seen) = example["pictures"]
        ids = torch.from_numpy(examples.example_ids[[row]])
        patches = examples.patches(examples.pixels([row]), masking)
        mask = np.asarray(examples.drawn(masking, patches, ids, **moment).unit_mask[0])
        after = examples.rule.policy(examples.target(row), mask)
        middle, side = after["boxes"].numpy()[:, :2], after["boxes"].numpy()[:, 2:]
        boxes = np.concatenate([middle - side / 2, middle + side / 2], axis=1)
        texts = [examples.classes[label] for label in after["class_labels"].tolist()]
        colours = [IGNORED if one else TRUE for one in after["ignore"].tolist()]
        boxed = with_boxes(seen, boxes, texts, colours)
        example["pictures"] = [(first, _true(whole, examples, row)), (second, boxed)]
        n, left = len(examples.scenes[row]["annotations"]), int((~after["ignore"]).sum())
        example["label"] = f"{n} object{'s' * (n != 1)}" + (f", {left} of them asked for" if left < n else "")
    return found


def sections(material: Any, asked: Any, labels: Sequence[str]) -> list[dict[str, Any]]:
    """COCO's numbers and average precision by class; see `maskwright.tasks`."""
    del labels
    condition = next(key for key in asked.raw["model"] if key != "clean")
    about = f"“{condition[0]}”, {condition[1]:.0%} hidden"
    text = (
        "COCO’s average precision (AP, mean over IoU 0.50 to 0.95; AP50 at 0.50) and recall (AR, at most 100 "
        "predictions), mean over classes. All objects count, those too that were hidden completely: what cannot be "
        "seen can only be guessed from what is around it. Drawn in the examples are the objects that are there, "
        f"yellow, and answers of a probability of {SURE:.0%} or more: blue where right, pink where not."
    )
    tables = [_numbers(asked), _by_class(material.test, asked, condition, about)]
    return [{"title": "What was found", "text": text, "tables": tables}]


def _numbers(asked: Any) -> dict[str, Any]:
    names = {"AP": "AP", "AP50": "AP50", "AR100": "AR"}
    who = list(asked.answers)
    rows = []
    for key in ("whole", *asked.answers["model"].masked):
        pattern, hidden = ("whole input", "0%") if key == "whole" else (key[0], f"{key[1]:.0%}")
        row = [pattern, hidden]
        for one in who:
            draws = [asked.answers[one].clean] if key == "whole" else asked.answers[one].masked[key]
            values = [draw.values() for draw in draws]
            row += [f"{np.mean([value[name] for value in values]):.1%}" for name in names]
        rows.append(row)
    return {
        "title": "",
        "head": ["pattern", "hidden", *(f"{n}, {w}" for w in who for n in names.values())],
        "rows": rows,
    }


def _by_class(examples: Scenes, asked: Any, condition: Any, about: str) -> dict[str, Any]:
    columns = {}
    for who, answers in asked.answers.items():
        columns[f"{who}, whole"] = answers.clean.values()
        columns[f"{who}, masked"] = answers.masked[condition][0].values()
    counts = np.bincount([one["category_id"] for scene in examples.scenes for one in scene["annotations"]])
    rows = []
    for number, name in enumerate(examples.classes):
        n = int(counts[number]) if number < len(counts) else 0
        values = [values.get(f"AP of {name}") for values in columns.values()]
        rows.append([name, str(n), *("–" if value is None else f"{value:.1%}" for value in values)])
    return {"title": f"AP by class (masked: {about}, first draw)", "head": ["class", "objects", *columns], "rows": rows}
