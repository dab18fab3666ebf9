"""Which classes models answer: counts of true and answered classes under every condition, of the first run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from maskwright.evaluate.scored import MODEL, TWIN, Answers, Scored, Truth
from maskwright.tasks.contract import Task
from maskwright.tasks.metrics.class_statistics import CLASSES
from maskwright.tasks.metrics.metric import Statistic

MOST_CLASSES = 30
"""With more, the counts are left out: nobody reads them, and they grow with the square."""


def noted_classes(task: Task, truth: Truth) -> list[Statistic]:
    """What has to be noted of answers, whatever is measured, so that their classes can be counted."""
    is_classifier = truth.labels is not None and any(metric.statistic is CLASSES for metric in task.metrics)
    return [CLASSES] if is_classifier else []


def class_answers(asked: Mapping[str, Answers], labels: Sequence[str]) -> dict[str, Any] | None:
    """The `answers` of the document; None where answers are not classes, or there are too many of them.

    Args:
        asked: `model` and perhaps `twin` -> what was noted of the answers of the first run.
        labels: names of the classes.
    """
    if CLASSES.name not in asked[MODEL].clean.records or len(labels) > MOST_CLASSES:
        return None
    counts = {who: _by_condition(answers, len(labels)) for who, answers in asked.items()}
    conditions = [
        {"name": name, MODEL: table, TWIN: counts[TWIN][name] if TWIN in counts else None}
        for name, table in counts[MODEL].items()
    ]
    return {"labels": list(labels), "conditions": conditions}


def _by_condition(answers: Answers, classes: int) -> dict[str, list[list[int]]]:
    masked = {f"{pattern}, {ratio:.0%} hidden": one for (pattern, ratio), one in answers.masked.items()}
    variants = {f"variant “{name}”": one for name, one in answers.variants.items()}
    every = {"whole input": answers.clean, **masked, **variants}
    return {name: _counts(scored, classes) for name, scored in every.items()}


def _counts(scored: Scored, classes: int) -> list[list[int]]:
    """[true][answered] examples, under the first draw."""
    true, answered = scored.records[CLASSES.name][0].astype(np.int64).T
    return np.bincount(true * classes + answered, minlength=classes**2).reshape(classes, classes).tolist()
