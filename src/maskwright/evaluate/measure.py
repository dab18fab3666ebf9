"""From what was noted of a model's answers to named numbers with replicates: all that is reported with an interval."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from maskwright.evaluate.curves import auc_mask, relative_robustness, rho50
from maskwright.evaluate.groups import ORIGINAL
from maskwright.evaluate.hits import averages, both, hits_of
from maskwright.evaluate.scored import MODEL, TWIN, Answers, Key, Scored, Truth
from maskwright.evaluate.statistics import BOOTSTRAP_SEED, Replicated, bootstrap
from maskwright.tasks.metrics.metric import Metric

NARROW = 32
"""Columns of a statistic up to which it goes into one matrix product with all others; wider ones have their own."""

Measured = dict[tuple[str, Key], Replicated]
"""(model or twin, key) -> value and replicates, all on the same resamples. Shares of right answers have a number for
each example instead, and are there for `only_model` and `only_twin` too (see `hits`)."""

NO_REPLICATES = np.empty(0)

Tick = Callable[[int, int], None]
"""Called with resamples done and resamples in all, of metrics that take their time."""


def measure(
    answers: Mapping[str, Answers], truth: Truth, resamples: int, on_progress: Tick = lambda done, total: None
) -> Measured:
    """Compute every number of every model with paired replicates.

    Args:
        answers: `model`, and `twin` where there is one.
        truth: metrics, labels and groups.
        resamples: bootstrap resamples of the test examples (and, independently, of the training examples).
        on_progress: see `Tick`.
    """
    progress = _Progress(on_progress, resamples)
    tables = {who: _Table.of(one, truth, progress) for who, one in answers.items()}
    trained = {who: _Series.alone(truth.headline, one.train, progress) for who, one in answers.items()}
    on_test = bootstrap(
        lambda weights: {
            (who, key): values for who, table in tables.items() for key, values in table.values(weights).items()
        },
        truth.clusters,
        resamples=resamples,
    )
    on_train = bootstrap(
        lambda weights: {who: series.value(weights) for who, series in trained.items()},
        np.arange(truth.n_train),
        resamples=resamples,
        seed=BOOTSTRAP_SEED + 1,
    )
    measured: Measured = dict(on_test)  # pyright: ignore[reportArgumentType, reportAssignmentType]
    for who in answers:
        train, test = on_train[who], measured[who, Key("score")]
        measured[who, Key("train_score")] = train
        measured[who, Key("generalisation_gap")] = train - test if truth.headline.higher_is_better else test - train
        if truth.headline.counts:
            each = answers[who].train.each(truth.headline)
            measured[who, Key("train_score")] = Replicated(train.value, train.replicates, each)
    return measured | _counted(answers, truth)


def _counted(answers: Mapping[str, Answers], truth: Truth) -> Measured:
    """All shares of right answers."""
    hits = {who: hits_of(one, truth) for who, one in answers.items()}
    if TWIN in hits:
        hits = both(hits[MODEL], hits[TWIN])
    patterns = answers[MODEL].ratios
    return {
        (who, key): Replicated(float(np.nanmean(each)), NO_REPLICATES, each)
        for who, tables in hits.items()
        for key, each in averages(tables, patterns).items()
    }


class _Progress:
    """Adds up the resamples that slow metrics have done."""

    def __init__(self, tick: Tick, resamples: int):
        self.tick, self.resamples, self.slow, self.done = tick, resamples, 0, 0

    def add(self, resamples: int) -> None:
        self.done += resamples
        self.tick(self.done, self.slow * (1 + self.resamples))


class _Products:
    """Columns of many statistics, whose weighted sums are one matrix product."""

    def __init__(self) -> None:
        self.columns: list[np.ndarray] = []
        self.width = 0

    def add(self, columns: np.ndarray) -> slice:
        """Where the sums of [N, k] columns will be."""
        self.columns.append(columns)
        self.width += columns.shape[1]
        return slice(self.width - columns.shape[1], self.width)

    @cached_property
    def matrix(self) -> np.ndarray:
        return np.concatenate(self.columns, axis=1) if self.columns else np.empty((0, 0))

    def sums(self, weights: np.ndarray) -> np.ndarray:
        """[b, N] -> [b, all columns]."""
        return weights @ self.matrix if self.columns else np.empty((len(weights), 0))


class _Series:
    """A metric under one condition on any resample, mean over its draws."""

    def __init__(self, metric: Metric, scored: Scored, products: _Products, progress: _Progress):
        self.metric, self.products, self.progress = metric, products, progress
        summables = scored.summables(metric.statistic)
        narrow = all(isinstance(one, np.ndarray) and one.shape[1] <= NARROW for one in summables)
        # The mean over draws of means is the mean of the draws' numbers.
        if narrow and metric.linear:
            summables = [np.mean(summables, axis=0)]
        self.parts: list[Any] = [products.add(one) if narrow else one for one in summables]
        progress.slow += 0 if narrow else len(self.parts)

    @classmethod
    def alone(cls, metric: Metric, scored: Scored, progress: _Progress) -> _Series:
        """One that nothing else shares its products with."""
        return cls(metric, scored, _Products(), progress)

    def value(self, weights: np.ndarray, sums: np.ndarray | None = None) -> np.ndarray:
        """[b, N] weights and the sums of all products -> [b]."""
        sums = self.products.sums(weights) if sums is None else sums
        n, values = weights.sum(axis=1), []
        for part in self.parts:
            if isinstance(part, slice):
                values.append(self.metric.formula(sums[:, part], n))
            else:
                values.append(self.metric.value(part, weights))
                self.progress.add(len(weights))
        return np.mean(values, axis=0)


@dataclass(frozen=True)
class _Table:
    """What was noted of one model, ready for resampling.

    Attributes:
        products: of everything below.
        series: key of each metric under each condition and variant.
        patterns: pattern -> ratios above 0.
        truth: what the answers are compared with.
    """

    products: _Products
    series: Mapping[Key, _Series]
    patterns: Mapping[str, list[float]]
    truth: Truth

    @classmethod
    def of(cls, answers: Answers, truth: Truth, progress: _Progress) -> _Table:
        products, series = _Products(), {}

        def add(key: Key, metric: Metric, scored: Scored) -> None:
            series[key] = _Series(metric, scored, products, progress)

        for metric in truth.metrics:
            name = "" if metric is truth.headline else metric.name
            add(Key("score", metric=name), metric, answers.clean)
            for condition, scored in sorted(answers.masked.items(), key=lambda item: item[0]):
                add(Key("score", *condition, metric=name), metric, scored)
            for variant, scored in answers.variants.items():
                add(Key("group", group=(variant, None), metric=name), metric, scored)
        for metric in truth.calibration:
            for condition, scored in {("", 0.0): answers.clean, **answers.masked}.items():
                add(Key(metric.name, *condition), metric, scored)
        return cls(products, series, answers.ratios, truth)

    def values(self, weights: np.ndarray) -> dict[Key, np.ndarray]:
        """Every number on resamples, [b, N] weights -> [b] each."""
        sums = self.products.sums(weights)
        values = {key: series.value(weights, sums) for key, series in self.series.items()}
        for pattern, ratios in self.patterns.items():
            whole = values[Key("score")]
            scores = np.stack([whole, *(values[Key("score", pattern, ratio)] for ratio in ratios)], axis=1)
            values |= self._curve(pattern, np.array([0.0, *ratios]), scores)
        values[Key("group", group=(ORIGINAL, None))] = values[Key("score")]
        return values

    def _curve(self, pattern: str, ratios: np.ndarray, scores: np.ndarray) -> dict[Key, np.ndarray]:
        headline = self.truth.headline
        chance, sign = self.truth.chance[headline.name], 1.0 if headline.higher_is_better else -1.0
        upward, above = sign * scores, sign * chance
        relative = relative_robustness(upward, upward[:, 0], above)
        values = {Key("relative", pattern, ratio): relative[:, i] for i, ratio in enumerate(ratios.tolist()) if i}
        # Where nothing hidden leaves nothing to score (a loss on what is hidden), or the best score by definition, the
        # area begins at the first ratio.
        first = int(not headline.of_whole or np.isnan(scores[:, 0]).all())
        area = auc_mask(ratios[first:], scores[:, first:])
        values[Key("auc_mask", pattern)] = area
        values[Key("rho50", pattern)] = rho50(ratios, upward, above)
        return values
