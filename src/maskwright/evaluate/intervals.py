"""Intervals that hold: for shares, bounded and unbounded numbers, and paired differences, over examples and seeds.

Every estimate comes with its variance over other test examples and other training seeds. A share gets the exact
interval of Clopper and Pearson at its effective number of examples: for one draw of one model that is the exact
binomial interval; it never leaves 0 to 1 and always has a width. The difference of two models is the share of examples
that only one gets right less the share that only the other does, joined by the square-and-add rule.

Sources: Korn and Graubard 1998, Confidence intervals for proportions with small expected number of positive counts;
Newcombe 1998, Improved confidence intervals for the difference between binomial proportions based on paired data;
Cameron, Gelbach and Miller 2011, Robust inference with multiway clustering; Satterthwaite 1946 for degrees of freedom.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

__all__ = [
    "Bounds",
    "Share",
    "Variation",
    "mean_bounds",
    "p_value",
    "share_bounds",
    "square_and_add",
    "two_way",
    "worst_bounds",
]

FEW, MANY = 4.0, 12.0
"""Examples that carry the rarer outcome. With FEW or less, draws and seeds do not count as further examples; with MANY
or more the measured variance is believed; in between, in proportion."""

LEAST_CONFIDENCE = 1e-6
"""At 0 quantiles are 0, and their ratios undefined."""

Bounds = tuple[float, float]
"""Lower and upper end of an interval."""


@dataclass(frozen=True)
class Variation:
    """How far an estimate would move with other examples and other seeds.

    Attributes:
        variance: of the estimate.
        freedom: degrees of freedom of that variance.
    """

    variance: float
    freedom: float


@dataclass(frozen=True)
class Share:
    """An estimate between 0 and 1.

    Attributes:
        value: from 0 to 1.
        variation: see `Variation`.
        units: examples, or clusters of them, that it is an average over.
        carriers: units that carry the rarer outcome.
        is_binary: each unit is 0 or 1: one draw of one model, for which the binomial interval is exact.
    """

    value: float
    variation: Variation
    units: int
    carriers: float
    is_binary: bool = False


def two_way(values: Sequence[float], over_examples: np.ndarray, of_mean: float, units: int) -> Variation:
    """The variance over seeds and examples together: that of seeds, plus that of examples, less their interaction.

    Args:
        values: [S] the estimate of each seed.
        over_examples: [S] the variance of each seed's estimate over examples.
        of_mean: the variance over examples of the mean of all seeds, which share their examples.
        units: examples (or clusters) behind each estimate.

    >>> two_way([0.5], np.array([0.01]), 0.01, 25)
    Variation(variance=0.01, freedom=24.0)
    """
    seeds, rest = len(values), max(units - 1.0, 1.0)
    if seeds == 1:
        return Variation(of_mean, rest)
    of_seeds = float(np.var(values, ddof=1)) / seeds
    # What the variance of one seed has beyond that of their mean, which seeds do not share, is in `of_seeds` already.
    interaction = max(0.0, (float(np.mean(over_examples)) - of_mean) / (seeds - 1))
    variance = max(of_seeds + of_mean - interaction, of_seeds, of_mean)
    spread = of_seeds**2 / (seeds - 1) + of_mean**2 / rest + interaction**2 / ((seeds - 1) * rest)
    return Variation(variance, variance**2 / spread if spread > 0 else math.inf)


def share_bounds(share: Share, confidence: float) -> Bounds:
    """Clopper and Pearson's interval at the effective number of examples; never of no width.

    >>> low, high = share_bounds(Share(1.0, Variation(0.0, 30.0), 31, 0.0, is_binary=True), 0.95)
    >>> round(low, 3), high
    (0.888, 1.0)
    """
    from scipy.special import betaincinv

    n, p, tail = _effective(share, confidence), min(max(share.value, 0.0), 1.0), (1.0 - confidence) / 2.0
    hits = p * n
    low = 0.0 if hits <= 0 else float(betaincinv(hits, n - hits + 1.0, tail))
    high = 1.0 if p >= 1 else float(betaincinv(hits + 1.0, max(n - hits, 1e-12), 1.0 - tail))
    return low, high


def _effective(share: Share, confidence: float) -> float:
    """How many independent examples would give the estimate the variance it has."""
    p, variation, units = share.value, share.variation, float(share.units)
    if share.is_binary or not 0 < p < 1 or variation.variance <= 0:
        return units
    n = p * (1.0 - p) / variation.variance
    if n > units:
        believed = min(max((share.carriers - FEW) / (MANY - FEW), 0.0), 1.0)
        n = units * (1.0 - believed) + n * believed
    upper = (1.0 + confidence) / 2.0
    return n * (_quantile(upper, units - 1.0) / _quantile(upper, variation.freedom)) ** 2


def _quantile(share: float, freedom: float) -> float:
    from scipy.special import ndtri, stdtrit

    return float(ndtri(share) if math.isinf(freedom) else stdtrit(max(freedom, 1.0), share))


def mean_bounds(value: float, variation: Variation, confidence: float) -> Bounds:
    """Student's interval; (nan, nan) without a variance, which would make one of no width.

    >>> [round(end, 3) for end in mean_bounds(0.72, Variation(0.0001333, 2.0), 0.95)]
    [0.67, 0.77]
    """
    if not variation.variance > 0:
        return math.nan, math.nan
    half = _quantile((1.0 + confidence) / 2.0, variation.freedom) * math.sqrt(variation.variance)
    return value - half, value + half


def square_and_add(first: tuple[float, Bounds], second: tuple[float, Bounds], correlation: float) -> Bounds:
    """The interval of first − second, each a value with its interval, that are correlated as said.

    >>> [round(end, 3) for end in square_and_add((0.3, (0.2, 0.4)), (0.1, (0.0, 0.2)), 0.0)]
    [0.059, 0.341]
    """
    (one, (one_low, one_high)), (two, (two_low, two_high)) = first, second
    down = _length(one - one_low, two_high - two, correlation)
    up = _length(one_high - one, two - two_low, correlation)
    return one - two - down, one - two + up


def _length(one: float, two: float, correlation: float) -> float:
    return math.sqrt(max(one * one - 2.0 * correlation * one * two + two * two, 0.0))


def worst_bounds(shares: Sequence[Share], confidence: float) -> Bounds:
    """An interval of the smallest of several true shares.

    The smallest is no smaller than the smallest lower end, whichever group it is; and no larger than any upper end, of
    which all have to hold together. So the lower ends share no error and the upper ends divide theirs.

    >>> equal = [Share(0.9, Variation(0.0018, 49.0), 50, 5.0, is_binary=True)] * 10
    >>> [round(end, 2) for end in worst_bounds(equal, 0.95)]
    [0.78, 0.98]
    """
    tail = (1.0 - confidence) / 2.0
    low = min(share_bounds(share, confidence)[0] for share in shares)
    high = min(share_bounds(share, 1.0 - 2.0 * tail / len(shares))[1] for share in shares)
    return low, high


def p_value(bounds: Callable[[float], Bounds]) -> float:
    """The two-sided p-value that belongs to a family of intervals: one less the confidence at which 0 drops out.

    Args:
        bounds: confidence -> interval of a difference, wider with more confidence.

    >>> p = p_value(lambda confidence: mean_bounds(1.96, Variation(1.0, math.inf), confidence))
    >>> round(p, 3)
    0.05
    """
    least, most = -34.0, 0.0  # natural logarithm of p; 1 less a smaller one is 1
    if not _excludes_zero(bounds(LEAST_CONFIDENCE)):
        return 1.0
    for _ in range(40):
        middle = (least + most) / 2.0
        if _excludes_zero(bounds(1.0 - math.exp(middle))):
            most = middle
        else:
            least = middle
    return math.exp(most)


def _excludes_zero(bounds: Bounds) -> bool:
    return bounds[0] > 0 or bounds[1] < 0
