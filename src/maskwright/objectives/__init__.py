"""Objectives: what is learned. One file per objective; its name is the name in a configuration.

An objective is a strategy (see `maskwright.strategy`) with a method and two facts:

- `loss(task, model, views) -> Loss`: the loss of a micro-batch, from `views`, the same examples hidden in one or more
  ways.
- `views`: how many ways of hiding it compares.
- `learns_hidden`: what was hidden is what is learned, so that validation hides too, and nothing is learned without a
  masking.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from maskwright import strategy
from maskwright.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    import torch

    from maskwright.tasks.contract import Task
    from maskwright.tasks.examples import Hidden, Loss

__all__ = ["Likelihood", "Objective", "name_of", "names", "read"]


@dataclass(frozen=True, eq=False)
class Likelihood:
    """What a model says of the classes or tokens that it was to predict.

    Attributes:
        logits: [M, classes], a row per prediction.
        targets: [M] int64.
        weight: [M] float32, what each prediction counts; 0 where there was nothing to predict.
    """

    logits: torch.Tensor
    targets: torch.Tensor
    weight: torch.Tensor


class Objective(Protocol):
    """The shape of an objective."""

    views: int
    learns_hidden: bool

    def loss(self, task: Task, model: Any, views: Sequence[Hidden]) -> Loss:
        """The loss of a batch that was hidden in `views` ways."""
        ...


def names() -> tuple[str, ...]:
    """The names of all objectives."""
    return strategy.names(__name__)


def name_of(objective: Objective) -> str:
    """The name of an objective in a configuration.

    >>> name_of(read("translation", ("supervised",), None))
    'supervised'
    """
    node = strategy.to_node(objective)
    return node if isinstance(node, str) else next(iter(node))


def read(task: str, allowed: Sequence[str], node: Any) -> Any:
    """An objective from its YAML node.

    Args:
        task: name of the task, for messages.
        allowed: names of those that it can learn; the first is the default.
        node: a name, {name: parameters}, an objective, or None for the default.

    Raises:
        ConfigError: unknown, or one that the task cannot learn.

    >>> read("translation", ("supervised", "consistency"), {"consistency": {"weight": 2.0}}).views
    2
    """
    if node is None:
        node = allowed[0]
    if isinstance(node, str) and node not in names():
        raise ConfigError(f"objective: there is no objective '{node}'. {did_you_mean(node, allowed)}")
    objective = strategy.from_node(__name__, node) if isinstance(node, str | dict) else node
    if name_of(objective) not in allowed:
        raise ConfigError(f"objective: {task} learns {' or '.join(allowed)}, given {name_of(objective)!r}.")
    return objective
