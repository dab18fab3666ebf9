"""Masked forward passes: every example under every trial, in batches of equal cost.

Masks are a function of (evaluation seed, draw, example id), so two models given the same trials see the same masks
without anything being stored: differences between them are paired.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
import torch

from maskwright.errors import RunError
from maskwright.masking import Masking
from maskwright.tasks.contract import EVALUATION_SEED, Examples, plain_inputs

POOL_CELLS = 2_000_000
"""Cells masked at a time, over all trials; bounds memory and is large enough to sort well by length."""

POOL_BYTES = 400_000_000
"""Inputs masked at a time, over all trials: a cell may be a token, or a patch of a clip."""


@dataclass(frozen=True)
class Trial:
    """One pass over the examples: how they are masked (None: not at all) and which independent draw this is."""

    masking: Masking | None = None
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
class Predictions:
    """What a model answered.

    Attributes:
        answers: [trials, N, ...] float32, as the task's `answer` gives them.
        hidden: [trials, N] float32, share of the units that was hidden in fact.
        work: cells that went through the model (see `Examples.work`).
        seconds: wall-clock time of the passes, reading and masking included.
    """

    answers: np.ndarray
    hidden: np.ndarray
    work: int
    seconds: float


@dataclass(frozen=True)
class Pool:
    """Some examples, hidden under every trial, on the device.

    Attributes:
        rows: [B] numbers of the examples.
        parts: inputs of these examples, one mapping per trial.
        hidden: [trials, B] share of each example's units.
    """

    rows: np.ndarray
    parts: list[dict[str, Any]]
    hidden: np.ndarray


def predict(
    model: torch.nn.Module,
    examples: Examples,
    trials: Sequence[Trial],
    *,
    task: ModuleType,
    machine: Machine,
    on_progress: Callable[[int], None] = lambda rows: None,
) -> Predictions:
    """Run the model over every example under every trial.

    Args:
        model: of the task.
        examples: at least one.
        trials: at least one.
        task: the task's module, which knows how to ask.
        machine: where and how.
        on_progress: called with the number of rows done, after every batch.

    Raises:
        RunError: if the device has too little memory for a batch.
    """
    started = time.perf_counter()
    work, answers = 0, np.empty(0, dtype=np.float32)
    hidden = np.empty((len(trials), len(examples)), dtype=np.float32)
    model = model.to(machine.device).eval()
    try:
        with forward_mode(machine):
            for pool in pools(examples, trials, machine):
                places, found = _asked(task, model, examples, pool, machine.batch_cells, on_progress)
                if not answers.size:
                    answers = np.empty((*hidden.shape, *found.shape[1:]), dtype=np.float32)
                trial, row = np.divmod(places, len(pool.rows))
                answers[trial, pool.rows[row]] = found
                hidden[:, pool.rows] = pool.hidden
                work += sum(examples.work(part) for part in pool.parts)
    except torch.OutOfMemoryError:
        raise RunError(
            f"{machine.device} ran out of memory on {task.NOUN} of {machine.batch_cells:,} {task.UNIT} in a batch. "
            "Evaluate with a smaller evaluation.batch_size."
        ) from None
    return Predictions(answers, hidden, work, time.perf_counter() - started)


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
        batch = examples.batch(rows)
        ids = batch["example_id"].to(machine.device)
        inputs = {name: _on(machine.device, value) for name, value in plain_inputs(batch).items()}
        tried = [examples.hide(inputs, t.masking, ids, seed=EVALUATION_SEED, epoch=t.draw) for t in trials]
        shares = torch.stack([one.share for one in tried]).cpu().numpy()
        yield Pool(rows, [one.inputs for one in tried], shares)


def _asked(
    task: ModuleType,
    model: torch.nn.Module,
    examples: Examples,
    pool: Pool,
    cells: int,
    on_progress: Callable[[int], None],
) -> tuple[np.ndarray, np.ndarray]:
    """Places (trial · B + example) and answers of a pool; they leave the device together, not batch by batch."""
    places, found = [], []
    for some, inputs in examples.joined(pool.parts, cells):
        places.append(some)
        found.append(task.answer(model, inputs).float())
        on_progress(len(some))
    return torch.cat(places).cpu().numpy(), torch.cat(found).cpu().numpy()


def _rows_by_bytes(examples: Examples, longest: np.ndarray, trials: int) -> int:
    """Examples of a pool by the size of the longest, which is read for it."""
    sizes = _bytes(plain_inputs(examples.batch(longest)))
    return max(1, POOL_BYTES // max(1, sizes * trials))


def _bytes(inputs: Mapping[str, Any]) -> int:
    return sum(value.nbytes for value in inputs.values() if isinstance(value, torch.Tensor))


def _on(device: torch.device, value: Any) -> Any:
    return value.to(device) if isinstance(value, torch.Tensor) else value
