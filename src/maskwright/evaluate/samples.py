"""From the numbers of all runs to an estimate: one number of one model, and two models on the same examples."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from maskwright.evaluate.estimates import Bounded, Difference, Estimate, Limits, Unbounded
from maskwright.evaluate.intervals import Share, Variation, two_way
from maskwright.evaluate.statistics import Replicated, variance_of_mean


@dataclass(frozen=True)
class Sample:
    """One number of one model: of every run, on the same examples.

    Attributes:
        runs: of each training seed.
        clusters: [N] number of the cluster of each example, 0 ... units - 1.
        limits: of the number; see `Limits`.
    """

    runs: Sequence[Replicated]
    clusters: np.ndarray
    limits: Limits

    @property
    def values(self) -> list[float]:
        """[S] of each seed."""
        return [run.value for run in self.runs]

    def estimate(self, *, over_seeds: bool = True) -> Estimate:
        """With its variance over examples and seeds, or over examples for the models as they are trained."""
        variation, units = self._variation(over_seeds), self.units
        value, (low, high) = float(np.mean(self.values)), self.limits
        if not (math.isfinite(low) and math.isfinite(high)):
            return Unbounded(value, variation, self.limits)
        share = (value - low) / (high - low)
        scaled = Variation(variation.variance / (high - low) ** 2, variation.freedom)
        return Bounded(Share(share, scaled, units, self._carriers(share), self._is_binary()), self.limits)

    def minus(self, other: Sample) -> Sample:
        """The difference, of which only the variation is of use."""
        runs = [one - two for one, two in zip(self.runs, other.runs, strict=True)]
        return Sample(runs, self.clusters, (-math.inf, math.inf))

    def variance(self) -> float:
        """Over examples and seeds."""
        return self._variation(True).variance

    @property
    def units(self) -> int:
        """Clusters that the number is about."""
        return len(np.unique(self.clusters[self._members()]))

    def _members(self) -> np.ndarray:
        each = self.runs[0].each
        return np.ones(len(self.clusters), dtype=bool) if each is None else ~np.isnan(each)

    def _variation(self, over_seeds: bool) -> Variation:
        units, counted = self.units, [run.each for run in self.runs if run.each is not None]
        if len(counted) == len(self.runs):
            members, clusters = self._members(), self.clusters[self._members()]
            rows = np.stack([one[members] for one in counted])
            over_examples = np.array([variance_of_mean(row, clusters) for row in rows])
            of_mean = variance_of_mean(rows.mean(axis=0), clusters)
        else:
            replicates = np.stack([run.replicates for run in self.runs])
            factor = units / max(units - 1, 1)  # resamples vary less than samples
            over_examples = replicates.var(axis=1, ddof=1) * factor
            of_mean = float(replicates.mean(axis=0).var(ddof=1)) * factor
        return two_way(self.values if over_seeds else [0.0], over_examples, of_mean, units)

    def _carriers(self, share: float) -> float:
        counted = [run.each for run in self.runs if run.each is not None]
        if not counted:
            return self.units * min(share, 1.0 - share)
        members = self._members()
        mean = np.mean([one[members] for one in counted], axis=0)
        clusters = self.clusters[members]
        return float(min(len(np.unique(clusters[mean > 0])), len(np.unique(clusters[mean < 1]))))

    def _is_binary(self) -> bool:
        each = self.runs[0].each
        if each is None or len(self.runs) > 1:
            return False
        counted = each[self._members()]
        return self.units == len(counted) and bool(np.isin(counted, (0.0, 1.0)).all())


def paired(model: Sample, twin: Sample, only: tuple[Sample, Sample] | None) -> Difference:
    """The difference of two models on the same examples.

    Args:
        model: of the model.
        twin: of its twin.
        only: the share of examples that only the model gets right, and that only the twin does; None where examples
            are not right or wrong.
    """
    first, second = only or (model, twin)
    return Difference(first.estimate(), second.estimate(), first.minus(second).variance())


def share_of(right: np.ndarray) -> Estimate:
    """The share of right answers among independent examples.

    Args:
        right: [N] bool.

    >>> [round(end, 2) for end in share_of(np.array([True] * 31)).bounds(0.95)]
    [0.89, 1.0]
    """
    return _counted(right).estimate()


def difference_of(right: np.ndarray, other: np.ndarray) -> Estimate:
    """How many more of the same independent examples one model gets right than another.

    Args:
        right: [N] bool, of the one.
        other: [N] bool, of the other.

    >>> [round(end, 2) for end in difference_of(np.array([True] * 9 + [False]), np.zeros(10, dtype=bool)).bounds(0.95)]
    [0.44, 1.0]
    """
    only = _counted(right & ~other), _counted(~right & other)
    return paired(_counted(right), _counted(other), only)


def _counted(right: np.ndarray) -> Sample:
    each = np.asarray(right, dtype=np.float64)
    return Sample([Replicated(float(each.mean()), np.empty(0), each)], np.arange(len(each)), (0.0, 1.0))
