import numpy as np
import pytest
from sklearn.metrics import top_k_accuracy_score

from maskwright.tasks.metrics.top_5_accuracy import TOP_5_ACCURACY
from tests.tasks.metrics.resamples import check_resamples, logits_and_classes, value_of


def test_it_is_scikit_learns():
    logits, right = logits_and_classes(classes=9, skill=0.5, n=80)

    def plain(said, true):
        return top_k_accuracy_score(true, said, k=5, labels=np.arange(9))

    check_resamples(TOP_5_ACCURACY, logits, right, plain)


def test_with_up_to_five_classes_every_answer_is_among_them():
    logits, right = logits_and_classes(classes=5, skill=-3.0)
    assert value_of(TOP_5_ACCURACY, logits, right) == 1.0


def test_chance_is_the_five_most_frequent_classes():
    right = np.repeat(np.arange(7), [9, 8, 7, 6, 5, 4, 3])
    assert TOP_5_ACCURACY.chance_of(right) == pytest.approx(35 / 42)
    assert TOP_5_ACCURACY.counts
