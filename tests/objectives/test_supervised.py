import dataclasses

import pytest
import torch

from maskwright.objectives import Likelihood
from maskwright.objectives.supervised import Supervised, cross_entropy
from tests.evaluate import made_up

LOGITS = torch.randn(9, 5, generator=torch.Generator().manual_seed(0))
TARGETS = torch.arange(9) % 5
WEIGHT = torch.tensor([1.0, 0.0, 2.0, 1.0, 0.5, 1.0, 1.0, 0.0, 3.0])


def test_it_is_torchs_times_the_weights_added_up():
    expected = torch.nn.functional.cross_entropy(LOGITS, TARGETS, reduction="none") @ WEIGHT
    assert cross_entropy(Likelihood(LOGITS, TARGETS, WEIGHT)).item() == pytest.approx(expected.item())


def test_parts_add_up_to_the_whole():
    whole = cross_entropy(Likelihood(LOGITS, TARGETS, WEIGHT))
    parts = [
        cross_entropy(Likelihood(LOGITS[some], TARGETS[some], WEIGHT[some])) for some in (slice(0, 2), slice(2, 9))
    ]
    assert sum(parts).item() == pytest.approx(whole.item())


def test_what_has_no_target_counts_for_nothing():
    targets = TARGETS.clone()
    targets[[0, 4]] = -100
    kept = WEIGHT.clone()
    kept[[0, 4]] = 0
    found = cross_entropy(Likelihood(LOGITS, targets, WEIGHT))
    assert found.item() == pytest.approx(cross_entropy(Likelihood(LOGITS, TARGETS, kept)).item())


def test_half_precision_is_added_up_in_float32():
    found = cross_entropy(Likelihood(LOGITS.bfloat16(), TARGETS, WEIGHT))
    assert found.dtype == torch.float32


def test_the_loss_is_the_tasks_own_of_the_one_view():
    asked = []
    task = dataclasses.replace(made_up.TASK, loss=lambda model, hidden: asked.append((model, hidden)) or "loss")
    assert Supervised().loss(task, "model", ["view"]) == "loss"
    assert asked == [("model", "view")]
