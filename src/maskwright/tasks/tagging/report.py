"""What the report of a tagger shows besides: precision, recall and F1 of every type."""

from __future__ import annotations

from typing import Any

import numpy as np

from maskwright.tasks.metrics.entity_f1 import MENTIONS, counts_by_type

__all__ = ["sections"]

MOST_TYPES = 40
"""Types in the table, the most frequent ones."""


def sections(material: Any, asked: Any) -> list[dict[str, Any]]:
    """Scores by type; see `maskwright.tasks.contract.Task.sections`. None where mentions were not asked about."""
    del material
    conditions = {"whole": None} | {f"{ratio:.0%} {pattern}": (pattern, ratio) for pattern, ratio in _hardest(asked)}
    if MENTIONS.name not in asked.answers["model"].clean.records:
        return []
    columns: dict[str, dict[str, str]] = {}
    numbers: dict[str, float] = {}
    for title, condition in conditions.items():
        for who, answers in asked.answers.items():
            scored = answers.clean if condition is None else answers.masked[condition]
            scores = scores_by_type(scored.records[MENTIONS.name])
            numbers = numbers or {kind: one[3] for kind, one in scores.items()}
            parts = ("precision", "recall", "F1") if condition is None else ("F1",)
            for name, place in (("precision", 0), ("recall", 1), ("F1", 2)):
                if name in parts:
                    columns[f"{name}, {title}, {who}"] = {kind: f"{one[place]:.1%}" for kind, one in scores.items()}
    types = sorted(numbers, key=lambda kind: (-numbers[kind], kind))
    rows = [
        [kind, int(numbers[kind]), *(one.get(kind, "–") for one in columns.values())] for kind in types[:MOST_TYPES]
    ]
    text = (
        "Right is a mention whose type, first word and last word are. Hidden mentions count too: they can only be "
        "guessed from what is around them. Where something is hidden, the mean over the draws."
    )
    table = {"title": "", "head": ["type", "mentions", *columns], "rows": rows}
    return [{"title": "Types", "text": text, "tables": [table]}]


def scores_by_type(records: np.ndarray) -> dict[str, tuple[float, float, float, float]]:
    """Type -> precision, recall, F1 and number of true mentions, each the mean over draws [D, N] of records."""
    sums: dict[str, list[tuple[float, float, float, float]]] = {}
    for draw in records:
        types, counts = counts_by_type(draw[None])
        right, predicted, true = np.asarray(counts.sum(axis=0)).reshape(3, len(types))
        for place, kind in enumerate(types):
            r, p, t = right[place], predicted[place], true[place]
            sums.setdefault(kind, []).append((r / max(p, 1), r / max(t, 1), 2 * r / max(p + t, 1), t))
    return {kind: tuple(np.sum(rows, axis=0) / len(records)) for kind, rows in sums.items()}  # pyright: ignore[reportReturnType]


def _hardest(asked: Any) -> list[tuple[str, float]]:
    """Of every pattern the ratio nearest to a half."""
    chosen: dict[str, float] = {}
    for pattern, ratio in asked.answers["model"].masked:
        if pattern not in chosen or abs(ratio - 0.5) < abs(chosen[pattern] - 0.5):
            chosen[pattern] = ratio
    return list(chosen.items())
