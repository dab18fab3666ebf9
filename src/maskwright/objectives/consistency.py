"""Consistency: two masked views of an example are to give the same answer, and both the right one.

Source: Shen et al. 2020, A simple but tough-to-beat data augmentation approach (cutoff, arXiv:2009.13818), who compare
several views by their Jensen-Shannon divergence; Liang et al. 2021, R-Drop (arXiv:2106.14448), is the sibling in which
dropout makes the views.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from maskwright.errors import MaskingError
from maskwright.objectives.supervised import cross_entropy
from maskwright.strategy import check, number

if TYPE_CHECKING:
    import torch

    from maskwright.objectives import Likelihood
    from maskwright.tasks.contract import Task
    from maskwright.tasks.examples import Hidden, Loss

__all__ = ["Consistency", "jensen_shannon"]


@dataclass(frozen=True)
class Consistency:
    """The mean cross-entropy of two masked views, and their Jensen-Shannon divergence.

    When it helps: little data, and inputs of which any part may be missing; it costs two forward passes a step. When
    not: a masking that hides so much that the views have no common answer.

    Args:
        weight: of the divergence, against 1 for the cross-entropy.

    >>> Consistency(weight=0.5).views
    2
    """

    weight: float = number(1.0, 0.0, 100.0, "times the cross-entropy")
    views: ClassVar[int] = 2
    learns_hidden: ClassVar[bool] = False

    def __post_init__(self):
        check(self)

    def loss(self, task: Task, model: Any, views: Sequence[Hidden]) -> Loss:
        """Of two views whose predictions stand in the same order."""
        from maskwright.tasks.examples import Loss

        if task.likelihood is None:
            raise MaskingError(f"objective: {task.name} does not say how probable its answers are; use supervised.")
        one, other = (task.likelihood(model, view) for view in views)
        learnt = (cross_entropy(one) + cross_entropy(other)) / 2
        return Loss(learnt + self.weight * jensen_shannon(one, other), views[0].count)


def jensen_shannon(one: Likelihood, other: Likelihood) -> torch.Tensor:
    """The weighted Jensen-Shannon divergences of pairs of distributions, added up in float32, in nats.

    Args:
        one: of a view, [M, classes].
        other: of another view of the same predictions; its targets and weight are not looked at.

    >>> import torch
    >>> from maskwright.objectives import Likelihood
    >>> sure = [Likelihood(torch.tensor([x]), torch.tensor([0]), torch.ones(1)) for x in ([99.0, 0.0], [0.0, 99.0])]
    >>> round(jensen_shannon(*sure).item(), 4)
    0.6931
    """
    import torch

    logs = [view.logits.float().log_softmax(dim=-1) for view in (one, other)]
    # The log of the mean of two distributions, without leaving logarithms.
    middle = torch.logaddexp(*logs) - torch.log(torch.tensor(2.0))
    divergences = sum((log.exp() * (log - middle)).sum(dim=-1) for log in logs) / 2
    return (divergences * one.weight).sum()
