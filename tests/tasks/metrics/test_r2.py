import numpy as np
import pytest
from sklearn.metrics import r2_score

from maskwright.tasks.metrics.r2 import R2
from tests.tasks.metrics.resamples import check_resamples, numbers_said, value_of


def test_it_is_scikit_learns():
    said, true = numbers_said()
    check_resamples(R2, said, true, lambda answers, truth: r2_score(truth, answers))


def test_the_mean_explains_nothing_and_worse_is_below():
    _, true = numbers_said()
    assert value_of(R2, np.full(50, true.mean()), true) == pytest.approx(0.0, abs=1e-9)
    assert value_of(R2, true, true) == 1.0
    assert value_of(R2, 2 * true, true) < 0


def test_it_is_undefined_where_the_truth_does_not_vary():
    assert np.isnan(value_of(R2, [1.0, 2.0], [5.0, 5.0]))
    records = R2.statistic.of([1.0, 2.0], [5.0, 6.0])
    assert np.isnan(R2.each(R2.statistic.summable(records[None]))).all()


def test_two_points_of_it_are_negligible_though_it_is_no_share():
    assert (R2.unit, R2.chance_of([1.0]), R2.negligible_of([1.0])) == ("", 0.0, 0.02)
