from functools import partial

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.metrics import brier_score_loss

from maskwright.evaluate.samples import Sample
from maskwright.evaluate.statistics import bootstrap
from maskwright.tasks.metrics.brier import BRIER
from tests.tasks.metrics.resamples import check_resamples, logits_and_classes, value_of


def test_it_is_scikit_learns():
    logits, right = logits_and_classes()

    def plain(said, true):
        p = softmax(said.astype(np.float64), axis=1)
        return np.mean(((p - np.eye(4)[true]) ** 2).sum(axis=1))

    check_resamples(BRIER, logits, right, plain)
    two, truth = logits_and_classes(classes=2)
    of_one = brier_score_loss(truth, softmax(two.astype(np.float64), axis=1)[:, 1])
    assert value_of(BRIER, two, truth) == pytest.approx(2 * of_one, abs=1e-6)


def test_by_hand():
    logits = np.log([[0.8, 0.2], [0.4, 0.6], [0.5, 0.5], [0.9, 0.1]])
    assert value_of(BRIER, logits, [0, 1, 0, 1]) == pytest.approx(np.mean([2 * 0.04, 2 * 0.16, 2 * 0.25, 2 * 0.81]))


def test_chance_is_the_shares_of_the_classes():
    _, right = logits_and_classes()
    shares = np.bincount(right) / len(right)
    always = np.log(np.tile(shares, (len(right), 1)))
    assert BRIER.chance_of(right) == pytest.approx(value_of(BRIER, always, right))


def test_intervals_hold_the_truth():
    rng, middles, held = np.random.default_rng(0), np.linspace(0.65, 0.95, 300), 0
    # Confidence c is right with chance c − 0.05; a Brier score is 2 · (right: (1 − c)², wrong: c²).
    chance = middles - 0.05
    brier = np.mean(2 * (chance * (1 - middles) ** 2 + (1 - chance) * middles**2))
    for _ in range(120):
        confidence = rng.choice(middles, 500)
        right = (rng.random(500) >= confidence - 0.05).astype(np.int64)
        records = BRIER.statistic.of(np.log(np.stack([confidence, 1 - confidence], axis=1)), right)
        values = partial(BRIER.value, BRIER.statistic.summable(records[None]))
        found = bootstrap(lambda weights, values=values: {"brier": values(weights)}, np.arange(500), resamples=300)
        one = Sample([found["brier"]], np.arange(500), BRIER.limits).estimate()
        low, high = one.bounds(0.9)
        held += low <= brier <= high
        assert low <= one.value <= high
    # 90 % of 120 are 108; the standard error is 3.3.
    assert 98 <= held <= 118
