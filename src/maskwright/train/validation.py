"""Validation: the metrics of a model on the validation split, scored batch by batch, on any number of processes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from maskwright.errors import RunError
from maskwright.rng import Moment
from maskwright.tasks.contract import Task
from maskwright.tasks.examples import Examples, Hidden
from maskwright.tasks.metrics.metric import Metric, Statistic

__all__ = ["Validation"]

LOSS = "loss"

CHOICE_SEED = 0
"""Of the choice of examples that are answered, where not all are."""


@dataclass(frozen=True)
class Validation:
    """What is asked of a model on a split.

    Attributes:
        task: of the run.
        examples: of the split.
        metrics: what is measured, the headline first.
        masking: where what was hidden is what is learned; None asks about whole examples.
        settings: of `Task.predict`.
        batch_size: examples per forward pass.
        answered: examples that are answered, at most; 0 for all. The loss is that of all.
    """

    task: Task
    examples: Examples
    metrics: tuple[Metric, ...]
    masking: Any
    settings: Any
    batch_size: int
    answered: int = 0

    @property
    def statistics(self) -> list[Statistic]:
        """What is noted of every answer."""
        return list({metric.statistic.name: metric.statistic for metric in self.metrics}.values())

    def scores(self, model: Any, device: torch.device, *, rank: int = 0, ranks: int = 1, watch: Any = None) -> dict:
        """Name -> value of every metric, and the loss, the same on every process.

        Args:
            model: in evaluation mode, on the device.
            device: where it is.
            rank: this process.
            ranks: processes that share the work.
            watch: called with the number of examples done and of all that this process does.

        Raises:
            RunError: there are no examples.
        """
        n = len(self.examples)
        if not n:
            raise RunError("the validation split is empty.")
        chosen = self._chosen(n)
        # Sorted by length, so that batches hold little padding.
        order = np.argsort(-self.examples.lengths, kind="stable")
        asked = np.isin(order, chosen)
        batches = [(rows, True) for rows in self._batches(order[asked][rank::ranks])]
        batches += [(rows, False) for rows in self._batches(order[~asked][rank::ranks])]
        parts, total = [], sum(len(rows) for rows, _ in batches)
        for rows, answered in batches:
            parts.append(self._part(model, rows, device, answered=answered))
            if watch is not None:
                watch(sum(len(part.rows) for part in parts), total)
        everywhere = _gathered(parts, ranks)
        values = {metric.name: self._value(metric, everywhere, chosen) for metric in self.metrics}
        if LOSS not in values:
            values[LOSS] = sum(part.loss for part in everywhere) / max(1, sum(part.count for part in everywhere))
        return values

    def _chosen(self, n: int) -> np.ndarray:
        """The rows that are answered, in ascending order."""
        if not 0 < self.answered < n:
            return np.arange(n)
        return np.sort(np.random.default_rng(CHOICE_SEED).permutation(n)[: self.answered])

    def _batches(self, rows: np.ndarray) -> Iterator[np.ndarray]:
        for start in range(0, len(rows), self.batch_size):
            yield rows[start : start + self.batch_size]

    def _part(self, model: Any, rows: np.ndarray, device: torch.device, *, answered: bool) -> _Part:
        batch = self.examples.batch(rows).to(device)
        hidden = self.examples.hide(batch, self.masking, Moment.evaluation())
        with torch.no_grad():
            loss = self._loss(model, hidden)
            if not answered:
                return _Part(rows, {}, loss, hidden.count)
            predictions = self.task.predict(model, hidden, self.settings)
        references = self.examples.references(rows)
        records = {statistic.name: statistic.of(predictions, references) for statistic in self.statistics}
        return _Part(rows, records, loss, hidden.count)

    def _loss(self, model: Any, hidden: Hidden) -> float:
        """Of the task, where none of the metrics is the loss."""
        if any(metric.name == LOSS for metric in self.metrics):
            return 0.0
        return float(self.task.loss(model, hidden).sum)

    def _value(self, metric: Metric, parts: Sequence[_Part], chosen: np.ndarray) -> float:
        name, n = metric.statistic.name, len(chosen)
        tables = [(part.rows, part.records[name]) for part in parts if part.records]
        records = np.empty((n, *tables[0][1].shape[1:]), dtype=tables[0][1].dtype)
        for rows, table in tables:
            records[np.searchsorted(chosen, rows)] = table
        return float(metric.value(metric.statistic.summable(records[None]), np.ones((1, n)))[0])


@dataclass(frozen=True, eq=False)
class _Part:
    """What came of a batch: its rows, their records by statistic (none if only the loss was asked), its loss."""

    rows: np.ndarray
    records: dict[str, np.ndarray]
    loss: float
    count: float


def _gathered(parts: list[_Part], ranks: int) -> list[_Part]:
    """The parts of all processes, on every process; records are a few numbers per example."""
    if ranks == 1:
        return parts
    everywhere: list[Any] = [None] * ranks
    torch.distributed.all_gather_object(everywhere, parts)
    return [part for some in everywhere for part in some]
