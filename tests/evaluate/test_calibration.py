import numpy as np
import pytest

from maskwright.evaluate.calibration import (
    BIASED,
    NUMBERS,
    Calibrations,
    calibration,
    expected_calibration_error,
)
from maskwright.evaluate.measure import estimate
from maskwright.evaluate.statistics import bootstrap
from maskwright.tasks.contract import Scores

MIDDLES = np.linspace(0.65, 0.95, 300)


def test_error_by_hand_over_two_bins():
    confidence = np.array([0.5, 0.6, 0.9, 0.8])
    right = np.array([0, 1, 1, 1])
    # bins {.5 .6}: accuracy .5, confidence .55; {.8 .9}: accuracy 1, confidence .85
    assert expected_calibration_error(confidence, right, bins=2) == pytest.approx((0.05 + 0.15) / 2)


def test_bins_hold_equally_many():
    rng = np.random.default_rng(0)
    confidence, right = rng.random(1500), rng.random(1500) < 0.5
    order = np.argsort(confidence)
    expected = np.mean([abs(right[part].mean() - confidence[part].mean()) for part in np.split(order, 15)])
    assert expected_calibration_error(confidence, right) == pytest.approx(expected)


def test_order_of_examples_does_not_matter_even_with_ties():
    rng = np.random.default_rng(1)
    confidence, right = rng.choice([0.5, 0.7, 0.9], 200), rng.random(200) < 0.6
    shuffle = rng.permutation(200)
    first = expected_calibration_error(confidence, right)
    assert first == pytest.approx(expected_calibration_error(confidence[shuffle], right[shuffle]))


def test_one_confidence_for_all_is_one_gap():
    assert expected_calibration_error(np.full(100, 0.9), np.arange(100) < 60) == pytest.approx(0.3)


def test_a_calibrated_model_has_little_error_and_an_overconfident_one_a_positive_sign():
    rng = np.random.default_rng(2)
    high = rng.uniform(0.5, 1.0, 20_000)
    labels = (rng.random(20_000) > high).astype(int)
    found = calibration(np.stack([high, 1 - high], axis=1), labels)
    assert found.ece < 0.015
    assert abs(found.overconfidence) < 0.01
    sure = calibration(np.tile([0.99, 0.01], (20_000, 1)), labels)
    assert sure.overconfidence == pytest.approx(0.99 - 0.75, abs=0.01)
    assert calibration(np.tile([0.51, 0.49], (20_000, 1)), labels).overconfidence < 0


def test_log_loss_and_brier_by_hand_over_draws():
    probabilities = np.array([[[0.8, 0.2], [0.4, 0.6]], [[0.5, 0.5], [0.9, 0.1]]])
    found = calibration(probabilities, np.array([0, 1]))
    assert found.nll == pytest.approx(-np.log([0.8, 0.6, 0.5, 0.1]).mean())
    assert found.brier == pytest.approx(np.mean([2 * 0.04, 2 * 0.16, 2 * 0.25, 2 * 0.81]))


def test_a_certain_error_is_a_finite_loss():
    assert np.isfinite(calibration(np.array([[1.0, 0.0]]), np.array([1])).nll)


def outcomes(seed, n=400, draws=3, skill=0.5):
    """Answers to three classes, and the labels; some confidences are tied."""
    rng = np.random.default_rng(seed)
    labels = np.random.default_rng(0).integers(0, 3, n)
    p = rng.random((draws, n, 3)) + skill * np.eye(3)[labels]
    p = np.round(p / p.sum(-1, keepdims=True), 2)
    return [Scores((one.argmax(-1) == labels).astype(np.float64), None, one) for one in p], labels


def test_values_of_conditions_are_those_of_the_whole_and_of_any_weights():
    draws, labels = outcomes(1)
    cases = {"clean": draws[:1], "masked": draws}
    found = Calibrations.of(cases, labels)
    assert found is not None
    at_one = found.values(np.ones((1, len(labels))))
    for case, some in cases.items():
        whole = calibration(np.stack([one.probabilities for one in some]), labels)
        for name in NUMBERS:
            assert at_one[name, case][0] == pytest.approx(getattr(whole, name))
    twice = np.zeros((1, len(labels)))
    twice[0, ::2] = 2
    half = calibration(np.stack([one.probabilities[::2] for one in draws]), labels[::2])
    for name in ("overconfidence", "nll", "brier"):
        assert found.values(twice)[name, "masked"][0] == pytest.approx(getattr(half, name))
    assert Calibrations.of(cases, None) is None
    assert Calibrations.of({"x": [Scores(np.ones(2))]}, labels) is None


def test_intervals_hold_the_truth_and_the_biased_error_has_none():
    rng, held = np.random.default_rng(0), dict.fromkeys(("brier", "percentiles"), 0)
    # Confidence c is right with chance c − 0.05, so the ECE is 0.05; a Brier score is 2 · (right: (1 − c)², wrong: c²).
    chance = MIDDLES - 0.05
    brier = np.mean(2 * (chance * (1 - MIDDLES) ** 2 + (1 - chance) * MIDDLES**2))
    for _ in range(120):
        confidence = rng.choice(MIDDLES, 500)
        labels = (rng.random(500) >= confidence - 0.05).astype(np.int64)
        answers = Scores(np.ones(500), None, np.stack([confidence, 1 - confidence], axis=1))
        cases = Calibrations.of({"": [answers]}, labels)
        found = bootstrap(cases.values, 500, resamples=300)
        one = estimate([found["brier", ""]], 0.9, biased="brier" in BIASED)
        held["brier"] += one["low"] <= brier <= one["high"]
        assert one["low"] <= one["value"] <= one["high"]
        wrong = estimate([found["ece", ""]], 0.9)
        held["percentiles"] += wrong["low"] <= 0.05 <= wrong["high"]
        none = estimate([found["ece", ""]], 0.9, biased="ece" in BIASED)
        assert none == {"value": wrong["value"], "low": None, "high": None}
    # 90 % of 120 are 108; the standard error is 3.3.
    assert 98 <= held["brier"] <= 118
    assert held["percentiles"] <= 20
