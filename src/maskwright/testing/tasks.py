"""A task under test with a small run: its data, its model, its examples, each made when a check first asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from maskwright import tasks
from maskwright.config import RunConfig
from maskwright.errors import ConfigError
from maskwright.rng import Moment
from maskwright.tasks.contract import Built, Task
from maskwright.tasks.examples import Batch, Examples, Hidden, Loss

if TYPE_CHECKING:
    from maskwright.data.checked import CheckedData

__all__ = ["TaskSubject"]

ROWS = 6
"""Examples that checks look at."""


@dataclass(frozen=True, eq=False)
class TaskSubject:
    """A task with a small run: data, a model and a masking, each made when it is first asked for.

    Attributes:
        task: under test.
        config: of a run of it, with a masking.
        folder: empty, where the model is saved.
    """

    task: Task
    config: RunConfig
    folder: Path

    @classmethod
    def of(cls, name: str, node: Mapping[str, Any], folder: Path) -> TaskSubject:
        """From the name of a task and a configuration.

        Raises:
            ConfigError: the configuration does not fit the task, or hides nothing.
        """
        config = tasks.parse_config({"task": name, **node})
        if config.masking is None:
            raise ConfigError("masking: the checks of a task need one; try automask.")
        return cls(tasks.get(name), config, folder)

    @cached_property
    def data(self) -> CheckedData:
        """The checked splits."""
        return self.task.load(self.config.data)

    @cached_property
    def built(self) -> Built:
        """The model, in evaluation mode, so that it answers alike every time."""
        built = self.task.build(self.config, self.data)
        built.model.eval()
        return built

    @cached_property
    def examples(self) -> Examples:
        """The training split."""
        return self.task.encode(self.data.train, self.built.reader, self.config, data=self.data)

    @property
    def rows(self) -> list[int]:
        """The first few examples, of different lengths where there are any."""
        order = np.argsort(np.asarray(self.examples.lengths), kind="stable")
        return sorted({int(row) for row in order[:: max(1, len(order) // ROWS)][:ROWS]})

    @property
    def settings(self) -> Any:
        """Of `Task.predict`."""
        return self.task.settings(self.config, self.built.reader)

    def batch(self, rows: list[int] | None = None) -> Batch:
        """Some examples, whole."""
        return self.examples.batch(self.rows if rows is None else rows)

    def hidden(self, rows: list[int] | None = None, moment: Moment | None = None) -> Hidden:
        """The same, hidden as training hides them."""
        when = Moment(self.config.training.seed) if moment is None else moment
        return self.examples.hide(self.batch(rows), self.config.masking, when)

    def loss(self, hidden: Hidden) -> Loss:
        """Of the task, without a gradient."""
        import torch

        with torch.no_grad():
            return self.task.loss(self.built.model, hidden)

    def predictions(self, hidden: Hidden, model: Any = None) -> Any:
        """What the model answers."""
        import torch

        with torch.no_grad():
            return self.task.predict(self.built.model if model is None else model, hidden, self.settings)

    def records(self, predictions: Any, rows: Any) -> dict[str, np.ndarray]:
        """What is noted of answers about some rows, by statistic."""
        references = self.examples.references(rows)
        metrics = (*self.task.metrics, *self.task.calibration)
        statistics = {metric.statistic.name: metric.statistic for metric in metrics}
        return {name: statistic.of(predictions, references) for name, statistic in statistics.items()}
