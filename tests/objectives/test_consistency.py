import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from scipy.spatial.distance import jensenshannon

from maskwright.errors import MaskingError
from maskwright.objectives import Likelihood
from maskwright.objectives.consistency import Consistency, jensen_shannon
from maskwright.objectives.supervised import cross_entropy
from tests.evaluate import made_up

TARGETS = torch.arange(7) % 4
WEIGHT = torch.tensor([1.0, 0.0, 2.0, 1.0, 0.5, 1.0, 3.0])


def said(seed: int, scale: float = 2.0) -> Likelihood:
    logits = scale * torch.randn(7, 4, generator=torch.Generator().manual_seed(seed))
    return Likelihood(logits, TARGETS, WEIGHT)


def test_the_divergence_is_scipys_squared_distance():
    one, other = said(0), said(1)
    p, q = (view.logits.double().softmax(-1).numpy() for view in (one, other))
    expected = np.array([jensenshannon(a, b) ** 2 for a, b in zip(p, q, strict=True)]) @ WEIGHT.numpy()
    assert jensen_shannon(one, other).item() == pytest.approx(expected, rel=1e-5)
    assert jensen_shannon(other, one).item() == pytest.approx(expected, rel=1e-5)


def test_views_that_agree_are_not_apart_and_opposite_ones_by_log_2_each():
    assert jensen_shannon(said(0), said(0)).item() == pytest.approx(0.0, abs=1e-6)
    sure = torch.full((7, 4), -1e4)
    one, other = sure.clone(), sure.clone()
    one[:, 0] = other[:, 1] = 1e4
    found = jensen_shannon(Likelihood(one, TARGETS, WEIGHT), Likelihood(other, TARGETS, WEIGHT))
    assert found.item() == pytest.approx(np.log(2) * WEIGHT.sum().item())


def test_gradients_are_finite_where_the_views_are_sure():
    logits = (1e4 * torch.eye(4)[[0, 1, 2, 3, 0, 1, 2]]).requires_grad_()
    jensen_shannon(Likelihood(logits, TARGETS, WEIGHT), said(3)).backward()
    assert torch.isfinite(logits.grad).all()


def test_half_precision_is_compared_in_float32():
    one, other = (Likelihood(view.logits.bfloat16(), TARGETS, WEIGHT) for view in (said(0), said(1)))
    assert jensen_shannon(one, other).dtype == torch.float32


@pytest.mark.parametrize("weight", [0.0, 1.0, 3.0])
def test_the_loss_is_the_mean_of_two_cross_entropies_and_the_divergence(weight):
    views = [SimpleNamespace(seen=said(seed), count=6) for seed in (0, 1)]
    task = dataclasses.replace(made_up.TASK, likelihood=lambda model, hidden: hidden.seen)
    loss = Consistency(weight).loss(task, None, views)
    one, other = (view.seen for view in views)
    expected = (cross_entropy(one) + cross_entropy(other)) / 2 + weight * jensen_shannon(one, other)
    assert loss.sum.item() == pytest.approx(expected.item())
    assert loss.count == 6


def test_a_task_that_says_nothing_of_probabilities_cannot_learn_it():
    with pytest.raises(MaskingError, match="does not say how probable its answers are; use supervised"):
        Consistency().loss(made_up.TASK, None, [None, None])
