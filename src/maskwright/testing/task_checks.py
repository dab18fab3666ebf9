"""Checks of a task: whether it keeps the contract that trainer, evaluator and report rely on.

    from maskwright.testing import check_task

    def test_my_task(tmp_path):
        check_task("my_module:TASK", {"model": "scratch:tiny", "data": {...}, "masking": "automask"}, tmp_path)

Each check looks at a `TaskSubject` and fails where the contract is broken; docs/add-a-task.md says what a task is.
"""

from __future__ import annotations

import copy
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from maskwright.rng import Moment
from maskwright.tasks.contract import Task
from maskwright.tasks.examples import FILLER
from maskwright.tasks.views import Shown, View
from maskwright.testing.finding import NOT_APPLICABLE, Check, Finding, Measurement, verdict
from maskwright.testing.task_hiding import TASK_HIDING_CHECKS
from maskwright.testing.task_saving import SAVING_CHECKS
from maskwright.testing.tasks import TaskSubject

__all__ = ["TASK_CHECKS", "check_task"]

CLOSE = 1e-4
"""Relative difference of numbers that went through a model in batches of other sizes."""


def _declared(subject: TaskSubject) -> Measurement:
    task, name = subject.task, subject.config.task
    names = [metric.name for metric in task.metrics]
    wrong = [f"two metrics are called {name}" for name in sorted(set(names)) if names.count(name) > 1]
    wrong += [f"words.{word} is empty" for word in ("examples", "units", "input") if not getattr(task.words, word)]
    wrong += [] if task.name == name else [f"its name is '{task.name}', but a configuration gives '{name}'"]
    wrong += _unpicklable(task)
    return (
        f"{len(names)} metrics; wrong: {'; '.join(wrong) or 'nothing'}",
        verdict(bool(names) and not wrong),
        {"wrong": wrong},
    )


def _unpicklable(task: Task) -> list[str]:
    """Why a task cannot go to another process; empty if it can."""
    try:
        pickle.loads(pickle.dumps(task))
    except Exception as error:  # pickle raises PicklingError, AttributeError, TypeError, and what __reduce__ raises
        return [f"it does not pickle: {error}; define classes and functions at the top of the module"]
    return []


def _ids(subject: TaskSubject) -> Measurement:
    examples = subject.examples
    ids, lengths = np.asarray(examples.example_ids), np.asarray(examples.lengths)
    sizes = {len(examples), len(ids), len(lengths)}
    classes = examples.classes
    sizes |= set() if classes is None else {len(classes)}
    fine = len(sizes) == 1 and ids.dtype.kind == "i" and len(set(ids.tolist())) == len(ids) and lengths.min() >= 1
    return f"{len(examples)} examples, {len(set(ids.tolist()))} ids, shortest {lengths.min()}", verdict(fine), {}


def _fillers(subject: TaskSubject) -> Measurement:
    rows = subject.rows
    plain, filled = subject.hidden(rows), subject.hidden([*rows, FILLER])
    one, other = subject.loss(plain), subject.loss(filled)
    same = plain.count == filled.count and _close(float(one.sum), float(other.sum))
    measured = f"count {plain.count} and {filled.count}, loss {float(one.sum):.6g} and {float(other.sum):.6g}"
    return measured, verdict(same), {}


def _whole(subject: TaskSubject) -> Measurement:
    batch = subject.batch()
    hidden = subject.examples.hide(batch, None, Moment())
    changed = [name for name, value in hidden.inputs.items() if not _same(value, batch.inputs.get(name))]
    fine = not changed and not bool(hidden.share.any())
    return f"changed: {changed or 'nothing'}, share {float(hidden.share.max()):.3f}", verdict(fine), {}


def _in_place(subject: TaskSubject) -> Measurement:
    batch = subject.batch()
    before = copy.deepcopy((dict(batch.inputs), dict(batch.labels)))
    subject.examples.hide(batch, subject.config.masking, Moment())
    written = [
        name
        for old, new in zip(before, (batch.inputs, batch.labels), strict=True)
        for name in old
        if not _same(old[name], new.get(name))
    ]
    return f"written to: {written or 'nothing'}", verdict(not written), {"written": written}


def _repeats(subject: TaskSubject) -> Measurement:
    one, other = subject.hidden(), subject.hidden()
    unlike = [name for name in one.inputs if not _same(one.inputs[name], other.inputs[name])]
    shares = [float(subject.hidden(moment=Moment(1, epoch)).share.sum()) for epoch in range(4)]
    moved = not all(_same(one.inputs[name], subject.hidden(moment=Moment(1, 1)).inputs[name]) for name in one.inputs)
    measured = f"unlike: {unlike or 'nothing'}; hidden in four epochs: {', '.join(f'{s:.2f}' for s in shares)}"
    return measured, verdict(not unlike and (moved or not any(shares))), {}


