import numpy as np
import pytest
from scipy.special import softmax
from sklearn.metrics import log_loss

from maskwright.tasks.metrics.log_loss import LOG_LOSS
from tests.tasks.metrics.resamples import check_resamples, logits_and_classes, value_of


def test_it_is_scikit_learns():
    logits, right = logits_and_classes()

    def plain(said, true):
        return log_loss(true, softmax(said.astype(np.float64), axis=1), labels=np.arange(4))

    check_resamples(LOG_LOSS, logits, right, plain)


def test_by_hand():
    logits = np.log([[0.8, 0.2], [0.4, 0.6], [0.5, 0.5], [0.9, 0.1]])
    assert value_of(LOG_LOSS, logits, [0, 1, 0, 1]) == pytest.approx(-np.log([0.8, 0.6, 0.5, 0.1]).mean())


def test_a_certain_error_is_a_finite_loss():
    assert value_of(LOG_LOSS, np.array([[1e4, 0.0]], dtype=np.float32), [1]) == pytest.approx(1e4)


def test_chance_is_the_entropy_of_the_classes():
    _, right = logits_and_classes()
    shares = np.bincount(right) / len(right)
    assert LOG_LOSS.chance_of(right) == pytest.approx(log_loss(right, np.tile(shares, (len(right), 1))))
