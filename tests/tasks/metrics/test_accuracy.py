import numpy as np
import pytest
from sklearn.metrics import accuracy_score

from maskwright.tasks.metrics.accuracy import ACCURACY
from tests.tasks.metrics.resamples import check_resamples, logits_and_classes


def test_it_is_scikit_learns():
    logits, right = logits_and_classes()
    check_resamples(ACCURACY, logits, right, lambda said, true: accuracy_score(true, said.argmax(1)))


def test_chance_is_the_most_frequent_class():
    _, right = logits_and_classes()
    always = np.full(len(right), np.bincount(right).argmax())
    assert ACCURACY.chance_of(right) == pytest.approx(accuracy_score(right, always))


def test_examples_are_right_or_wrong():
    assert ACCURACY.counts
    assert ACCURACY.statistic.of(np.eye(2), [0, 0]).tolist() == [[1.0], [0.0]]