def _alone(subject: TaskSubject) -> Measurement:
    together, rows = subject.hidden(), subject.rows
    alone = [subject.hidden([row]) for row in rows]
    shares = np.array([float(one.share[0]) for one in alone])
    losses = sum(float(subject.loss(one).sum) for one in alone)
    whole = float(subject.loss(together).sum)
    fine = np.allclose(shares, together.share.numpy(), atol=1e-6) and _close(losses, whole)
    return f"loss {whole:.6g} together, {losses:.6g} one by one", verdict(fine), {"together": whole, "alone": losses}


def _split(subject: TaskSubject) -> Measurement:
    """The gradient of a step is that of its parts, divided by the count of all."""
    rows = subject.rows
    halves = [rows[: len(rows) // 2], rows[len(rows) // 2 :]]
    whole = _gradient(subject, [rows])
    parts = _gradient(subject, halves)
    apart = abs(whole - parts) / max(abs(whole), 1e-12)
    measured = f"gradient norm {whole:.8g} in one part, {parts:.8g} in two"
    return measured, verdict(apart < CLOSE), {"whole": whole, "parts": parts}


def _counts(subject: TaskSubject) -> Measurement:
    hidden = subject.hidden()
    loss = subject.loss(hidden)
    finite = bool(np.isfinite(float(loss.sum)))
    return (
        f"count {loss.count} of {hidden.count}, sum {float(loss.sum):.6g}",
        verdict(loss.count == hidden.count and hidden.count > 0 and finite),
        {},
    )


def _predicts(subject: TaskSubject) -> Measurement:
    rows = np.asarray(subject.rows)
    records = subject.records(subject.predictions(subject.hidden()), rows)
    shapes = {name: table.shape for name, table in records.items()}
    fine = all(shape[0] == len(rows) for shape in shapes.values())
    return ", ".join(f"{name} {shape}" for name, shape in shapes.items()), verdict(fine), {}


def _joined(subject: TaskSubject) -> Measurement:
    """Asked in batches cut by length, under several masks at once, the answers are those of every way alone."""
    rows = np.asarray(subject.rows)
    batch = subject.batch()
    ways = [subject.examples.hide(batch, masking, Moment.evaluation()) for masking in (None, subject.config.masking)]
    cells = 2 * int(np.asarray(subject.examples.lengths).max())
    seen: list[int] = []
    apart = 0.0
    expected = [subject.records(subject.predictions(way), rows) for way in ways]
    for places, some in subject.examples.joined(ways, cells):
        way, row = np.divmod(places.numpy(), len(rows))
        seen += places.tolist()
        for name, table in subject.records(subject.predictions(some), rows[row]).items():
            if table.dtype != object:
                wanted = np.array([expected[w][name][r] for w, r in zip(way, row, strict=True)])
                apart = max(apart, float(np.abs(np.nan_to_num(table) - np.nan_to_num(wanted)).max()))
    once = sorted(seen) == list(range(len(ways) * len(rows)))
    return f"every place once: {once}; records apart by {apart:.2g}", verdict(once and apart < 1e-2), {"apart": apart}


def _resamples(subject: TaskSubject) -> Measurement:
    """A metric on weights is the metric on examples that are repeated so often."""
    rows = np.asarray(subject.rows)
    records = subject.records(subject.predictions(subject.hidden()), rows)
    weights = np.arange(len(rows)) % 3
    repeated = np.repeat(np.arange(len(rows)), weights)
    unlike = []
    for metric in subject.task.metrics:
        table, statistic = records[metric.statistic.name], metric.statistic
        weighted = metric.value(statistic.summable(table[None]), weights[None].astype(np.float64))[0]
        again = statistic.summable(table[repeated][None])
        plain = metric.value(again, np.ones((1, len(repeated))))[0]
        if not np.isclose(weighted, plain, rtol=1e-6, atol=1e-9, equal_nan=True):
            unlike.append(f"{metric.name} {weighted:.6g} and {plain:.6g}")
    return f"unlike: {unlike or 'nothing'}", verdict(not unlike), {}


def _shown(subject: TaskSubject) -> Measurement:
    row, labels = subject.rows[0], subject.data.labels
    predictions = {"model": subject.predictions(subject.hidden([row]))[0]}
    view = View(subject.built.reader, subject.config.masking, Moment(), labels)
    masked = subject.task.shown(subject.examples, row, view, predictions)
    whole = subject.task.shown(subject.examples, row, View(subject.built.reader, None, Moment(), labels), {})
    seen = [one for one in (masked, whole) if isinstance(one, Shown) and (one.pieces or one.pictures or one.row)]
    fine = len(seen) == 2 and "model" in masked.answers and 0 <= masked.hidden <= masked.units
    return f"{masked.hidden} of {masked.units} units hidden, answers of {list(masked.answers)}", verdict(fine), {}


def _worded(subject: TaskSubject) -> Measurement:
    """Every column of the answers in words has an entry for each of them."""
    if subject.task.worded is None:
        return "the task has no words for its answers", NOT_APPLICABLE, {}
    rows, predictions = np.asarray(subject.rows), subject.predictions(subject.hidden())
    words = vars(subject.task.worded(subject.examples, rows, predictions, subject.data.labels))
    counts = {name: len(column) for name, column in words.items() if column is not None}
    return f"entries for {len(rows)} answers: {counts}", verdict(set(counts.values()) == {len(rows)}), {}


def _likely(subject: TaskSubject) -> Measurement:
    if subject.task.likelihood is None:
        return "the task says nothing of probabilities", NOT_APPLICABLE, {}
    from maskwright.objectives.supervised import cross_entropy

    hidden = subject.hidden()
    entropy = float(cross_entropy(subject.task.likelihood(subject.built.model, hidden)).detach())
    loss = float(subject.loss(hidden).sum)
    return f"loss {loss:.6g}, cross-entropy {entropy:.6g}", verdict(_close(entropy, loss)), {}


def _gradient(subject: TaskSubject, parts: list[list[int]]) -> float:
    """The norm of the gradient of a step in parts, as the trainer adds it up."""
    import torch

    model = subject.built.model
    views = [subject.hidden(rows) for rows in parts]
    count = sum(view.count for view in views)
    model.zero_grad()
    for view in views:
        (subject.task.loss(model, view).sum / count).backward()
    norms = [parameter.grad.norm() for parameter in model.parameters() if parameter.grad is not None]
    model.zero_grad()
    return float(torch.stack(norms).norm())


def _same(one: Any, other: Any) -> bool:
    import torch

    if isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor):
        return one.shape == other.shape and bool(torch.equal(one, other))
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_same(value, other[key]) for key, value in one.items())
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    return one is other or bool(one == other)


