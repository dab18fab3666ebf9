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

POOL_CELLS = 2_000_000
"""Cells masked at a time, over all trials; bounds memory and is large enough to sort well by length."""

POOL_BYTES = 400_000_000
"""Inputs masked at a time, over all trials: a cell may be a token, or a patch of a clip."""


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
) -> Records:
    """Run the model over every example under every trial, and note what came of it.

    Memory is that of a batch, and of the few numbers per example and trial that statistics are.

    Args:
        model: of the task.
        examples: at least one.
        trials: at least one.
        request: what is asked.
        on_progress: called with the number of rows done, after every batch.

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
                    noted.add(trial, rows, predictions, examples.references(rows))
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

    def add(self, trial: np.ndarray, rows: np.ndarray, predictions: Sequence[Any], references: Sequence[Any]) -> None:
        for statistic in self.statistics:
            noted = statistic.of(predictions, references)
            if statistic.name not in self.records:
                self.records[statistic.name] = np.empty((*self.shape, *noted.shape[1:]), dtype=noted.dtype)
            self.records[statistic.name][trial, rows] = noted


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
    start, most = 0, _rows_by_bytes(examples, order[:1], len(trials))
    while start < len(order):
        longest = max(int(lengths[order[start]]), 1)
        rows = order[start : start + max(1, min(most, POOL_CELLS // (longest * len(trials))))]
        start += len(rows)
        batch = examples.batch(rows).to(machine.device)
        yield Pool(rows, [examples.hide(batch, one.masking, Moment.evaluation(one.draw)) for one in trials])


def hidden(examples: Examples, rows: np.ndarray, trial: Trial, device: torch.device) -> Hidden:
    """Some examples, hidden under one trial."""
    return examples.hide(examples.batch(rows).to(device), trial.masking, Moment.evaluation(trial.draw))


def _rows_by_bytes(examples: Examples, longest: np.ndarray, trials: int) -> int:
    """Examples of a pool by the size of the longest, which is read for it."""
    inputs = examples.batch(longest).inputs
    size = sum(value.nbytes for value in inputs.values() if isinstance(value, torch.Tensor))
    return max(1, POOL_BYTES // max(1, size * trials))
