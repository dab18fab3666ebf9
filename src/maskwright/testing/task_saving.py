"""Checks of what a task leaves in the model folder of a run: that evaluation can read it, and says so where it cannot.

The folder is written as the end of training writes it (`maskwright.train.finish`) and read as evaluation reads it.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np

from maskwright.errors import RunError
from maskwright.rng import Moment
from maskwright.tasks.contract import Built
from maskwright.testing.finding import Check, Measurement, SubjectError, verdict
from maskwright.testing.tasks import TaskSubject

__all__ = ["SAVING_CHECKS"]


def _restored(subject: TaskSubject) -> Measurement:
    built, folder = subject.built, subject.folder / "model"
    _save(built, folder)
    again = subject.task.restore(folder)
    again.model.eval()
    rows, hidden = np.asarray(subject.rows), subject.examples.hide(subject.batch(), None, Moment())
    one, other = (subject.records(subject.predictions(hidden, model), rows) for model in (built.model, again.model))
    apart = [
        name
        for name, table in one.items()
        if table.dtype != object and not np.allclose(table, other[name], atol=1e-4, equal_nan=True)
    ]
    fine = not apart and subject.task.same_reader(built.reader, again.reader)
    return f"answers apart: {apart or 'none'}", verdict(fine), {}


def _damaged(subject: TaskSubject) -> Measurement:
    folder, empty, cut = (subject.folder / name for name in ("whole", "empty", "cut"))
    _save(subject.built, folder)
    empty.mkdir(parents=True, exist_ok=True)
    shutil.copytree(folder, cut, dirs_exist_ok=True)
    largest = max((path for path in cut.rglob("*") if path.is_file()), key=lambda path: path.stat().st_size)
    content = largest.read_bytes()
    largest.write_bytes(content[: len(content) // 2])
    states = {"an empty folder": empty, f"half of {largest.name}": cut}
    outcomes = {state: _outcome(subject, place) for state, place in states.items()}
    measured = "; ".join(f"{state}: {outcome}" for state, outcome in outcomes.items())
    return measured, verdict(set(outcomes.values()) == {"RunError"}), {}


def _outcome(subject: TaskSubject, folder: Path) -> str:
    """What reading a folder ends in."""
    try:
        subject.task.restore(folder)
    except RunError:
        return "RunError"
    except Exception as error:  # whatever a reader of files raises
        return f"{type(error).__name__}: {error}"
    return "a model"


def _save(built: Built, folder: Path) -> None:
    """Write the model and its reader, in the order in which training does.

    Raises:
        SubjectError: one of them cannot be saved.
    """
    for what, one in (("model", built.model), ("reader", built.reader)):
        if not callable(getattr(one, "save_pretrained", None)):
            raise SubjectError(
                f"the {what} ({type(one).__name__}) has no save_pretrained(folder), which is to write what "
                "Task.restore reads; see docs/add-a-task.md"
            )
        one.save_pretrained(folder)


SAVING_CHECKS = (
    Check("restored", "the saved model answers as the one that was saved", _restored),
    Check("damaged", "RunError for a model folder that is empty or cut short", _damaged),
)
