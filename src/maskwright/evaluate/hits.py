"""Which examples are answered right: by a model, by its twin, and by only one of the two."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from maskwright.evaluate.curves import auc_mask
from maskwright.evaluate.groups import ORIGINAL
from maskwright.evaluate.scored import MODEL, TWIN, Answers, Key, Scored, Truth
from maskwright.tasks.metrics.metric import Metric

ONLY_MODEL, ONLY_TWIN = "only_model", "only_twin"
"""Shares of examples that one of two models gets right and the other does not; they stand beside `model` and `twin`."""

Hits = dict[Key, np.ndarray]
"""Key -> [D, N] 1 where the answer is right under that draw, else 0; nan for examples that do not belong."""


def hits_of(answers: Answers, truth: Truth) -> Hits:
    """The right answers of one model, by every metric that counts them."""
    hits: Hits = {}
    for metric in truth.metrics:
        if not metric.counts:
            continue
        name = "" if metric is truth.headline else metric.name
        hits[Key("score", metric=name)] = _draws(answers.clean, metric)
        for condition, scored in answers.masked.items():
            hits[Key("score", *condition, metric=name)] = _draws(scored, metric)
        for variant, scored in answers.variants.items():
            hits[Key("group", group=(variant, None), metric=name)] = _draws(scored, metric)
    if truth.headline.counts:
        hits[Key("group", group=(ORIGINAL, None))] = hits[Key("score")]
    return hits | _cells(answers, truth)


def _draws(scored: Scored, metric: Metric) -> np.ndarray:
    draws = range(len(scored.summables(metric.statistic)))
    return np.stack([scored.each(metric, draw) > 0.5 for draw in draws]).astype(np.float64)


def _cells(answers: Answers, truth: Truth) -> Hits:
    """Each variant × label."""
    if truth.right is None:
        return {}
    whole = {ORIGINAL: answers.clean, **answers.variants}
    right = {name: _draws(scored, truth.right) for name, scored in whole.items()}
    cells = [part for part in truth.parts if part.label is not None]
    return {
        Key("group", group=(cell.variant, cell.label)): np.where(cell.members, right[cell.variant], np.nan)
        for cell in cells
    }


def both(model: Hits, twin: Hits) -> dict[str, Hits]:
    """The right answers of two models and, draw by draw, those that only one of them gives."""
    return {
        MODEL: model,
        TWIN: twin,
        ONLY_MODEL: {key: model[key] * (1.0 - twin[key]) for key in model},
        ONLY_TWIN: {key: (1.0 - model[key]) * twin[key] for key in model},
    }


def averages(hits: Hits, patterns: Mapping[str, list[float]]) -> dict[Key, np.ndarray]:
    """Key -> [N] the mean over draws for each example, and for each pattern's curve the mean over its conditions.

    Args:
        hits: see `Hits`.
        patterns: pattern -> ratios above 0.
    """
    means = {key: table.mean(axis=0) for key, table in hits.items()}
    if Key("score") not in means:
        return means
    for pattern, ratios in patterns.items():
        scores = np.stack([means[Key("score")], *(means[Key("score", pattern, ratio)] for ratio in ratios)], axis=-1)
        means[Key("auc_mask", pattern)] = auc_mask(np.array([0.0, *ratios]), scores)
    return means
