"""Masked forward passes: every example under every trial, in batches of equal cost.

Masks are a function of (evaluation seed, draw, example id), so two models given the same trials see the same masks
without anything being stored: differences between them are paired.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from maskwright.errors import RunError
from maskwright.rng import Moment
from maskwright.tasks.contract import Task
from maskwright.tasks.examples import Examples, Hidden
from maskwright.tasks.metrics.metric import Statistic

POOL_BATCHES = 32
"""Batches whose inputs are masked at a time, over all trials: enough to sort well by length, and memory stays that of
a batch however many trials and examples there are."""


@dataclass(frozen=True)
class Trial:
    """One pass over the examples: how they are masked (None: not at all) and which independent draw this is."""

    masking: Any = None
    draw: int = 0


@dataclass(frozen=True)
class Machine:
    """Where and how forward passes run.

    Attributes:
        device: a torch device.
        bf16: compute in bfloat16 where the model allows it.
        batch_cells: cells (see `Examples.lengths`) per forward pass, padding included.
    """

    device: torch.device
    bf16: bool
    batch_cells: int


@dataclass(frozen=True)
class Answered:
    """A batch of answers, before they are gone.

    Attributes:
        trials: [B] numbers of their trials.
        rows: [B] numbers of their examples.
        predictions: B of them.
        records: what was noted of them, by statistic.
    """

    trials: np.ndarray
    rows: np.ndarray
    predictions: Sequence[Any]
    records: Mapping[str, np.ndarray]


Sink = Callable[[Answered], None]
"""Takes what must not be lost."""


@dataclass(frozen=True)
class Request:
    """What is asked of models, and how.

    Attributes:
        task: knows how to ask and what to note.
        statistics: what is noted of every answer; the answers themselves are gone after their batch.
        settings: of `Task.predict`.
        machine: where and how.
    """

    task: Task
    statistics: Sequence[Statistic]
    settings: Any
    machine: Machine


@dataclass(frozen=True)
class Records:
    """What was noted of a model's answers.

    Attributes:
        by_statistic: name -> [trials, N, k] float64, or [trials, N] objects.
        hidden: [trials, N] float32, share of the units that was hidden in fact.
        work: cells that went through the model (see `Examples.work`).
        seconds: wall-clock time of the passes, reading and masking included.
    """

    by_statistic: Mapping[str, np.ndarray]
    hidden: np.ndarray
    work: int
    seconds: float


@dataclass(frozen=True)
class Pool:
    """Some examples, hidden under every trial, on the device.

    Attributes:
        rows: [B] numbers of the examples.
        parts: these examples, hidden in one way per trial.
    """

    rows: np.ndarray
    parts: list[Hidden]


def ask(
    model: torch.nn.Module,
    examples: Examples,
    trials: Sequence[Trial],
    request: Request,
    on_progress: Callable[[int], None] = lambda rows: None,
    sink: Sink | None = None,
) -> Records:
    """Run the model over every example under every trial, and note what came of it.

    Memory is that of a batch, and of the few numbers per example and trial that statistics are.

    Args:
        model: of the task.
        examples: at least one.
        trials: at least one.
        request: what is asked.
        on_progress: called with the number of rows done, after every batch.
        sink: takes the answers, batch by batch.

    Raises:
        RunError: if the device has too little memory for a batch.
    """
    started = time.perf_counter()
    machine, words = request.machine, request.task.words
    work, noted = 0, _Noted(request.statistics, (len(trials), len(examples)))
    model = model.to(machine.device).eval()
    try:
        with forward_mode(machine):
            for pool in pools(examples, trials, machine):
                for places, predictions in answers(model, examples, pool, request):
                    trial, row = np.divmod(places, len(pool.rows))
                    rows = pool.rows[row]
                    records = noted.add(trial, rows, predictions, examples.references(rows))
                    if sink is not None:
                        sink(Answered(trial, rows, predictions, records))
                    on_progress(len(places))
                noted.hidden[:, pool.rows] = torch.stack([part.share for part in pool.parts]).cpu().numpy()
                work += sum(examples.work(part.inputs) for part in pool.parts)
    except torch.OutOfMemoryError:
        raise RunError(
            f"{machine.device} ran out of memory on {words.examples} of {machine.batch_cells:,} {words.units} in a "
            "batch. Evaluate with a smaller evaluation.batch_size."
        ) from None
    return Records(noted.records, noted.hidden, work, time.perf_counter() - started)


def answers(
    model: torch.nn.Module, examples: Examples, pool: Pool, request: Request
) -> Iterator[tuple[np.ndarray, Sequence[Any]]]:
    """Batches of (places trial · B + example in the pool, predictions)."""
    for places, hidden in examples.joined(pool.parts, request.machine.batch_cells):
        yield places.cpu().numpy(), request.task.predict(model, hidden, request.settings)


def predictions_of(
    model: torch.nn.Module, examples: Examples, rows: Sequence[int], trial: Trial, request: Request
) -> dict[int, Any]:
    """What the model answers about a few examples, for people: row -> prediction."""
    model = model.to(request.machine.device).eval()
    chosen, found = np.asarray(rows), {}
    with forward_mode(request.machine):
        pool = Pool(chosen, [hidden(examples, chosen, trial, request.machine.device)])
        for places, predictions in answers(model, examples, pool, request):
            found |= {int(chosen[place]): predictions[i] for i, place in enumerate(places)}
    return found


class _Noted:
    """Tables of records, made when the first batch says how wide they are."""

    def __init__(self, statistics: Sequence[Statistic], shape: tuple[int, int]):
        self.statistics, self.shape = statistics, shape
        self.records: dict[str, np.ndarray] = {}
        self.hidden = np.empty(shape, dtype=np.float32)

    def add(
        self, trial: np.ndarray, rows: np.ndarray, predictions: Sequence[Any], references: Sequence[Any]
    ) -> dict[str, np.ndarray]:
        """Note a batch; return its records."""
        noted = {statistic.name: statistic.of(predictions, references) for statistic in self.statistics}
        for name, records in noted.items():
            if name not in self.records:
                self.records[name] = np.empty((*self.shape, *records.shape[1:]), dtype=records.dtype)
            self.records[name][trial, rows] = records
        return noted


def forward_mode(machine: Machine) -> ExitStack:
    """Context of every forward pass: no gradients, and bfloat16 where asked for."""
    stack = ExitStack()
    stack.enter_context(torch.inference_mode())
    if machine.bf16:
        stack.enter_context(torch.autocast(machine.device.type, dtype=torch.bfloat16))
    return stack


def pools(examples: Examples, trials: Sequence[Trial], machine: Machine) -> Iterator[Pool]:
    """Hide parts of examples of similar length under all trials at once, a bounded number of them at a time."""
    lengths = examples.lengths
    order = np.argsort(-lengths, kind="stable")
    cells, start = POOL_BATCHES * machine.batch_cells, 0
    while start < len(order):
        longest = max(int(lengths[order[start]]), 1)
        rows = order[start : start + max(1, cells // (longest * len(trials)))]
        start += len(rows)
        batch = examples.batch(rows).to(machine.device)
        yield Pool(rows, [examples.hide(batch, one.masking, Moment.evaluation(one.draw)) for one in trials])


def hidden(examples: Examples, rows: np.ndarray, trial: Trial, device: torch.device) -> Hidden:
    """Some examples, hidden under one trial."""
    return examples.hide(examples.batch(rows).to(device), trial.masking, Moment.evaluation(trial.draw))
