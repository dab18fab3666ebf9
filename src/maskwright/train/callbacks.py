"""What happens between the steps of the Hugging Face loop: epochs, averages, evaluations, checkpoints, stops."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from transformers import TrainerCallback

from maskwright.config import TrainingConfig
from maskwright.train.ema import Ema
from maskwright.train.order import Order
from maskwright.train.selection import Selection

__all__ = ["Conductor", "Plan"]

VALIDATIONS = 10
"""Of a run on a stream, unless it says how often."""


@dataclass(frozen=True)
class Plan:
    """When what is due, counted in optimiser steps.

    Attributes:
        steps: in all.
        evaluate_every: validation, and always behind the last step.
        save_every: checkpoint, and always behind the last step.
    """

    steps: int
    evaluate_every: int
    save_every: int

    @classmethod
    def of(cls, config: TrainingConfig, steps_per_epoch: int | None) -> Plan:
        """Read a plan off the configuration; a stream, whose epochs have no known length, is validated ten times.

        >>> Plan.of(TrainingConfig(epochs=2.5), 10)
        Plan(steps=25, evaluate_every=10, save_every=10)
        """
        steps = config.max_steps or max(1, -int(-config.epochs * (steps_per_epoch or 1) // 1))
        evaluate_every = config.evaluate_every or steps_per_epoch or max(1, steps // VALIDATIONS)
        return cls(steps, evaluate_every, config.save_every or evaluate_every)

    def evaluates(self, step: int) -> bool:
        """Whether the model is validated behind this step."""
        return step % self.evaluate_every == 0 or step >= self.steps

    def saves(self, step: int) -> bool:
        """Whether a checkpoint is due behind this step."""
        return step % self.save_every == 0 or step >= self.steps


class Conductor(TrainerCallback):
    """Tells the loop what is due.

    Args:
        order: of the examples; told which epoch begins.
        plan: of evaluations and checkpoints.
        selection: of the best weights.
        patience: evaluations without improvement before training stops, None for never.
        ema: average to update, or None.
        stop_asked: whether any process was asked to stop.
    """

    def __init__(
        self,
        order: Order,
        plan: Plan,
        selection: Selection,
        patience: int | None,
        ema: Ema | None,
        stop_asked: Callable[[], bool],
    ):
        self.order, self.plan, self.selection = order, plan, selection
        self.patience, self.ema, self.stop_asked = patience, ema, stop_asked

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Number the epoch by the steps made, which is right after a resume too."""
        self.order.epoch = self.order.epoch_of(state.global_step)

    def on_step_end(self, args: Any, state: Any, control: Any, model: Any = None, **kwargs: Any) -> None:
        """Update the average, and decide what follows the step."""
        step = state.global_step
        if self.ema is not None:
            self.ema.update(model)
        control.should_evaluate = self.plan.evaluates(step)
        control.should_save = self.plan.saves(step)
        if step >= self.plan.steps:
            control.should_training_stop = True
        elif self.stop_asked():
            control.should_save = control.should_training_stop = True

    def on_evaluate(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Stop early where the validation score has stopped rising; the checkpoint comes first."""
        if self.selection.exhausted(self.patience):
            control.should_save = control.should_training_stop = True
