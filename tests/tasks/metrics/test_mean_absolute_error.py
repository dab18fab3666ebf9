import numpy as np
import pytest
from sklearn.metrics import mean_absolute_error

from maskwright.tasks.metrics.mean_absolute_error import MEAN_ABSOLUTE_ERROR
from tests.tasks.metrics.resamples import check_resamples, numbers_said


def test_it_is_scikit_learns():
    said, true = numbers_said()
    check_resamples(MEAN_ABSOLUTE_ERROR, said, true, lambda answers, truth: mean_absolute_error(truth, answers))


def test_chance_is_the_median_and_negligible_a_share_of_it():
    _, true = numbers_said()
    always = mean_absolute_error(true, np.full(50, np.median(true)))
    assert MEAN_ABSOLUTE_ERROR.chance_of(true) == pytest.approx(always)
    assert MEAN_ABSOLUTE_ERROR.negligible_of(1000 * true) == pytest.approx(20 * always)
