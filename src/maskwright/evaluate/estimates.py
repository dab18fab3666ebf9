"""Which interval and p-value a number gets, by its kind: share, bounded, unbounded, difference, worst of several.

There is one rule for each kind of number, used wherever such a number stands: shares of right answers and other numbers
with a smallest and a largest value get the interval of a share, all others Student's; a difference gets the interval
that its two numbers give (`intervals.square_and_add`), and the p-value that belongs to it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from maskwright.evaluate.intervals import (
    Bounds,
    Share,
    Variation,
    mean_bounds,
    p_value,
    share_bounds,
    square_and_add,
    worst_bounds,
)

POWER = 0.8
"""The chance with which the smallest difference that is called detectable would have been shown."""

Limits = tuple[float, float]
"""Smallest and largest possible value; infinite where there is none."""


class Estimate(Protocol):
    """A value, its variance, and its interval at any confidence (nan where there is none)."""

    @property
    def value(self) -> float:
        """The number."""
        ...

    @property
    def variance(self) -> float:
        """Of the number, over examples and seeds."""
        ...

    def bounds(self, confidence: float) -> Bounds:
        """The interval."""
        ...


@dataclass(frozen=True)
class Bounded:
    """A number between two limits.

    Attributes:
        share: the number, with the limits at 0 and 1.
        limits: see `Limits`.
    """

    share: Share
    limits: Limits = (0.0, 1.0)

    @property
    def value(self) -> float:
        """In its own unit."""
        return self._scaled(self.share.value)

    @property
    def variance(self) -> float:
        """In its own unit, squared."""
        return self.share.variation.variance * (self.limits[1] - self.limits[0]) ** 2

    def bounds(self, confidence: float) -> Bounds:
        """Inside the limits, and never of no width."""
        low, high = share_bounds(self.share, confidence)
        return self._scaled(low), self._scaled(high)

    def _scaled(self, share: float) -> float:
        return self.limits[0] + share * (self.limits[1] - self.limits[0])


@dataclass(frozen=True)
class Unbounded:
    """A number of which nothing is known but its variation, and perhaps one limit.

    Attributes:
        value: the number.
        variation: see `Variation`.
        limits: see `Limits`.
    """

    value: float
    variation: Variation
    limits: Limits = (-math.inf, math.inf)

    @property
    def variance(self) -> float:
        """In its own unit, squared."""
        return self.variation.variance

    def bounds(self, confidence: float) -> Bounds:
        """Student's interval as far as it is possible; none without a variance."""
        low, high = mean_bounds(self.value, self.variation, confidence)
        return max(low, self.limits[0]), min(high, self.limits[1])


@dataclass(frozen=True)
class Difference:
    """One number less another, on the same examples.

    Attributes:
        first: the one.
        second: the other.
        variance: of the difference, from which follows how the two are correlated.
    """

    first: Estimate
    second: Estimate
    variance: float

    @property
    def value(self) -> float:
        """First less second."""
        return self.first.value - self.second.value

    def bounds(self, confidence: float) -> Bounds:
        """By the square-and-add rule."""
        one, two = self.first, self.second
        scale = math.sqrt(max(one.variance * two.variance, 0.0))
        apart = (one.variance + two.variance - self.variance) / (2.0 * scale) if scale > 0 else 0.0
        ends = [(number.value, number.bounds(confidence)) for number in (one, two)]
        return square_and_add(ends[0], ends[1], min(max(apart, -1.0), 1.0))


@dataclass(frozen=True)
class Worst:
    """The smallest of several shares.

    Attributes:
        shares: of the groups.
    """

    shares: Sequence[Share]
    variance: float = math.nan

    @property
    def value(self) -> float:
        """Of the group that does worst in this sample, which flatters no group but is lower than the true smallest."""
        return min(share.value for share in self.shares)

    def bounds(self, confidence: float) -> Bounds:
        """Simultaneous over the groups."""
        return worst_bounds(self.shares, confidence)


@dataclass(frozen=True)
class Apart:
    """The difference of two numbers of which it is not known how they go together.

    The interval of each holds with half the error, so that both hold together.

    Attributes:
        first: the one.
        second: the other.
    """

    first: Estimate
    second: Estimate
    variance: float = math.nan

    @property
    def value(self) -> float:
        """First less second."""
        return self.first.value - self.second.value

    def bounds(self, confidence: float) -> Bounds:
        """Wider than it need be."""
        each = (1.0 + confidence) / 2.0
        (one_low, one_high), (two_low, two_high) = self.first.bounds(each), self.second.bounds(each)
        return one_low - two_high, one_high - two_low


def written(estimate: Estimate, confidence: float, values: Sequence[float] = ()) -> dict[str, object]:
    """A value with its interval for JSON; what is undefined becomes None. With the value of each seed, if several."""
    low, high = estimate.bounds(confidence)
    is_finite = math.isfinite(low) and math.isfinite(high)
    numbers: dict[str, object] = {"value": _number(estimate.value), "low": low if is_finite else None}
    numbers["high"] = high if is_finite else None
    return {**numbers, "per_seed": [_number(value) for value in values]} if len(values) > 1 else numbers


def written_difference(
    estimate: Estimate, confidence: float, values: Sequence[float] = (), measures: int = 1
) -> dict[str, object]:
    """A difference with its interval, p-value and the smallest difference that would have been shown.

    Args:
        estimate: the difference.
        confidence: of the interval.
        values: of each seed.
        measures: numbers that share one error, by which p is multiplied; `confidence` is 1 − error / measures then.
    """
    numbers = written(estimate, confidence, values)
    if numbers["low"] is None:
        return {**numbers, "p": None, "detectable": None}
    return {
        **numbers,
        "p": min(1.0, measures * p_value(estimate.bounds)),
        "detectable": _detectable(estimate.bounds(confidence), confidence),
    }


def _detectable(bounds: Bounds, confidence: float) -> float:
    from scipy.special import ndtri

    half = (bounds[1] - bounds[0]) / 2.0
    return float(half * (1.0 + ndtri(POWER) / ndtri((1.0 + confidence) / 2.0)))


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
