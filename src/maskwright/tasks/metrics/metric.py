"""Statistics and metrics: numbers per example that are added up, and formulas of the sums.

Because a metric is a formula of sums, its value on any resample of the examples is one product with the resample's
weights, and a bootstrap of thousands of resamples is one matrix product. Predictions are turned into statistics batch
by batch, and are not kept.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["NEGLIGIBLE", "SHARE", "Metric", "Statistic", "mean", "records_as_they_are"]

SHARE = "share"
"""The unit of numbers from 0 to 1 that are written in per cent."""

NEGLIGIBLE = 0.02
"""Two points of a share, or that share of what an answer that ignores the input scores: less makes no difference."""


def records_as_they_are(records: np.ndarray) -> np.ndarray:
    """[1, N, k] records of one draw -> [N, k], what is added up."""
    return records[0]


@dataclass(frozen=True)
class Statistic:
    """What is noted of every answer.

    Attributes:
        name: metrics that share a statistic share its name, and it is computed once.
        of: (predictions, references) of B examples -> records [B, k] float64, or [B] objects.
        summable: records [D, N, k] of D draws of all N examples -> [N, K], dense or sparse, whose weighted sums the
            formula takes; by default the records themselves.
        pooled: the draws of a condition go into `summable` together. Otherwise each draw goes alone, and the values
            of a metric are averaged.
    """

    name: str
    of: Callable[[Sequence[Any], Sequence[Any]], np.ndarray]
    summable: Callable[[np.ndarray], Any] = records_as_they_are
    pooled: bool = False


def mean(sums: np.ndarray, n: np.ndarray) -> np.ndarray:
    """[b, 1] sums of a number per example, [b] examples -> [b] its mean."""
    return sums[..., 0] / n


@dataclass(frozen=True)
class Metric:
    """A number that a model is judged by.

    Attributes:
        name: key in files: `accuracy`.
        label: as axes and tables call it: "accuracy".
        statistic: what is added up.
        formula: (sums [b, K], n [b], the examples that they are sums of) -> [b].
        higher_is_better: whether more is better.
        unit: "share" (0 to 1, written in per cent), or what is counted ("nats", "points", "" for a plain number).
        best: the perfect value; None if there is none.
        possible: the smallest and the largest value that there can be, infinite where there is none; 0 to 1 for shares
            and unknown for others, if not said. A number with both has an interval even where all examples agree.
        chance: the value of an answer that ignores the input: a number (nan if it is not known), or a function of all
            references.
        negligible: a difference of this size makes none, in the metric's own unit: a number, or a function of all
            references; `NEGLIGIBLE` of a share if not said, and that share of `chance` of any other number.
        of_whole: whether it measures anything where nothing is hidden; otherwise it is perfect there by definition.
        counts: the share of examples that are right; each example scores 0 or 1.
        biased: resamples miss the true value, so no interval is given.
        meaning: what it is, in a sentence, where not everybody knows.
        alone: the formula for an example on its own, where that of sums says little of a single one.

    >>> hit = Statistic("hit", lambda p, r: (np.asarray(p) == np.asarray(r))[:, None].astype(float))
    >>> accuracy = Metric("accuracy", "accuracy", hit, counts=True)
    >>> records = hit.of([1, 0, 2, 2], [1, 1, 2, 2])
    >>> accuracy.value(hit.summable(records[None]), np.ones((1, 4)))
    array([0.75])
    """

    name: str
    label: str
    statistic: Statistic
    formula: Callable[[np.ndarray, np.ndarray], np.ndarray] = mean
    higher_is_better: bool = True
    unit: str = SHARE
    best: float | None = 1.0
    possible: tuple[float, float] | None = None
    chance: float | Callable[[Sequence[Any]], float] = 0.0
    negligible: float | Callable[[Sequence[Any]], float] | None = None
    of_whole: bool = True
    counts: bool = False
    biased: bool = False
    meaning: str = ""
    alone: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None

    @property
    def limits(self) -> tuple[float, float]:
        """The smallest and the largest value that there can be."""
        if self.possible is not None:
            return self.possible
        return (0.0, 1.0) if self.unit == SHARE else (-math.inf, math.inf)

    @property
    def linear(self) -> bool:
        """Whether it is the mean of a number per example."""
        return self.formula is mean

    def value(self, summable: Any, weights: np.ndarray) -> np.ndarray:
        """The metric on resamples of the examples.

        Args:
            summable: of the statistic, [N, K].
            weights: [b, N], how often each example is in each resample.

        Returns:
            [b] float64.
        """
        return self.formula(np.asarray(weights @ summable), weights.sum(axis=1))

    def each(self, summable: Any) -> np.ndarray:
        """[N] float64, the metric of every example on its own."""
        rows = summable.toarray() if not isinstance(summable, np.ndarray) else summable
        return (self.alone or self.formula)(rows, np.ones(len(rows)))

    def chance_of(self, references: Sequence[Any]) -> float:
        """The value of an answer that ignores the input."""
        return float(self.chance(references)) if callable(self.chance) else float(self.chance)

    def negligible_of(self, references: Sequence[Any]) -> float:
        """A difference of this size makes none."""
        if self.negligible is None:
            return NEGLIGIBLE * (1.0 if self.unit == SHARE else abs(self.chance_of(references)))
        return float(self.negligible(references)) if callable(self.negligible) else float(self.negligible)
