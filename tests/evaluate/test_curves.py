import numpy as np
import pytest

from maskwright.evaluate.curves import auc_mask, chance_corrected, relative_robustness, rho50

RATIOS = np.array([0.0, 0.1, 0.5, 0.9])


def test_area_is_numpys_trapezoid_over_the_largest_ratio():
    accuracy = np.random.default_rng(0).random((5, 4))
    assert auc_mask(RATIOS, accuracy) == pytest.approx(np.trapezoid(accuracy, RATIOS, axis=-1) / 0.9)


def test_area_of_a_flat_curve_is_its_height():
    assert auc_mask(RATIOS, np.full(4, 0.7)) == pytest.approx(0.7)


def test_chance_correction_fixes_guessing_at_zero_and_perfection_at_one():
    assert chance_corrected(np.array([0.4, 1.0, 0.7]), 0.4) == pytest.approx([0.0, 1.0, 0.5])
    assert np.isnan(chance_corrected(np.array(1.0), 1.0))


def test_chance_correction_of_an_error_has_its_best_at_zero():
    assert chance_corrected(np.array([2.0, 0.0, 0.5]), 2.0, best=0.0) == pytest.approx([0.0, 1.0, 0.75])
    assert np.isnan(chance_corrected(np.array(20.0), 10.0, best=float("nan")))


def test_a_curve_may_begin_later_or_be_one_point():
    assert auc_mask(np.array([0.5, 0.9]), np.array([1.0, 0.5])) == pytest.approx(0.75)
    assert auc_mask(np.array([0.5]), np.array([[0.3]])) == pytest.approx([0.3])


def test_relative_robustness_by_hand():
    found = relative_robustness(np.array([[0.9, 0.7, 0.5]]), np.array([0.9]), 0.5)
    assert found[0] == pytest.approx([1.0, 0.5, 0.0])
    assert np.isnan(relative_robustness(np.array([[0.5]]), np.array([0.5]), 0.5)).all()


def test_rho50_interpolates_between_measured_ratios():
    # half of the advantage over .2 is left at .6: between .5 (.7) and .9 (.5), in the middle
    assert rho50(RATIOS, np.array([1.0, 0.9, 0.7, 0.5]), 0.2) == pytest.approx(0.7)


def test_rho50_takes_the_last_crossing():
    assert rho50(RATIOS, np.array([1.0, 0.5, 0.7, 0.5]), 0.2) == pytest.approx(0.7)


def test_rho50_of_a_curve_that_never_falls_is_the_largest_ratio():
    assert rho50(RATIOS, np.array([1.0, 1.0, 1.0, 0.9]), 0.2) == 0.9


def test_rho50_of_a_model_at_chance_is_undefined():
    assert np.isnan(rho50(RATIOS, np.array([0.2, 0.2, 0.2, 0.2]), 0.2))


def test_rho50_of_many_curves_at_once():
    curves = np.random.default_rng(1).random((50, 4)) + 0.3
    together = rho50(RATIOS, curves, 0.1)
    assert together == pytest.approx([float(rho50(RATIOS, curve, 0.1)) for curve in curves])
