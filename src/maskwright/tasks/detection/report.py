"""What the report of a detector shows besides: COCO's numbers, and average precision by class."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from maskwright.tasks.detection.shown import SURE
from maskwright.tasks.metrics.average_precision import MATCHED

__all__ = ["sections"]

NUMBERS = {"AP": "AP", "AP50": "AP50", "AR100": "AR"}
"""Numbers of a detection -> what the report calls them."""


def sections(material: Any, asked: Any) -> list[dict[str, Any]]:
    """COCO's numbers and average precision by class; see `maskwright.tasks.contract.Task.sections`."""
    text = (
        "COCO’s average precision (AP, mean over IoU 0.50 to 0.95; AP50 at 0.50) and recall (AR, at most 100 "
        "predictions), mean over classes. All objects count, those too that were hidden completely: what cannot be "
        "seen can only be guessed from what is around it. Drawn in the examples are the objects that are there, "
        f"yellow, and answers of a probability of {SURE:.0%} or more: blue where right, pink where not."
    )
    return [{"title": "What was found", "text": text, "tables": [_numbers(asked), _by_class(material, asked)]}]


def _numbers(asked: Any) -> dict[str, Any]:
    """Of the whole pictures and of every condition, mean over its draws."""
    rows = []
    for condition in (None, *asked.answers["model"].masked):
        pattern, hidden = ("whole input", "0%") if condition is None else (condition[0], f"{condition[1]:.0%}")
        row = [pattern, hidden]
        for answers in asked.answers.values():
            draws = (answers.clean if condition is None else answers.masked[condition]).summables(MATCHED)
            values = [draw.values(_once(draw)) for draw in draws]
            row += [f"{np.mean([value[name][0] for value in values]):.1%}" for name in NUMBERS]
        rows.append(row)
    columns = [f"{name}, {who}" for who in asked.answers for name in NUMBERS.values()]
    return {"title": "", "head": ["pattern", "hidden", *columns], "rows": rows}


def _by_class(material: Any, asked: Any) -> dict[str, Any]:
    """Of the whole pictures, and of those at which examples are shown, under their first draw."""
    condition = asked.plan.shown_condition
    columns = {}
    for who, answers in asked.answers.items():
        for name, scored in (("whole", answers.clean), ("masked", answers.masked[condition])):
            draw = scored.summables(MATCHED)[0]
            columns[f"{who}, {name}"] = draw.by_class(_once(draw))
    scenes = material.test.references(range(len(material.test)))
    counts = Counter(one["category_id"] for scene in scenes for one in scene["annotations"])
    rows = []
    for number, name in enumerate(material.data.labels):
        values = [by_class.get(number) for by_class in columns.values()]
        shares = ["–" if value is None else f"{value[0]:.1%}" for value in values]
        rows.append([name, str(counts[number]), *shares])
    title = f"AP by class (masked: “{condition[0]}”, {condition[1]:.0%} hidden, first draw)"
    return {"title": title, "head": ["class", "objects", *columns], "rows": rows}


def _once(detections: Any) -> np.ndarray:
    """[1, N], every picture once."""
    return np.ones((1, len(detections.images)))
