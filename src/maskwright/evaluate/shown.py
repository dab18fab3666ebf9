"""The examples section of the evaluation document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from maskwright.evaluate.document import Asked
from maskwright.evaluate.example_choice import blindly, by_difference, by_right_answers, choose
from maskwright.evaluate.scored import MODEL, TWIN, Scored, Truth
from maskwright.evaluate.sweep import Material
from maskwright.rng import Moment
from maskwright.tasks.metrics.metric import Metric
from maskwright.tasks.views import Answer, Shown, View

SHOWN_DRAW = 0
"""The draw under which examples are shown."""


@dataclass(frozen=True)
class Choice:
    """Which examples are shown, and why.

    Attributes:
        rows: (kind, row) each.
        counts: kind -> examples of it.
        how: in words.
    """

    rows: list[tuple[str, int]]
    counts: Mapping[str, int]
    how: str


def chosen(asked: Asked, truth: Truth, noun: str, n: int) -> Choice:
    """Choose up to `n` test examples by a fixed rule: by who is right, or by how far the models are apart."""
    condition = asked.plan.shown_condition
    scored = {who: one.masked[condition] for who, one in asked.answers.items()}
    metric = next((one for one in truth.metrics if _says_of_each(scored[MODEL], one)), None)
    if metric is None:
        kinds, how = blindly(truth.n)
    elif truth.headline.counts:
        right = {who: one.each(metric, SHOWN_DRAW) > 0.5 for who, one in scored.items()}
        kinds, how = by_right_answers(right[MODEL], right.get(TWIN))
    else:
        sign = 1 if metric.higher_is_better else -1
        each = {who: sign * one.each(metric, SHOWN_DRAW) for who, one in scored.items()}
        kinds, how = by_difference(each[MODEL], each.get(TWIN))
    pattern, ratio = condition
    counts = {kind: len(members) for kind, members in kinds.items()}
    named = {"pattern": pattern, "ratio": ratio, "noun": noun, "metric": (metric or truth.headline).label}
    return Choice(choose(kinds, n), counts, how.format(**named))


def _says_of_each(scored: Scored, metric: Metric) -> bool:
    """Whether a metric has a value for an example on its own."""
    return bool(np.isfinite(scored.each(metric, SHOWN_DRAW)).any())


def shown_examples(
    asked: Asked, material: Material, choice: Choice, predictions: Mapping[str, Mapping[int, Any]]
) -> dict[str, Any]:
    """Show what was hidden of the examples chosen and what each model answered.

    Args:
        asked: the run they are taken from.
        material: the examples.
        choice: which.
        predictions: who -> row -> the answer under the condition shown.
    """
    pattern, ratio = asked.plan.shown_condition
    return {
        "pattern": pattern,
        "ratio": ratio,
        "seed": asked.seed,
        "how": choice.how,
        "counts": dict(choice.counts),
        "items": [_item(kind, row, asked, material, predictions) for kind, row in choice.rows],
    }


def _item(
    kind: str, row: int, asked: Asked, material: Material, predictions: Mapping[str, Mapping[int, Any]]
) -> dict[str, Any]:
    condition, task = asked.plan.shown_condition, material.task
    labels, moment = material.data.labels, Moment.evaluation(SHOWN_DRAW)
    view = View(material.reader, asked.plan.maskings[condition], moment, labels)
    seen = task.shown(material.test, row, view, {who: answers[row] for who, answers in predictions.items()})
    item: dict[str, Any] = {
        "kind": kind,
        "example_id": int(material.test.example_ids[row]),
        "reference": seen.reference,
        "reference_pieces": [asdict(piece) for piece in seen.reference_pieces],
        "hidden": float(asked.passes[MODEL].shown_hidden[condition][row]),
        "pieces": [asdict(piece) for piece in seen.pieces],
        "whole": None,
        "pictures": _pictures(seen),
        "row": [list(cell) for cell in seen.row],
        MODEL: None,
        TWIN: None,
    }
    if seen.pictures:
        # Marks in a text show both at once; a picture has to be seen twice.
        whole = task.shown(material.test, row, View(material.reader, None, moment, labels), {})
        item["whole"] = _pictures(whole)
    for who, answer in seen.answers.items():
        item[who] = _answer(answer)
    return item


def _answer(answer: Answer) -> dict[str, Any]:
    return {
        "label": answer.text,
        "probability": answer.probability,
        "right": answer.right,
        "src": answer.picture,
        "pieces": [asdict(piece) for piece in answer.pieces],
    }


def _pictures(seen: Shown) -> list[dict[str, str]]:
    from maskwright.tasks.rendering import data_uri

    return [{"title": title, "src": data_uri(picture)} for title, picture in seen.pictures]


def rows_shown(choice: Choice) -> Sequence[int]:
    """The rows of the examples chosen."""
    return [row for _, row in choice.rows]
