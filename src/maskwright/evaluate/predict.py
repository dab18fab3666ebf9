"""Masked forward passes: every example under every trial, sorted by length, in batches of equal cost.

Masks are a function of (evaluation seed, draw, example id), so two models given the same trials see the same masks
without anything being stored: differences between them are paired.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from maskwright.errors import RunError
from maskwright.masking import Masking
from maskwright.tasks.encoded import Encoded
from maskwright.units.vocabulary import Vocabulary

EVALUATION_SEED = 271_828_182
"""Fixed and apart from every training seed, so that no model is evaluated under masks it was trained with."""

POOL_CELLS = 2_000_000
"""Token cells masked at a time, over all trials; bounds memory and is large enough to sort well by length."""

Tensors = dict[str, torch.Tensor]


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
        batch_tokens: token cells per forward pass, padding included.
    """

    device: torch.device
    bf16: bool
    batch_tokens: int


@dataclass(frozen=True)
class Predictions:
    """What a model answered.

    Attributes:
        probabilities: [trials, N, classes] float32.
        hidden: [trials, N] float32, share of the units that was hidden in fact.
        tokens: tokens that went through the model, padding excluded.
        seconds: wall-clock time of the passes, masking included.
    """

    probabilities: np.ndarray
    hidden: np.ndarray
    tokens: int
    seconds: float


@dataclass(frozen=True)
class Pool:
    """Masked rows of several trials, longest first, on the device.

    Attributes:
        inputs: name -> [R, L].
        rows: [R] trial · N + example, on the device.
        lengths: [R] tokens in each row, on the host.
        hidden: [R] realised share, on the device.
    """

    inputs: Tensors
    rows: torch.Tensor
    lengths: np.ndarray
    hidden: torch.Tensor


def predict(
    model: torch.nn.Module,
    examples: Encoded,
    trials: Sequence[Trial],
    *,
    vocabulary: Vocabulary,
    machine: Machine,
    on_progress: Callable[[int], None] = lambda rows: None,
) -> Predictions:
    """Run the model over every example under every trial.

    Args:
        model: takes the examples' inputs by name and returns an object with `logits` [B, classes].
        examples: at least one.
        trials: at least one.
        vocabulary: facts about the tokenizer's ids.
        machine: where and how.
        on_progress: called with the number of rows done, after every batch.

    Raises:
        RunError: if the device has too little memory for a batch.
    """
    started = time.perf_counter()
    tokens = 0
    answers: list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]] = []
    model = model.to(machine.device).eval()
    with forward_mode(machine):
        for pool in pools(examples, trials, vocabulary=vocabulary, machine=machine):
            tokens += int(pool.lengths.sum())
            logits = []
            for batch in batches(pool, machine.batch_tokens):
                logits.append(_logits(model, batch, machine))
                on_progress(len(logits[-1]))
            answers.append((pool.rows, torch.softmax(torch.cat(logits).float(), dim=-1), pool.hidden))
    rows, probabilities, hidden = (torch.cat(parts).cpu() for parts in zip(*answers, strict=True))
    order = torch.argsort(rows)
    shape = (len(trials), len(examples))
    return Predictions(
        probabilities=probabilities[order].reshape(*shape, -1).numpy(),
        hidden=hidden[order].reshape(shape).numpy(),
        tokens=tokens,
        seconds=time.perf_counter() - started,
    )


def forward_mode(machine: Machine) -> Any:
    """Context of every forward pass: no gradients, and bfloat16 where asked for."""
    from contextlib import ExitStack

    stack = ExitStack()
    stack.enter_context(torch.inference_mode())
    if machine.bf16:
        stack.enter_context(torch.autocast(machine.device.type, dtype=torch.bfloat16))
    return stack


def pools(examples: Encoded, trials: Sequence[Trial], *, vocabulary: Vocabulary, machine: Machine) -> Iterator[Pool]:
    """Mask examples of similar length under all trials at once, and sort what results by length.

    Where tokens are dropped, rows of one example end up of very different lengths; sorting over trials as well as
    examples is what turns fewer tokens into less time.
    """
    lengths = examples.lengths
    order = np.argsort(-lengths, kind="stable")
    start = 0
    while start < len(order):
        longest = max(int(lengths[order[start]]), 1)
        chosen = order[start : start + max(1, POOL_CELLS // (longest * len(trials)))]
        start += len(chosen)
        batch = examples.batch(chosen)
        names = ("attention_mask", *examples.inputs)
        plain = {name: batch[name].to(machine.device) for name in names}
        ids = batch["example_id"].to(machine.device)
        parts = [_masked(plain, ids, trial, vocabulary) for trial in trials]
        example = torch.from_numpy(chosen).to(machine.device)
        rows = torch.cat([example + trial * len(examples) for trial in range(len(trials))])
        yield _sorted_pool(parts, rows, examples.pad_id)


def batches(pool: Pool, batch_tokens: int) -> Iterator[Tensors]:
    """Cut a pool into batches of at most `batch_tokens` cells (at least one row), each padded to its longest row."""
    start = 0
    while start < len(pool.lengths):
        longest = max(int(pool.lengths[start]), 1)
        stop = start + max(1, batch_tokens // longest)
        yield {name: values[start:stop, :longest] for name, values in pool.inputs.items()}
        start = stop


def _masked(
    plain: Tensors, example_ids: torch.Tensor, trial: Trial, vocabulary: Vocabulary
) -> tuple[Tensors, torch.Tensor]:
    """The rows under one trial, and the share of each that is hidden."""
    if trial.masking is None:
        return plain, torch.zeros(len(example_ids), device=example_ids.device)
    corrupted = trial.masking(
        plain, vocabulary=vocabulary, example_ids=example_ids, seed=EVALUATION_SEED, epoch=trial.draw
    )
    return corrupted.inputs, torch.as_tensor(corrupted.ratio).to(torch.float32)


def _sorted_pool(parts: Sequence[tuple[Tensors, torch.Tensor]], rows: torch.Tensor, pad_id: int) -> Pool:
    widest = max(inputs["input_ids"].shape[1] for inputs, _ in parts)

    def stacked(name: str) -> torch.Tensor:
        filler = pad_id if name == "input_ids" else 0
        tables = [inputs[name] for inputs, _ in parts]
        return torch.cat(
            [torch.nn.functional.pad(table, (0, widest - table.shape[1]), value=filler) for table in tables]
        )

    inputs = {name: stacked(name) for name in parts[0][0]}
    lengths = inputs["attention_mask"].sum(dim=1)
    order = torch.argsort(lengths, descending=True, stable=True)
    return Pool(
        inputs={name: values[order] for name, values in inputs.items()},
        rows=rows[order],
        lengths=lengths[order].cpu().numpy(),
        hidden=torch.cat([hidden for _, hidden in parts])[order],
    )


def _logits(model: torch.nn.Module, batch: Tensors, machine: Machine) -> torch.Tensor:
    try:
        return model(**batch).logits
    except torch.OutOfMemoryError:
        rows, longest = batch["input_ids"].shape
        raise RunError(
            f"{machine.device} ran out of memory on a batch of {rows} texts of {longest} tokens. "
            "Evaluate with a smaller evaluation.batch_size."
        ) from None
