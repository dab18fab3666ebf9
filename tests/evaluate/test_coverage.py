"""Simulations: how often intervals hold the truth, and how often a verdict claims what is not there."""

import numpy as np
import pytest
from scipy import stats

from maskwright.evaluate.samples import Sample, paired
from maskwright.evaluate.statistics import Replicated

pytestmark = pytest.mark.slow

REPETITIONS = 600
SLACK = 3 * np.sqrt(0.07 * 0.93 / REPETITIONS)
"""Three standard errors of a simulated coverage of 93 %."""

SPREAD_OF_SEEDS = 0.04
"""Standard deviation over seeds of the chance to be right, at one half."""


def difficulties(rng, p, n, rho=0.5):
    """[n] chance of each example to be answered right, Beta with mean p: draws of one example agree, the more with rho."""
    if p in (0.0, 1.0):
        return np.full(n, p)
    k = (1 - rho) / rho
    return rng.beta(p * k, (1 - p) * k, size=n)


def answered(rng, easy, draws, seeds, p):
    """[S, n, D] right answers."""
    shift = rng.normal(0, SPREAD_OF_SEEDS if seeds > 1 else 0.0, (seeds, 1)) * np.sqrt(p * (1 - p))
    return rng.random((seeds, len(easy), draws)) < np.clip(easy + shift, 0, 1)[..., None]


def sample_of(each):
    """[S, n] mean over draws of each example -> a sample."""
    runs = [Replicated(float(one.mean()), np.empty(0), one) for one in each]
    return Sample(runs, np.arange(each.shape[1]), (0.0, 1.0))


SETTINGS = [(n, draws, seeds) for n in (20, 50, 200, 600) for draws in (1, 3) for seeds in (1, 3, 10)]


@pytest.mark.parametrize(("n", "draws", "seeds"), SETTINGS)
@pytest.mark.parametrize("p", [0.0, 0.01, 0.5, 0.99, 1.0])
def test_shares(p, n, draws, seeds):
    rng, held = np.random.default_rng([n, draws, seeds, round(100 * p)]), 0
    for _ in range(REPETITIONS):
        right = answered(rng, difficulties(rng, p, n), draws, seeds, p)
        low, high = sample_of(right.mean(axis=2)).estimate().bounds(0.95)
        assert 0 <= low < high <= 1
        held += low <= p <= high
    assert held / REPETITIONS >= 0.93 - SLACK
    if p == 0.5 and n >= 200:
        assert held / REPETITIONS <= 0.99 + SLACK


@pytest.mark.parametrize(("n", "draws", "seeds"), SETTINGS)
@pytest.mark.parametrize(
    ("p", "q"), [(0.0, 0.0), (0.01, 0.01), (0.5, 0.5), (0.99, 0.99), (1.0, 1.0), (0.6, 0.5), (1.0, 0.9)]
)
def test_paired_differences(p, q, n, draws, seeds):
    rng = np.random.default_rng([n, draws, seeds, round(100 * p), round(100 * q)])
    held = claimed = 0
    for _ in range(REPETITIONS):
        # What is hard for the one is hard for the other, but for a part of the examples.
        rank, own = rng.random(n), rng.random(n) < 0.3
        easy = [of_rank(rank, p), of_rank(np.where(own, rng.random(n), rank), q)]
        model, twin = (answered(rng, each, draws, seeds, mean) for each, mean in zip(easy, (p, q), strict=True))
        only = [sample_of(one.mean(axis=2)) for one in (model & ~twin, twin & ~model)]
        samples = [sample_of(one.mean(axis=2)) for one in (model, twin)]
        low, high = paired(samples[0], samples[1], (only[0], only[1])).bounds(0.95)
        assert -1 <= low < high <= 1
        held += low <= p - q <= high
        claimed += low > 0 or high < 0
    assert held / REPETITIONS >= 0.93 - SLACK
    if p == q:
        assert claimed / REPETITIONS <= 0.055 + SLACK
    if p == q == 0.5 and n >= 200:
        assert held / REPETITIONS <= 0.99 + SLACK


def of_rank(rank, p, rho=0.5):
    """[n] ranks from 0 to 1 -> chance to be answered right."""
    if p in (0.0, 1.0):
        return np.full(len(rank), p)
    k = (1 - rho) / rho
    return stats.beta.ppf(rank, p * k, (1 - p) * k)
