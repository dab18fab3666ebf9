import numpy as np
import pytest
from scipy.special import softmax

from maskwright.tasks.metrics.overconfidence import OVERCONFIDENCE
from tests.tasks.metrics.resamples import check_resamples, logits_and_classes, value_of


def test_it_is_the_mean_confidence_above_accuracy():
    logits, right = logits_and_classes()

    def plain(said, true):
        p = softmax(said.astype(np.float64), axis=1)
        return (p.max(axis=1) - (p.argmax(axis=1) == true)).mean()

    check_resamples(OVERCONFIDENCE, logits, right, plain)


def test_its_sign_says_who_claims_too_much():
    rng = np.random.default_rng(2)
    high = rng.uniform(0.5, 1.0, 20_000)
    right = (rng.random(20_000) > high).astype(int)

    def of(confidence):
        return value_of(OVERCONFIDENCE, np.log(np.stack([confidence, 1 - confidence], axis=1)), right)

    assert abs(of(high)) < 0.01
    assert of(np.full(20_000, 0.99)) == pytest.approx(0.99 - 0.75, abs=0.01)
    assert of(np.full(20_000, 0.51)) < 0
