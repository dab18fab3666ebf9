from functools import partial

import numpy as np
import pytest

from maskwright.evaluate.statistics import bootstrap
from maskwright.tasks.metrics.calibration_error import CALIBRATION_ERROR, calibration_error, gaps_by_bin
from tests.tasks.metrics.resamples import logits_and_classes, value_of


def error(confidence, right, bins=15):
    """The calibration error of some answers."""
    records = np.stack([confidence, right], axis=-1).astype(np.float64)[None]
    gaps = gaps_by_bin(records, bins)
    return float(calibration_error(gaps.sum(axis=0), np.array(float(len(gaps)))))


def two_classes(confidence):
    """[n, 2] logits of answers that are the first class with these probabilities."""
    return np.log(np.stack([confidence, 1 - np.asarray(confidence)], axis=-1))


def test_error_by_hand_over_two_bins():
    confidence = np.array([0.5, 0.6, 0.9, 0.8])
    right = np.array([0, 1, 1, 1])
    # bins {.5 .6}: accuracy .5, confidence .55; {.8 .9}: accuracy 1, confidence .85
    assert error(confidence, right, bins=2) == pytest.approx((0.05 + 0.15) / 2)


def test_bins_hold_equally_many():
    rng = np.random.default_rng(0)
    confidence, right = rng.random(1500), rng.random(1500) < 0.5
    order = np.argsort(confidence)
    expected = np.mean([abs(right[part].mean() - confidence[part].mean()) for part in np.split(order, 15)])
    assert error(confidence, right) == pytest.approx(expected)


def test_order_of_examples_does_not_matter_even_with_ties():
    rng = np.random.default_rng(1)
    confidence, right = rng.choice([0.5, 0.7, 0.9], 200), rng.random(200) < 0.6
    shuffle = rng.permutation(200)
    assert error(confidence, right) == pytest.approx(error(confidence[shuffle], right[shuffle]))


def test_one_confidence_for_all_is_one_gap():
    assert error(np.full(100, 0.9), np.arange(100) < 60) == pytest.approx(0.3)
    assert value_of(CALIBRATION_ERROR, two_classes(np.full(100, 0.9)), np.arange(100) >= 60) == pytest.approx(0.3)


def test_a_calibrated_model_has_little_error():
    rng = np.random.default_rng(2)
    high = rng.uniform(0.5, 1.0, 20_000)
    right = (rng.random(20_000) > high).astype(int)
    assert value_of(CALIBRATION_ERROR, two_classes(high), right) < 0.015


def test_draws_share_their_bins():
    answers = [logits_and_classes(seed, n=40) for seed in range(3)]
    right = answers[0][1]
    records = np.stack([CALIBRATION_ERROR.statistic.of(logits, right) for logits, _ in answers])
    pooled = CALIBRATION_ERROR.statistic.summable(records)
    assert CALIBRATION_ERROR.statistic.pooled
    together = records.reshape(1, -1, 2)
    whole = CALIBRATION_ERROR.statistic.summable(together)
    value = CALIBRATION_ERROR.value(pooled, np.ones((1, 40)))
    assert value == pytest.approx(CALIBRATION_ERROR.value(whole, np.ones((1, 120))))


def test_resamples_keep_the_bins_of_the_examples():
    logits, right = logits_and_classes()
    records = CALIBRATION_ERROR.statistic.of(logits, right)
    gaps = CALIBRATION_ERROR.statistic.summable(records[None])
    weights = np.random.default_rng(0).multinomial(60, np.full(60, 1 / 60), size=5).astype(float)
    expected = [np.abs(np.repeat(gaps, one.astype(int), axis=0).mean(axis=0)).sum() for one in weights]
    assert CALIBRATION_ERROR.value(gaps, weights) == pytest.approx(expected)


def test_it_is_biased_and_has_no_interval():
    rng, middles, too_high = np.random.default_rng(0), np.linspace(0.65, 0.95, 300), 0
    # Confidence c is right with chance c − 0.05, so the true error is 0.05.
    for _ in range(120):
        confidence = rng.choice(middles, 500)
        right = (rng.random(500) >= confidence - 0.05).astype(np.int64)
        records = CALIBRATION_ERROR.statistic.of(two_classes(confidence), right)
        values = partial(CALIBRATION_ERROR.value, CALIBRATION_ERROR.statistic.summable(records[None]))
        found = bootstrap(lambda weights, values=values: {"ece": values(weights)}, np.arange(500), resamples=300)
        too_high += found["ece"].replicates.mean() > found["ece"].value > 0.05
    assert CALIBRATION_ERROR.biased
    assert too_high >= 90
