"""Simulations: how often intervals hold the truth, and how often a verdict claims what is not there."""

from functools import partial

import numpy as np
import pytest
from scipy import stats

from maskwright.evaluate.samples import Sample, paired
from maskwright.evaluate.statistics import Replicated, bootstrap
from maskwright.tasks.metrics.macro_f1 import MACRO_F1
from tests.evaluate.made_up_verdicts import Numbers, judged, summary_of

pytestmark = pytest.mark.slow

REPETITIONS = 600
SLACK = 3 * np.sqrt(0.07 * 0.93 / REPETITIONS)
"""Three standard errors of a simulated coverage of 93 %."""

SPREAD_OF_SEEDS = 0.04
"""Standard deviation over seeds of the chance to be right, at one half."""


def difficulties(rng, p, n, rho=0.5):
    """[n] chance of each example to be answered right, from Beta with mean p; the higher rho, the more draws agree."""
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
def test_shares(p, n, draws, seeds, record_property):
    rng, held = np.random.default_rng([n, draws, seeds, round(100 * p)]), 0
    for _ in range(REPETITIONS):
        right = answered(rng, difficulties(rng, p, n), draws, seeds, p)
        low, high = sample_of(right.mean(axis=2)).estimate().bounds(0.95)
        assert 0 <= low < high <= 1
        held += low <= p <= high
    record_property("held", held / REPETITIONS)
    assert held / REPETITIONS >= 0.93 - SLACK
    if p == 0.5 and n >= 200:
        assert held / REPETITIONS <= 0.99 + SLACK


@pytest.mark.parametrize(("n", "draws", "seeds"), SETTINGS)
@pytest.mark.parametrize(
    ("p", "q"), [(0.0, 0.0), (0.01, 0.01), (0.5, 0.5), (0.99, 0.99), (1.0, 1.0), (0.6, 0.5), (1.0, 0.9)]
)
def test_paired_differences(p, q, n, draws, seeds, record_property):
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
    record_property("held", held / REPETITIONS)
    record_property("claimed", claimed / REPETITIONS)
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


@pytest.mark.parametrize(("n", "seeds"), [(50, 1), (200, 1), (200, 3), (600, 3)])
@pytest.mark.parametrize("p", [0.5, 0.9])
def test_a_verdict_claims_in_no_more_than_one_of_twenty_cases_what_is_not_there(p, n, seeds, record_property):
    rng, claims, repetitions = np.random.default_rng([n, seeds, round(10 * p)]), 0, 400

    def numbers(easy, shift):
        def right(ease, draws=1):
            return (rng.random((draws, n)) < np.clip(ease + shift, 0, 1)).astype(float)

        return Numbers(right(easy)[0], right(0.8 * easy, 3), right(0.7 * easy)[0])

    for _ in range(repetitions):
        easy, spread = difficulties(rng, p, n), SPREAD_OF_SEEDS * (seeds > 1)
        runs = [tuple(numbers(easy, rng.normal(0, spread) if spread else 0.0) for _ in "mt") for _ in range(seeds)]
        found, _ = judged(summary_of(runs, chance=0.1, resamples=2))
        price = "on whole inputs is" in found.sentence
        claims += found.outcome in ("better", "worse", "mixed") or price
    record_property("claimed", claims / repetitions)
    assert claims / repetitions <= 0.055 + 3 * np.sqrt(0.055 * 0.945 / repetitions)


def test_rows_of_one_source_are_one_observation():
    rng, held, naive = np.random.default_rng(5), 0, 0
    clusters = np.repeat(np.arange(40), 8)
    for _ in range(REPETITIONS):
        right = (rng.random(320) < difficulties(rng, 0.7, 40, rho=0.6)[clusters]).astype(float)
        run = [Replicated(float(right.mean()), np.empty(0), right)]
        low, high = Sample(run, clusters, (0.0, 1.0)).estimate().bounds(0.95)
        held += low <= 0.7 <= high
        low, high = Sample(run, np.arange(320), (0.0, 1.0)).estimate().bounds(0.95)
        naive += low <= 0.7 <= high
    assert 0.93 - SLACK <= held / REPETITIONS <= 0.99 + SLACK
    assert naive / REPETITIONS < 0.8


@pytest.mark.parametrize("seeds", [1, 3])
@pytest.mark.parametrize("n", [60, 300])
def test_metrics_that_are_no_mean(n, seeds):
    """Macro F1 of three classes, against its value on a very large sample."""
    rng, statistic = np.random.default_rng([n, seeds]), MACRO_F1.statistic
    accuracy = np.array([0.9, 0.7, 0.5])

    def records(labels, shift=0.0):
        right = rng.random(len(labels)) < accuracy[labels] + shift
        guesses = np.where(right, labels, (labels + rng.integers(1, 3, len(labels))) % 3)
        return statistic.summable(statistic.of(np.eye(3)[guesses], labels)[None])

    labels = rng.integers(0, 3, 200_000)
    truth, held, repetitions = float(MACRO_F1.value(records(labels), np.ones((1, len(labels))))[0]), 0, 200
    for _ in range(repetitions):
        some, runs = rng.integers(0, 3, n), []
        for _ in range(seeds):
            table = records(some, rng.normal(0, 0.02) if seeds > 1 else 0.0)
            values = partial(MACRO_F1.value, table)
            runs.append(bootstrap(lambda weights, of=values: {"f1": of(weights)}, np.arange(n), resamples=300)["f1"])
        low, high = Sample(runs, np.arange(n), MACRO_F1.limits).estimate().bounds(0.95)
        held += low <= truth <= high
    assert held / repetitions >= 0.93 - 3 * np.sqrt(0.07 * 0.93 / repetitions)
