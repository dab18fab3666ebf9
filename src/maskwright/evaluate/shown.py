"""The examples section of the evaluation document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from maskwright.evaluate.document import Asked
from maskwright.evaluate.example_choice import choose, kinds, shown_ratio
from maskwright.evaluate.measure import MODEL, TWIN
from maskwright.evaluate.sweep import Condition, Material, Plan


def shown_condition(plan: Plan) -> Condition:
    """Pattern and ratio at which examples are shown."""
    pattern = next(iter(plan.maskings))[0]
    return pattern, shown_ratio([ratio for name, ratio in plan.maskings if name == pattern])


def shown_examples(asked: Asked, material: Material, labels: Sequence[str], n: int) -> dict[str, Any] | None:
    """Choose examples and show what was hidden and what each model answered.

    Args:
        asked: the run they are taken from.
        material: the examples.
        labels: label names.
        n: how many at most; None is returned for 0.
    """
    if n == 0:
        return None
    condition = shown_condition(asked.plan)
    hits = {who: one.masked[condition][0].hits for who, one in asked.answers.items()}
    found, how = kinds(len(material.test), hits[MODEL], hits.get(TWIN))
    pattern, ratio = condition
    return {
        "pattern": pattern,
        "ratio": ratio,
        "seed": asked.seed,
        "how": how.format(pattern=pattern, ratio=ratio, noun=material.task.NOUN),
        "counts": {kind: len(members) for kind, members in found.items()},
        "items": [_item(kind, row, asked, material, labels) for kind, row in choose(found, n)],
    }


def _item(kind: str, row: int, asked: Asked, material: Material, labels: Sequence[str]) -> dict[str, Any]:
    condition, task = shown_condition(asked.plan), material.task
    masking = asked.plan.maskings[condition]
    seen = task.shown(material.test, material.reader, row, masking)
    item = {
        "kind": kind,
        "example_id": int(material.test.example_ids[row]),
        "label": None if material.labels is None else labels[material.labels[row]],
        "hidden": float(asked.passes[MODEL].shown_hidden[condition][row]),
        "pieces": seen.get("pieces"),
        "whole": None,
        "pictures": seen.get("pictures"),
        MODEL: None,
        TWIN: None,
    }
    if seen.get("pictures"):
        # Marks in a text show both at once; a picture has to be seen twice.
        item["whole"] = task.shown(material.test, material.reader, row, None)["pictures"]
    for who, raw in asked.raw.items():
        item[who] = {"src": None, **task.told(raw[condition][row], material.test, row, labels)}
    return item
