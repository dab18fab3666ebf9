"""What was noted of a model's answers, by condition, and what they are compared with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from maskwright.evaluate.groups import Group
from maskwright.tasks.metrics.metric import Metric, Statistic

MODEL, TWIN = "model", "twin"


class Key(NamedTuple):
    """Names one number of one model."""

    name: str
    pattern: str = ""
    ratio: float = 0.0
    group: tuple[str, int | None] | None = None
    metric: str = ""


@dataclass(frozen=True)
class Scored:
    """What was noted of the answers under one condition.

    Attributes:
        records: name of a statistic -> [D, N, k] of D draws, or [D, N] objects.
    """

    records: Mapping[str, np.ndarray]

    @cached_property
    def _summables(self) -> dict[str, list[Any]]:
        return {}

    def summables(self, statistic: Statistic) -> list[Any]:
        """What is added up, draw by draw, or of all draws together where a statistic pools them."""
        if statistic.name not in self._summables:
            table = self.records[statistic.name]
            parts = [table] if statistic.pooled else [table[draw : draw + 1] for draw in range(len(table))]
            self._summables[statistic.name] = [statistic.summable(part) for part in parts]
        return self._summables[statistic.name]

    def each(self, metric: Metric, draw: int = 0) -> np.ndarray:
        """[N] the metric of every example on its own, under one draw."""
        return metric.each(self.summables(metric.statistic)[draw])

    def hits(self, metric: Metric | None, draw: int = 0) -> np.ndarray | None:
        """[N] bool, the answer is right; None where no metric says so."""
        return None if metric is None else self.each(metric, draw) > 0.5


@dataclass(frozen=True)
class Answers:
    """What was noted of one model's answers.

    Attributes:
        clean: on the test examples as they are.
        masked: (pattern, ratio) -> on masked ones.
        variants: variant -> on the examples in that variant.
        train: on training examples as they are.
    """

    clean: Scored
    masked: Mapping[tuple[str, float], Scored]
    variants: Mapping[str, Scored]
    train: Scored

    @property
    def ratios(self) -> dict[str, list[float]]:
        """Pattern -> its ratios above 0, ascending."""
        ratios: dict[str, list[float]] = {}
        for pattern, ratio in sorted(self.masked):
            ratios.setdefault(pattern, []).append(ratio)
        return ratios


@dataclass(frozen=True)
class Truth:
    """What the answers are compared with, and by what.

    Attributes:
        metrics: the headline first.
        calibration: metrics of what probabilities mean; none where answers have none.
        chance: name of a metric -> its value for an answer that ignores the input.
        negligible: name of a metric -> a difference that makes none.
        n: test examples.
        n_train: training examples asked about.
        labels: [n] class of each test example; None where they have none.
        parts: groups of test examples.
        clusters: [n] number of the cluster of each test example, resampled together.
    """

    metrics: tuple[Metric, ...]
    calibration: tuple[Metric, ...]
    chance: Mapping[str, float]
    negligible: Mapping[str, float]
    n: int
    n_train: int
    labels: np.ndarray | None
    parts: Sequence[Group]
    clusters: np.ndarray

    @property
    def headline(self) -> Metric:
        """The metric that the model is judged by."""
        return self.metrics[0]

    @property
    def right(self) -> Metric | None:
        """The metric that says of each example whether it is right; None where there is none."""
        return next((metric for metric in self.metrics if metric.counts), None)

    @property
    def best(self) -> float:
        """The perfect value of the headline; nan where there is none."""
        return float("nan") if self.headline.best is None else self.headline.best
