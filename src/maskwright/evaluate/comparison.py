"""Model against twin: one number of both and their difference, over all runs, with intervals that hold."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from maskwright.evaluate.curves import chance_corrected
from maskwright.evaluate.estimates import Apart, Difference, Estimate, Limits, Worst, written, written_difference
from maskwright.evaluate.hits import ONLY_MODEL, ONLY_TWIN
from maskwright.evaluate.measure import Measured
from maskwright.evaluate.samples import Sample, paired
from maskwright.evaluate.scored import MODEL, TWIN, Key, Truth

FREE: Limits = (-math.inf, math.inf)
SHARES: Limits = (0.0, 1.0)

TRAIN = "train_score"


@dataclass(frozen=True)
class Comparison:
    """All runs, ready to be compared.

    Attributes:
        runs: what was measured of each run and its twin.
        truth: metrics, groups and clusters of the examples.
        confidence: of an interval on its own.
        measures: numbers that the verdict rests on. They share one error: each of their intervals has the confidence
            `shared_confidence`, so that all of them hold together with `confidence`.
    """

    runs: Sequence[Measured]
    truth: Truth
    confidence: float
    measures: int

    @property
    def shared_confidence(self) -> float:
        """Of each interval of a number that the verdict rests on."""
        return 1.0 - (1.0 - self.confidence) / self.measures

    @property
    def whos(self) -> list[str]:
        """`model`, and `twin` where there is one."""
        return [who for who in (MODEL, TWIN) if (who, Key("score")) in self.runs[0]]

    def has(self, key: Key) -> bool:
        """Whether it was measured."""
        return (MODEL, key) in self.runs[0]

    def sample(self, who: str, key: Key, limits: Limits) -> Sample:
        """One number of one model, of all runs."""
        clusters = np.arange(self.truth.n_train) if key.name == TRAIN else self.truth.clusters
        return Sample([run[who, key] for run in self.runs], clusters, limits)

    def of(self, key: Key, limits: Limits, *, biased: bool = False, is_shared: bool = False) -> dict[str, Any]:
        """Model, twin and difference of one number.

        Args:
            key: of the number.
            limits: smallest and largest possible value.
            biased: resamples miss the true value, so that there are no intervals.
            is_shared: it is one of the numbers that the verdict rests on.
        """
        samples = {who: self.sample(who, key, limits) for who in self.whos}
        estimates = {who: sample.estimate() for who, sample in samples.items()}
        difference = None
        if TWIN in samples:
            counted = (ONLY_MODEL, key) in self.runs[0]
            only = [self.sample(who, key, SHARES) for who in (ONLY_MODEL, ONLY_TWIN)] if counted else None
            difference = paired(samples[MODEL], samples[TWIN], None if only is None else (only[0], only[1]))
        if biased:
            estimates = {who: _without_interval(one) for who, one in estimates.items()}
            difference = None if difference is None else _without_interval(difference)
        values = {who: sample.values for who, sample in samples.items()}
        return self._written(estimates, difference, values, is_shared=is_shared)

    def chance_corrected(self, compared: dict[str, Any], chance: float, best: float) -> dict[str, Any]:
        """The same with an answer that ignores the input at 0 and the best at 1."""

        def moved(one: dict[str, Any] | None, shift: float) -> dict[str, Any] | None:
            if one is None:
                return None
            span = best - chance
            moved: dict[str, Any] = {name: _moved(one[name], shift, span) for name in ("value", "low", "high")}
            if span < 0:
                moved["low"], moved["high"] = moved["high"], moved["low"]
            if "per_seed" in one:
                moved["per_seed"] = [_moved(value, shift, span) for value in one["per_seed"]]
            if "p" in one:
                moved |= {"p": one["p"], "detectable": _moved(one["detectable"], 0.0, abs(span))}
            return moved

        return {who: moved(one, 0.0 if who == "difference" else chance) for who, one in compared.items()}

    def gap(self) -> dict[str, Any]:
        """How much better the headline is on training than on test examples, nothing hidden."""
        limits, key = self.truth.headline.limits, Key("generalisation_gap")
        gaps, values = {}, {}
        for who in self.whos:
            ends = [self.sample(who, one, limits).estimate() for one in (Key(TRAIN), Key("score"))]
            first, second = ends if self.truth.headline.higher_is_better else ends[::-1]
            gaps[who] = Difference(first, second, first.variance + second.variance)
            values[who] = [run[who, key].value for run in self.runs]
        difference = None
        if TWIN in gaps:
            model, twin = (self.sample(who, key, FREE) for who in (MODEL, TWIN))
            difference = Difference(gaps[MODEL], gaps[TWIN], model.minus(twin).variance())
        return self._written(gaps, difference, values)

    def worst(self, keys: Sequence[Key]) -> dict[str, Any]:
        """The smallest share of right answers over groups, with an interval that holds for the true smallest."""
        samples = {who: [self.sample(who, key, SHARES) for key in keys] for who in self.whos}
        worst = {who: Worst([one.estimate().share for one in of_groups]) for who, of_groups in samples.items()}  # pyright: ignore[reportAttributeAccessIssue]
        values = {who: np.min([one.values for one in of_groups], axis=0).tolist() for who, of_groups in samples.items()}
        difference = Apart(worst[MODEL], worst[TWIN]) if TWIN in worst else None
        return self._written(worst, difference, values)

    def learned(self, who: str) -> bool | None:
        """Whether a model is clearly better on whole examples than an answer that ignores them.

        By the interval over examples of the models as they are trained: that other trainings may differ does not make
        these less good. Better is better by more than is negligible. None where chance is not known.
        """
        headline = self.truth.headline
        chance, margin = self.truth.chance[headline.name], self.truth.negligible[headline.name]
        sample = self.sample(who, Key("score"), headline.limits)
        value = float(np.mean(sample.values))
        if not (math.isfinite(chance) and math.isfinite(value)):
            return None
        low, high = sample.estimate(over_seeds=False).bounds(self.confidence)
        low, high = (end if math.isfinite(end) else value for end in (low, high))
        margin = margin if math.isfinite(margin) else 0.0
        return low > chance + margin if headline.higher_is_better else high < chance - margin

    def _written(
        self,
        estimates: dict[str, Any],
        difference: Estimate | None,
        values: dict[str, list[float]],
        *,
        is_shared: bool = False,
    ) -> dict[str, Any]:
        confidence = self.shared_confidence if is_shared else self.confidence
        compared: dict[str, Any] = {TWIN: None, "difference": None}
        for who, one in estimates.items():
            compared[who] = written(one, confidence, values[who])
        if difference is not None:
            apart = [one - two for one, two in zip(values[MODEL], values[TWIN], strict=True)]
            compared["difference"] = written_difference(
                difference, confidence, apart, self.measures if is_shared else 1
            )
        return compared


@dataclass(frozen=True)
class _Bare:
    value: float
    variance: float = math.nan

    def bounds(self, confidence: float) -> tuple[float, float]:
        del confidence
        return math.nan, math.nan


def _without_interval(estimate: Estimate) -> _Bare:
    return _Bare(estimate.value)


def _moved(value: float | None, shift: float, span: float) -> float | None:
    if value is None or span == 0 or not math.isfinite(span):
        return None
    return float(chance_corrected(np.array(value), shift, shift + span))
