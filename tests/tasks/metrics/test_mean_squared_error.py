import numpy as np
import pytest
from sklearn.metrics import mean_squared_error

from maskwright.tasks.metrics.mean_squared_error import MEAN_SQUARED_ERROR
from tests.tasks.metrics.resamples import check_resamples, numbers_said


def test_it_is_scikit_learns():
    said, true = numbers_said()
    check_resamples(MEAN_SQUARED_ERROR, said, true, lambda answers, truth: mean_squared_error(truth, answers))


def test_chance_is_the_variance():
    _, true = numbers_said()
    always = mean_squared_error(true, np.full(50, true.mean()))
    assert MEAN_SQUARED_ERROR.chance_of(true) == pytest.approx(always)
