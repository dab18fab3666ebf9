"""Reconstruction: pictures are completed, and only what was hidden is scored.

Source: He et al. 2021 (MAE, arXiv:2111.06377), who found the squared error on hidden patches alone to serve best.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    import torch

    from maskwright.tasks.contract import Task
    from maskwright.tasks.examples import Hidden, Loss

__all__ = ["Reconstruct", "errors", "explained", "squared_errors", "visible_mean"]

FLOOR = -1.0
"""Least that a picture counts: of one that is nearly one colour, any error is a multiple of its variance."""

FLAT = 1e-6
"""Variance below which a picture counts as one colour."""


@dataclass(frozen=True)
class Reconstruct:
    """Learn what was hidden, by the loss of the task.

    >>> Reconstruct().learns_hidden
    True
    """

    views: ClassVar[int] = 1
    learns_hidden: ClassVar[bool] = True

    def loss(self, task: Task, model: Any, views: Sequence[Hidden]) -> Loss:
        """The task's own loss of the one view."""
        return task.loss(model, views[0])


def errors(predicted: torch.Tensor, target: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
    """[B] float32, the squared error of each example, mean over its hidden patches; 0 where nothing is hidden.

    Args:
        predicted: [B, patches, values].
        target: the same of the true picture; what it holds outside the hidden patches is not looked at, even NaN.
        hidden: [B, patches] bool, True = hidden.

    >>> import torch
    >>> errors(torch.zeros(1, 2, 3), torch.tensor([[[2.0] * 3, [torch.nan] * 3]]), torch.tensor([[True, False]]))
    tensor([4.])
    """
    return _difference(predicted, target, hidden).square().mean(2).sum(1) / hidden.sum(1).clamp(min=1)


def squared_errors(
    predicted: torch.Tensor, target: torch.Tensor, hidden: torch.Tensor, weight: torch.Tensor
) -> torch.Tensor:
    """The weighted errors of some examples, added up in float32.

    A sum and not a mean, see `maskwright.objectives.supervised`. Every example counts alike, however much of it is
    hidden: a mean over all hidden patches of a micro-batch would depend on which examples met in it.

    Args:
        predicted: see `errors`.
        target: see `errors`.
        hidden: see `errors`.
        weight: [B] what each example counts; 0 for a filler.

    >>> import torch
    >>> shape = torch.zeros(2, 1, 1)
    >>> squared_errors(shape, shape + 3, torch.ones(2, 1) > 0, torch.tensor([1.0, 0.0]))
    tensor(9.)
    """
    return (errors(predicted, target, hidden) * weight).sum()


def explained(predicted: torch.Tensor, target: torch.Tensor, hidden: torch.Tensor, channels: int) -> torch.Tensor:
    """[B] float32, share of each picture's variance that the completed picture explains.

    The completed picture has the true values where they are visible and the predicted ones where they are not. Its
    squared error is divided by the squared distance of the true picture from its own mean (of each channel), and taken
    from 1. So it is 1 where nothing is hidden, and 0 for a picture of the mean colour in place of everything. No
    picture counts less than -1.

    Args:
        predicted: see `errors`.
        target: of every patch, hidden or not.
        hidden: see `errors`.
        channels: numbers of a pixel, which stand next to each other in a patch.

    >>> import torch
    >>> truth = torch.tensor([[[0.0], [4.0]]])
    >>> explained(truth + 1, truth, torch.tensor([[True, False]]), channels=1)
    tensor([0.8750])
    """
    lost = _difference(predicted, target, hidden).square().sum((1, 2))
    pixels = target.float().flatten(1).unflatten(1, (-1, channels))
    whole = (pixels - pixels.mean(1, keepdim=True)).square().sum((1, 2))
    return (1 - lost / whole.clamp(min=FLAT * pixels[0].numel())).clamp(min=FLOOR)


def visible_mean(target: torch.Tensor, hidden: torch.Tensor, channels: int) -> torch.Tensor:
    """[B, patches, values] the plainest prediction: the mean of what is visible, by channel.

    Args:
        target: see `errors`.
        hidden: see `errors`.
        channels: see `explained`.

    >>> import torch
    >>> visible_mean(torch.tensor([[[7.0], [2.0], [4.0]]]), torch.tensor([[True, False, False]]), 1).flatten()
    tensor([3., 3., 3.])
    """
    import torch

    pixels = torch.where(hidden[..., None], 0, target.float()).unflatten(2, (-1, channels))
    seen = (~hidden).sum(1).clamp(min=1) * pixels.shape[2]
    mean = pixels.sum((1, 2)) / seen[:, None]
    return mean[:, None, None].expand(pixels.shape).flatten(2)


def _difference(predicted: torch.Tensor, target: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
    import torch

    # Chosen before it is squared: the square's gradient at a NaN that does not count would be NaN.
    return torch.where(hidden[..., None], predicted.float() - target.float(), 0)
