"""Intervals and tests: paired bootstrap over examples, t over seeds, exact McNemar, Holm, Clopper-Pearson.

Two models are always compared on the same examples, under the same masks and, here, on the same resamples, so what they
have in common cancels. A statistic is a function of example weights; the bootstrap feeds it weights, many rows at once.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from maskwright.errors import MaskingError

BOOTSTRAP_SEED = 20_240_229
"""Fixed, so that the same predictions always give the same intervals."""

CELLS_AT_ONCE = 4_000_000
"""Weights held in memory at a time (32 MB)."""

Statistic = Callable[[np.ndarray], Mapping[Hashable, np.ndarray]]
"""Weights [b, N] (each row sums to N) -> named values [b]."""


@dataclass(frozen=True)
class Replicated:
    """A named value and what it would have been on other samples of examples.

    Attributes:
        value: the value on the examples as they are.
        replicates: [resamples] the value on each resample.
    """

    value: float
    replicates: np.ndarray

    def __sub__(self, other: Replicated) -> Replicated:
        return Replicated(self.value - other.value, self.replicates - other.replicates)


def resampled_weights(n: int, resamples: int, seed: int = BOOTSTRAP_SEED) -> Iterator[np.ndarray]:
    """Yield how often each of `n` examples is drawn in each resample, as rows [b, n] that sum to n.

    >>> [block.sum(axis=1).tolist() for block in resampled_weights(4, resamples=3)]
    [[4.0, 4.0, 4.0]]
    """
    rng = np.random.default_rng(seed)
    rows = max(1, CELLS_AT_ONCE // max(n, 1))
    for start in range(0, resamples, rows):
        b = min(rows, resamples - start)
        drawn = rng.integers(0, n, size=(b, n)) + n * np.arange(b)[:, None]
        yield np.bincount(drawn.ravel(), minlength=b * n).reshape(b, n).astype(np.float64)


def bootstrap(
    statistic: Statistic, n: int, *, resamples: int, seed: int = BOOTSTRAP_SEED
) -> dict[Hashable, Replicated]:
    """Resample examples and recompute every named value.

    Args:
        statistic: gives the values under example weights; everything it returns shares the resamples, hence is paired.
        n: number of examples, at least 1.
        resamples: number of resamples.
        seed: of the resampling only.

    Raises:
        MaskingError: if there are no examples.

    >>> right = np.array([1.0, 1.0, 0.0, 1.0])
    >>> result = bootstrap(lambda w: {"accuracy": w @ right / 4}, 4, resamples=1000)["accuracy"]
    >>> result.value, result.replicates.shape
    (0.75, (1000,))
    """
    if n < 1:
        raise MaskingError("bootstrap over 0 examples: at least one example is needed.")
    value = statistic(np.ones((1, n)))
    blocks = [statistic(weights) for weights in resampled_weights(n, resamples, seed)]
    return {
        name: Replicated(float(value[name][0]), np.concatenate([block[name] for block in blocks])) for name in value
    }


def percentile_interval(replicates: np.ndarray, confidence: float) -> tuple[float, float]:
    """Give the central share `confidence` of the replicates; (nan, nan) if any of them is undefined."""
    if not np.isfinite(replicates).all():
        return float("nan"), float("nan")
    tail = (1.0 - confidence) / 2.0
    low, high = np.quantile(replicates, [tail, 1.0 - tail])
    return float(low), float(high)


def t_interval(values: Sequence[float], confidence: float) -> tuple[float, float, float]:
    """Mean over seeds with Student's interval; the bounds are nan for fewer than two values.

    >>> mean, low, high = t_interval([0.70, 0.72, 0.74], confidence=0.95)
    >>> round(mean, 3), round(low, 3), round(high, 3)
    (0.72, 0.67, 0.77)
    """
    from scipy import stats

    mean = float(np.mean(values))
    if len(values) < 2:
        return mean, float("nan"), float("nan")
    half = stats.t.ppf((1.0 + confidence) / 2.0, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values))
    return mean, float(mean - half), float(mean + half)


def clopper_pearson(right: int, n: int, confidence: float) -> tuple[float, float]:
    """Exact binomial interval of a share; n at least 1.

    >>> clopper_pearson(0, 10, 0.95)[0], round(clopper_pearson(0, 10, 0.95)[1], 4)
    (0.0, 0.3085)
    """
    from scipy.stats import binomtest

    interval = binomtest(int(right), int(n)).proportion_ci(confidence_level=confidence, method="exact")
    return float(interval.low), float(interval.high)


@dataclass(frozen=True)
class McNemar:
    """Exact test whether two models err equally often on the same examples.

    Attributes:
        only_model: examples that only the model gets right.
        only_twin: examples that only the twin gets right.
        p: two-sided p-value; 1.0 where they never differ.
    """

    only_model: int
    only_twin: int
    p: float


def mcnemar(right_model: np.ndarray, right_twin: np.ndarray) -> McNemar:
    """Compare two models by the examples on which only one is right.

    Args:
        right_model: [N] bool, the model's answer is right.
        right_twin: [N] bool, the same of the twin, on the same examples.

    >>> test = mcnemar(np.array([True] * 6 + [False] * 4), np.array([False] * 6 + [False] * 3 + [True]))
    >>> test.only_model, test.only_twin, round(test.p, 6)
    (6, 1, 0.125)
    """
    from scipy.stats import binomtest

    only_model = int((right_model & ~right_twin).sum())
    only_twin = int((~right_model & right_twin).sum())
    differing = only_model + only_twin
    p = 1.0 if differing == 0 else float(binomtest(only_model, differing, 0.5).pvalue)
    return McNemar(only_model, only_twin, p)


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values for the number of tests (Holm's step-down), in the order given.

    >>> [round(p, 6) for p in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    factors = len(p) - np.arange(len(p))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * factors), 1.0)
    return adjusted.tolist()
