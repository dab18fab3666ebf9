import numpy as np
import pytest
from sklearn.metrics import f1_score

from maskwright.tasks.metrics.macro_f1 import MACRO_F1
from tests.tasks.metrics.resamples import check_resamples, logits_and_classes, value_of


def plain(said, true):
    return f1_score(true, said.argmax(1), average="macro", zero_division=0)


@pytest.mark.parametrize("n", [60, 9])
def test_it_is_scikit_learns_also_where_a_class_is_missing_from_a_resample(n):
    logits, right = logits_and_classes(n=n)
    check_resamples(MACRO_F1, logits, right, plain)


def test_classes_beyond_those_that_occur_do_not_count():
    logits = np.eye(5)[[0, 1, 1]]
    assert value_of(MACRO_F1, logits, [0, 1, 1]) == 1.0
    assert value_of(MACRO_F1, logits, [0, 1, 4]) == pytest.approx((1 + 2 / 3 + 0) / 3)


def test_chance_is_always_the_most_frequent_class():
    _, right = logits_and_classes()
    always = np.full(len(right), np.bincount(right).argmax())
    assert MACRO_F1.chance_of(right) == pytest.approx(f1_score(right, always, average="macro", zero_division=0))