def _close(one: float, other: float) -> bool:
    return abs(one - other) <= CLOSE * max(abs(one), abs(other), 1e-6)


TASK_CHECKS = (
    Check(
        "declaration",
        "its own name, metrics with names of their own, words for people, a value that pickles",
        _declared,
    ),
    Check("ids", "one whole number for each example, none twice, and lengths of 1 or more", _ids),
    Check("whole", "without a masking, the inputs as they are", _whole),
    Check("in_place", "the batch given is left as it was", _in_place),
    Check("repeats", "the same masks at the same moment, others in other epochs", _repeats),
    Check("alone", "an example is hidden alike alone and among others, and padding changes no loss", _alone),
    Check("fillers", "fillers count nothing", _fillers),
    Check("counts", "a loss with the count of what was hidden", _counts),
    Check("split", "the same gradient however a step is split", _split),
    Check("likelihood", "the loss is the cross-entropy of what the task finds probable", _likely),
    Check("predictions", "a record for every example and statistic", _predicts),
    Check("joined", "every way of hiding asked once, with the same answers", _joined),
    Check("resamples", "a metric is a formula of sums", _resamples),
    Check("shown", "an example that people can see, hidden and whole, with its answers", _shown),
    Check("worded", "answers in words, one for each", _worded),
    *TASK_HIDING_CHECKS,
    *SAVING_CHECKS,
)


def check_task(name: str, node: Mapping[str, Any], folder: str | Path, *, but: tuple[str, ...] = ()) -> list[Finding]:
    """Put a task through every check of the contract.

    Args:
        name: of a task of the library, or `module:TASK`.
        node: keys of a run configuration: `model`, `data`, `masking` and so on, with data of some dozens of examples.
        folder: empty, where the model is saved.
        but: names of checks to leave out.

    Raises:
        ConformanceError: at the first check that fails.
        ConfigError: the configuration does not fit the task.
    """
    subject = TaskSubject.of(name, node, Path(folder))
    return [check(subject) for check in TASK_CHECKS if check.name not in but]
