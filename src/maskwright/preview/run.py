"""What training will hide of the first examples of a run, in an epoch."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from maskwright.config import RunConfig
from maskwright.rng import Moment
from maskwright.tasks.contract import Task
from maskwright.tasks.views import View

if TYPE_CHECKING:
    from maskwright.data.checked import CheckedData


def preview_run(task: Task, config: RunConfig, data: CheckedData, n: int, epoch: int) -> dict[str, Any]:
    """Show what is hidden, under the masks that training will draw.

    Args:
        task: of the run.
        config: of the run; it has a masking.
        data: of the run.
        n: examples at most.
        epoch: of the masks.

    Returns:
        `hidden` and `units` in all, `unit` where the task has a word of its own, and `examples`: `example_id`, `label`,
        `hidden_units`, `units`, and what of `pieces` of text, `row` [column, value, hidden] and `pictures` (title,
        uint8 array) the task shows, and `reference`, the right answer in pieces, where it has some.
    """
    reader = task.reader(config, data)
    examples = task.encode(data.train.select(range(min(n, len(data.train)))), reader, config, data=data)
    moment = Moment(config.training.seed, epoch, min(1.0, epoch / _epochs(config, len(data.train))))
    masked, whole = (View(reader, masking, moment, data.labels) for masking in (config.masking, None))
    shown = [task.shown(examples, row, masked, {}) for row in range(len(examples))]
    listed = []
    for row, seen in enumerate(shown):
        entry: dict[str, Any] = {
            "example_id": int(examples.example_ids[row]),
            "label": "" if seen.reference_pieces else seen.reference or "",
            "hidden_units": seen.hidden,
            "units": seen.units,
        }
        if seen.pieces:
            entry["pieces"] = [asdict(piece) for piece in seen.pieces]
        if seen.row:
            entry["row"] = [list(cell) for cell in seen.row]
        if seen.reference_pieces:
            entry["reference"] = [asdict(piece) for piece in seen.reference_pieces]
        if seen.pictures:
            before = task.shown(examples, row, whole, {}).pictures
            pairs = [("original", picture) for _, picture in before]
            entry["pictures"] = [*pairs, *(("as the model sees it", picture) for _, picture in seen.pictures)]
        if seen.parts:
            entry["parts"] = [list(part) for part in seen.parts]
        listed.append(entry)
    totals = {"hidden": sum(seen.hidden for seen in shown), "units": sum(seen.units for seen in shown)}
    named = {"unit": shown[0].unit} if shown and shown[0].unit else {}
    return {**totals, **named, "examples": listed}


def _epochs(config: RunConfig, rows: int) -> float:
    """How often training sees every row."""
    training = config.training
    if training.max_steps is None:
        return training.epochs
    in_a_step = training.batch_size * training.gradient_accumulation * (training.world_size or 1)
    return training.max_steps / -(-rows // in_a_step)
