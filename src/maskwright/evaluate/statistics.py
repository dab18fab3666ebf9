"""Resampling: the paired bootstrap over examples or clusters of them; and Holm's adjustment of p-values.

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

WeightedValues = Callable[[np.ndarray], Mapping[Hashable, np.ndarray]]
"""Weights [b, N] -> named values [b]."""


@dataclass(frozen=True)
class Replicated:
    """A named value and what it would have been on other samples of examples.

    Attributes:
        value: the value on the examples as they are.
        replicates: [resamples] the value on each resample.
        each: [N] where the value is the mean of numbers from 0 to 1, that of each example; nan for one that does not
            belong to the group.
    """

    value: float
    replicates: np.ndarray
    each: np.ndarray | None = None

    def __sub__(self, other: Replicated) -> Replicated:
        each = None if self.each is None or other.each is None else self.each - other.each
        return Replicated(self.value - other.value, self.replicates - other.replicates, each)


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
    statistic: WeightedValues, clusters: np.ndarray, *, resamples: int, seed: int = BOOTSTRAP_SEED
) -> dict[Hashable, Replicated]:
    """Resample examples, those of one cluster together, and recompute every named value.

    Args:
        statistic: gives the values under example weights; everything it returns shares the resamples, hence is paired.
        clusters: [N] number of the cluster of each example, 0, 1, ...; `np.arange(N)` where none belong together.
        resamples: number of resamples.
        seed: of the resampling only.

    Raises:
        MaskingError: if there are no examples.

    >>> right = np.array([1.0, 1.0, 0.0, 1.0])
    >>> result = bootstrap(lambda w: {"accuracy": w @ right / 4}, np.arange(4), resamples=1000)["accuracy"]
    >>> result.value, result.replicates.shape
    (0.75, (1000,))
    """
    if not len(clusters):
        raise MaskingError("bootstrap over 0 examples: at least one example is needed.")
    units = int(clusters.max()) + 1
    alone = units == len(clusters)  # then example i is cluster i, in some order that does not matter
    value = statistic(np.ones((1, len(clusters))))
    drawn = resampled_weights(units, resamples, seed)
    blocks = [statistic(weights if alone else weights[:, clusters]) for weights in drawn]
    return {
        name: Replicated(float(value[name][0]), np.concatenate([block[name] for block in blocks])) for name in value
    }


def variance_of_mean(numbers: np.ndarray, clusters: np.ndarray) -> float:
    """The variance that the mean of [n] numbers has over samples of the clusters they come in.

    Args:
        numbers: one per example.
        clusters: [n] number of each one's cluster; its own number where none belong together.

    >>> variance_of_mean(np.array([0.0, 1.0]), np.array([0, 1])), variance_of_mean(np.zeros(3), np.array([0, 0, 1]))
    (0.25, 0.0)
    """
    n = len(numbers)
    of_clusters = np.bincount(np.unique(clusters, return_inverse=True)[1], weights=numbers - numbers.mean())
    units = len(of_clusters)
    return float((of_clusters**2).sum()) / n**2 * units / max(units - 1, 1)


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
