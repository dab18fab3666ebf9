"""From a model's answers to named numbers with replicates: everything the evaluation reports with an interval."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from maskwright.evaluate.calibration import BIASED, Calibrations
from maskwright.evaluate.curves import auc_mask, chance_corrected, relative_robustness, rho50
from maskwright.evaluate.groups import ORIGINAL, Group, share_right, worst
from maskwright.evaluate.statistics import (
    BOOTSTRAP_SEED,
    Replicated,
    bootstrap,
    clopper_pearson,
    percentile_interval,
    t_interval,
)
from maskwright.tasks.contract import Metric, Outcome, Scores

MODEL, TWIN = "model", "twin"


class Key(NamedTuple):
    """Names one number of one model."""

    name: str
    pattern: str = ""
    ratio: float = 0.0
    group: tuple[str, int | None] | None = None


@dataclass(frozen=True)
class Answers:
    """What came of one model's answers.

    Attributes:
        clean: on the test examples as they are.
        masked: (pattern, ratio) -> one outcome per draw.
        variants: variant -> outcome.
        train: on training examples as they are.
    """

    clean: Outcome
    masked: Mapping[tuple[str, float], Sequence[Outcome]]
    variants: Mapping[str, Outcome]
    train: Outcome

    @property
    def test(self) -> list[Outcome]:
        """Every outcome on test examples."""
        return [self.clean, *(one for draws in self.masked.values() for one in draws), *self.variants.values()]

    @property
    def counts(self) -> bool:
        """Whether the metric is the share of right answers."""
        return all(
            isinstance(one, Scores) and one.hits is not None and np.array_equal(one.scores, one.hits)
            for one in self.test
        )


@dataclass(frozen=True)
class Truth:
    """What the answers are compared with.

    Attributes:
        metric: of the task.
        chance: its value for who sees nothing of the input.
        n: test examples.
        n_train: training examples asked about.
        labels: [n] class of each test example; None where they have none.
        parts: groups of test examples.
    """

    metric: Metric
    chance: float
    n: int
    n_train: int
    labels: np.ndarray | None
    parts: Sequence[Group]

    @property
    def best(self) -> float:
        """The perfect value of the metric; nan where there is none."""
        if not self.metric.higher_is_better:
            return 0.0
        return 1.0 if self.metric.percent else float("nan")


Measured = dict[tuple[str, Key], Replicated]
"""(model or twin, key) -> value and replicates, all on the same resamples."""

Tick = Callable[[int, int], None]
"""Told resamples done and resamples in all, of metrics that take their time."""


def measure(
    answers: Mapping[str, Answers], truth: Truth, resamples: int, on_progress: Tick = lambda done, total: None
) -> Measured:
    """Compute every number of every model with paired replicates.

    Args:
        answers: `model`, and `twin` where there is one.
        truth: metric, labels and groups.
        resamples: bootstrap resamples of the test examples (and, independently, of the training examples).
        on_progress: see `Tick`.
    """
    slow = [one for who in answers.values() for one in (*who.test, who.train) if not isinstance(one, Scores)]
    progress = _Progress(on_progress, len(slow) * (1 + resamples))
    tables = {who: _Table.of(one, truth, progress) for who, one in answers.items()}
    found = bootstrap(
        lambda weights: {
            (who, key): values for who, table in tables.items() for key, values in table.values(weights).items()
        },
        truth.n,
        resamples=resamples,
    )
    trained = bootstrap(
        lambda weights: {who: _Mean([one.train], progress).value(weights) for who, one in answers.items()},
        truth.n_train,
        resamples=resamples,
        seed=BOOTSTRAP_SEED + 1,
    )
    measured: Measured = dict(found)  # pyright: ignore[reportArgumentType, reportAssignmentType]
    for who in answers:
        train, test = trained[who], measured[who, Key("score")]
        measured[who, Key("train_score")] = train
        measured[who, Key("generalisation_gap")] = train - test if truth.metric.higher_is_better else test - train
    return measured


class _Progress:
    """Adds up the resamples that slow metrics have done."""

    def __init__(self, tell: Tick, total: int):
        self.tell, self.total, self.done = tell, total, 0

    def add(self, resamples: int) -> None:
        self.done += resamples
        self.tell(self.done, self.total)


class _Mean:
    """The metric on any resample, mean over the draws of a condition.

    Attributes:
        scores: [N], where the metric is the mean of a number per example, so that any resample is a product.
    """

    def __init__(self, draws: Sequence[Outcome], progress: _Progress):
        self.draws, self.progress, self.scores = draws, progress, None
        scores = [one.scores for one in draws if isinstance(one, Scores)]
        if len(scores) == len(draws):
            self.scores = np.mean(scores, axis=0)

    def value(self, weights: np.ndarray) -> np.ndarray:
        """[b, N] -> [b]; a slow metric is asked one draw at a time."""
        if self.scores is not None:
            return weights @ self.scores / weights.shape[1]
        total = np.zeros(len(weights))
        for one in self.draws:
            total += one.value(weights)
            self.progress.add(len(weights))
        return total / len(self.draws)


@dataclass(frozen=True)
class _Table:
    """The outcomes of one model, ready for resampling.

    Attributes:
        clean: the examples as they are.
        patterns: pattern -> ratios above 0 and what was scored at each.
        variants: variant -> what was scored on it.
        hits: variant (`original` too) -> right answers; None where answers are not simply right or wrong.
        truth: what the answers are compared with.
        calibration: by pattern and ratio; None where there are no probabilities of classes.
    """

    clean: _Mean
    patterns: Mapping[str, tuple[list[float], list[_Mean]]]
    variants: Mapping[str, _Mean]
    hits: Mapping[str, np.ndarray] | None
    truth: Truth
    calibration: Calibrations | None

    @classmethod
    def of(cls, answers: Answers, truth: Truth, progress: _Progress) -> _Table:
        patterns: dict[str, tuple[list[float], list[_Mean]]] = {}
        for pattern, ratio in sorted(answers.masked):
            ratios, means = patterns.setdefault(pattern, ([], []))
            ratios.append(ratio)
            means.append(_Mean(answers.masked[pattern, ratio], progress))
        variants = {name: _Mean([one], progress) for name, one in answers.variants.items()}
        hits = {ORIGINAL: answers.clean.hits, **{name: one.hits for name, one in answers.variants.items()}}
        known = {name: one for name, one in hits.items() if one is not None}
        all_hits = known if len(known) == len(hits) else None
        calibrations = Calibrations.of({("", 0.0): [answers.clean], **answers.masked}, truth.labels)
        return cls(_Mean([answers.clean], progress), patterns, variants, all_hits, truth, calibrations)

    def values(self, weights: np.ndarray) -> dict[Key, np.ndarray]:
        clean = self.clean.value(weights)
        values = {Key("score"): clean}
        for pattern, (ratios, means) in self.patterns.items():
            scores = _together([self.clean, *means], clean, weights)
            values |= self._curve(pattern, np.array([0.0, *ratios]), scores)
        by_variant = {ORIGINAL: clean, **{name: one.value(weights) for name, one in self.variants.items()}}
        values |= {Key("group", group=(name, None)): found for name, found in by_variant.items()}
        cells = [part for part in self.truth.parts if part.label is not None]
        if self.hits is not None and cells:
            shares = share_right(weights, self.hits, cells)
            values |= {Key("group", group=(c.variant, c.label)): shares[:, i] for i, c in enumerate(cells)}
            values[Key("worst_group")] = worst(shares)
        if self.calibration is not None:
            values |= {Key(name, *case): found for (name, case), found in self.calibration.values(weights).items()}
        return values

    def _curve(self, pattern: str, ratios: np.ndarray, scores: np.ndarray) -> dict[Key, np.ndarray]:
        chance, sign = self.truth.chance, 1.0 if self.truth.metric.higher_is_better else -1.0
        upward, above = sign * scores, sign * chance
        relative = relative_robustness(upward, upward[:, 0], above)
        values = {}
        for i, ratio in enumerate(ratios[1:].tolist(), start=1):
            values[Key("score", pattern, ratio)] = scores[:, i]
            values[Key("relative", pattern, ratio)] = relative[:, i]
        # Where nothing hidden leaves nothing to score (a loss on what is hidden), or the best score by definition, the
        # area begins at the first ratio.
        first = int(not self.truth.metric.of_whole or np.isnan(scores[:, 0]).all())
        area = auc_mask(ratios[first:], scores[:, first:])
        values[Key("auc_mask", pattern)] = area
        values[Key("auc_mask_chance_corrected", pattern)] = chance_corrected(area, chance, self.truth.best)
        values[Key("rho50", pattern)] = rho50(ratios, upward, above)
        return values


def _together(means: Sequence[_Mean], first: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """[b, R] the metric of all, in one matrix product where it can be; the `first` is known already."""
    columns = [one.scores for one in means if one.scores is not None]
    if len(columns) == len(means):
        return weights @ np.stack(columns, axis=1) / weights.shape[1]
    return np.stack([first, *(one.value(weights) for one in means[1:])], axis=1)


def estimate(found: Sequence[Replicated], confidence: float, *, biased: bool = False) -> dict[str, object]:
    """A value with its interval, ready for JSON; undefined numbers become None.

    One run: the value, and unless it is `biased` the percentile interval over examples. Several: the mean over seeds,
    Student's interval over seeds, and the value of each seed.
    """
    if len(found) == 1:
        low, high = (np.nan, np.nan) if biased else percentile_interval(found[0].replicates, confidence)
        return {"value": _number(found[0].value), "low": _number(low), "high": _number(high)}
    values = [one.value for one in found]
    mean, low, high = t_interval(values, confidence)
    per_seed = [_number(value) for value in values]
    return {"value": _number(mean), "low": _number(low), "high": _number(high), "per_seed": per_seed}


def compare(runs: Sequence[Measured], key: Key, confidence: float) -> dict[str, object]:
    """One number of model and twin and their paired difference (model − twin), each as `estimate` gives it."""
    biased = key.name in BIASED
    compared: dict[str, object] = {MODEL: estimate([run[MODEL, key] for run in runs], confidence, biased=biased)}
    if (TWIN, key) in runs[0]:
        differences = [run[MODEL, key] - run[TWIN, key] for run in runs]
        compared[TWIN] = estimate([run[TWIN, key] for run in runs], confidence, biased=biased)
        compared["difference"] = estimate(differences, confidence, biased=biased)
    else:
        compared[TWIN] = compared["difference"] = None
    return compared


def exact(compared: dict[str, object], n: int, confidence: float) -> dict[str, object]:
    """The same with the exact binomial interval for model and twin; for one run, one share of `n` right answers."""
    out = dict(compared)
    for who in (MODEL, TWIN):
        one = compared[who]
        if isinstance(one, dict) and "per_seed" not in one:
            low, high = clopper_pearson(round(one["value"] * n), n, confidence)
            out[who] = {"value": one["value"], "low": low, "high": high}
    return out


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
