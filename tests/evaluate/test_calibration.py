import numpy as np
import pytest

from maskwright.evaluate.calibration import calibration, expected_calibration_error


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
