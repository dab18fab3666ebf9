"""A task that shows its examples as rows of a table."""

from __future__ import annotations

import dataclasses

from maskwright.tasks.views import Answer, Shown
from tests.evaluate import made_up


def shown(examples, row, view, predictions) -> Shown:
    """A column for each cell."""
    batch = examples.batch([row])
    hidden = examples.hide(batch, view.masking, view.moment)
    pairs = zip(batch.inputs["values"][0].tolist(), hidden.inputs["values"][0].tolist(), strict=True)
    cells = tuple((f"cell {i}", f"{value:.2f}", seen != value) for i, (value, seen) in enumerate(pairs))
    answers = {who: Answer(f"{answer:.2f}") for who, answer in predictions.items()}
    return Shown(row=cells, answers=answers, hidden=sum(cell[2] for cell in cells), units=len(cells))


TASK = dataclasses.replace(made_up.TASK, name="tests.preview.table_task:TASK", shown=shown)
