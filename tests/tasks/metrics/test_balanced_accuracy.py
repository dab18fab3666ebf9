import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score

from maskwright.tasks.metrics.balanced_accuracy import BALANCED_ACCURACY
from tests.tasks.metrics.resamples import check_resamples, logits_and_classes, value_of


@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true")
def test_it_is_scikit_learns():
    logits, right = logits_and_classes()
    check_resamples(BALANCED_ACCURACY, logits, right, lambda said, true: balanced_accuracy_score(true, said.argmax(1)))


def test_a_rare_class_counts_as_much_as_a_frequent_one():
    said = np.eye(2)[[0] * 9 + [0]]
    assert value_of(BALANCED_ACCURACY, said, [0] * 9 + [1]) == 0.5


def test_chance_is_one_class_of_all():
    _, right = logits_and_classes()
    assert BALANCED_ACCURACY.chance_of(right) == pytest.approx(balanced_accuracy_score(right, np.zeros(len(right))))
