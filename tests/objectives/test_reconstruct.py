import dataclasses

import pytest
import torch

from maskwright.objectives.reconstruct import (
    FLOOR,
    Reconstruct,
    errors,
    explained,
    squared_errors,
    visible_mean,
)
from tests.evaluate import made_up

HIDDEN = torch.tensor([[True, False, True], [False, False, False], [True, True, True]])


def pictures(seed: int) -> torch.Tensor:
    """[3 examples, 3 patches, 4 values]: two pixels of two channels in a patch."""
    return torch.randn(3, 3, 4, generator=torch.Generator().manual_seed(seed))


def test_errors_are_means_over_hidden_patches():
    said, true = pictures(0), pictures(1)
    apart = (said - true).square().mean(2)
    expected = [(apart[0, 0] + apart[0, 2]) / 2, torch.tensor(0.0), apart[2].mean()]
    assert errors(said, true, HIDDEN).tolist() == pytest.approx([one.item() for one in expected])


def test_every_picture_counts_alike_however_much_of_it_is_hidden():
    said, true, weight = pictures(0), pictures(1), torch.tensor([1.0, 1.0, 0.5])
    expected = (errors(said, true, HIDDEN) * weight).sum()
    assert squared_errors(said, true, HIDDEN, weight).item() == pytest.approx(expected.item())


def test_what_is_visible_is_not_looked_at():
    said, true = pictures(0).requires_grad_(), pictures(1)
    true[~HIDDEN] = torch.nan
    total = squared_errors(said, true, HIDDEN, torch.ones(3))
    total.backward()
    assert torch.isfinite(total)
    assert torch.isfinite(said.grad).all()
    assert (said.grad[~HIDDEN] == 0).all()


def test_the_true_picture_explains_everything_and_its_mean_nothing():
    true, everything = pictures(1), torch.ones(3, 3, dtype=torch.bool)
    assert explained(true, true, everything, 2).tolist() == pytest.approx([1.0] * 3)
    colour = true.flatten(1).unflatten(1, (-1, 2)).mean(1)
    flat = colour[:, None].expand(3, 6, 2).reshape(3, 3, 4)
    assert explained(flat, true, everything, 2).tolist() == pytest.approx([0.0] * 3, abs=1e-6)
    assert explained(100 * true, true, everything, 2).tolist() == [FLOOR] * 3


def test_the_mean_of_what_is_visible_is_by_channel():
    true = pictures(1)
    found = visible_mean(true, HIDDEN, 2)
    seen = true[0, 1].unflatten(0, (-1, 2)).mean(0)
    torch.testing.assert_close(found[0].reshape(6, 2), seen.expand(6, 2))
    assert found[2].abs().max() == 0, "where nothing is visible"


def test_the_loss_is_the_tasks_own_of_the_one_view():
    task = dataclasses.replace(made_up.TASK, loss=lambda model, hidden: (model, hidden))
    assert Reconstruct().loss(task, "model", ["view"]) == ("model", "view")
    assert Reconstruct().learns_hidden
