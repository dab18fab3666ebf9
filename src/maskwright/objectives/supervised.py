"""Supervised learning: the user's labels are kept, whatever is hidden in the inputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from maskwright.objectives import Likelihood

if TYPE_CHECKING:
    import torch

    from maskwright.tasks.contract import Task
    from maskwright.tasks.examples import Hidden, Loss

__all__ = ["Supervised", "cross_entropy"]


@dataclass(frozen=True)
class Supervised:
    """Learn the labels, by the loss of the task.

    >>> Supervised().views
    1
    """

    views: ClassVar[int] = 1
    learns_hidden: ClassVar[bool] = False

    def loss(self, task: Task, model: Any, views: Sequence[Hidden]) -> Loss:
        """The task's own loss of the one view."""
        return task.loss(model, views[0])


def cross_entropy(likelihood: Likelihood) -> torch.Tensor:
    """The weighted cross-entropies of some predictions, added up in float32.

    A sum and not a mean: divided by the count of the whole optimiser step it gives the same gradient however the
    examples were spread over micro-batches and processes. A mean weighted within the micro-batch would depend on which
    examples met in it.

    >>> import torch
    >>> even = torch.zeros(2, 4)
    >>> round(cross_entropy(Likelihood(even, torch.tensor([0, 3]), torch.tensor([1.0, 0.0]))).item(), 4)
    1.3863
    """
    import torch

    losses = torch.nn.functional.cross_entropy(likelihood.logits.float(), likelihood.targets, reduction="none")
    return (losses * likelihood.weight).sum()
