"""Explained variance: how much of the variance of a whole picture or clip its completed copy gets right."""

from __future__ import annotations

import math

from maskwright.tasks.metrics.completion_statistics import COMPLETION
from maskwright.tasks.metrics.metric import Metric

__all__ = ["explained_variance"]


def explained_variance(whole: str, parts: str) -> Metric:
    """Of something that parts are hidden of; the mean over examples, see `maskwright.objectives.reconstruct.explained`.

    When it helps: to compare shares, as it is in no unit and bounded by 1. When not: to see blurred edges, which cost
    it little. The mean colour of the example explains nothing of it.

    Args:
        whole: what is completed: "picture".
        parts: what is hidden of it: "patches".

    >>> metric = explained_variance("picture", "patches")
    >>> records = metric.statistic.of([[0.5, 2.0, 0.2], [1.0, 0.0, 1.0]], None)
    >>> float(metric.value(metric.statistic.summable(records[None]), records[None, :, 0] >= 0)[0])
    0.75
    """
    return Metric(
        "explained",
        "explained variance",
        COMPLETION,
        of_whole=False,
        possible=(-math.inf, 1.0),
        meaning=f"How much of the variance of the whole {whole} is explained when its hidden {parts} are replaced by "
        "predicted ones: 100% for the true one, 0% for its mean colour everywhere.",
    )
