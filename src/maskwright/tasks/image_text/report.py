"""What the report of a classifier of pictures with texts shows besides: what is left where one is missing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from maskwright.evaluate.estimates import Estimate
from maskwright.evaluate.samples import difference_of, share_of
from maskwright.rng import Moment
from maskwright.tasks.image_text.maskings import IMAGE, TEXT
from maskwright.tasks.metrics.accuracy import ACCURACY

__all__ = ["sections"]

CONDITIONS = (
    ("picture and text", None),
    ("picture alone, text hidden whole", TEXT),
    ("text alone, picture hidden whole", IMAGE),
)


def sections(material: Any, asked: Any) -> list[dict[str, Any]]:
    """Accuracy on whole examples and with one modality hidden whole; see `maskwright.tasks.contract.Task`."""
    settings, masking = material.config.evaluation, next(iter(asked.plan.maskings.values()))
    hits = {who: _hits(folder, material, masking, asked.machine) for who, folder in asked.folders.items()}
    rows = []
    for title, name in CONDITIONS:
        each = [one[name] > 0.5 for one in hits.values()]
        cells = [_written(share_of(one), settings.confidence) for one in each]
        if len(each) > 1:
            cells.append(_written(difference_of(each[0], each[1]), settings.confidence, signed=True))
        rows.append([title, *cells])
    head = ["what is there", *hits, *(["difference, points"] if len(hits) > 1 else [])]
    text = (
        f"Accuracy on the {len(material.test):,} test {material.task.words.examples} where only one of the two is "
        "there: what it is worth alone, and how much the model leans on the other. What is hidden gets the fill of the "
        f"run. Small below: {settings.confidence * 100:g}% intervals over examples. Of a text that is hidden whole "
        "special tokens stay, and so does its length unless tokens are dropped."
    )
    if len(hits) > 1:
        text += " The twin never met examples with parts hidden: some of what it loses is surprise."
    return [{"title": "Picture or text missing", "text": text, "tables": [{"title": "", "head": head, "rows": rows}]}]


def _hits(folder: Path, material: Any, masking: Any, machine: Any) -> dict[str | None, np.ndarray]:
    """[N] 1.0 where the answer is right, for every condition."""
    import torch

    task, examples = material.task, material.test
    model, settings = task.restore(folder).model.to(machine.device).eval(), task.settings(material.config, None)
    right: dict[str | None, list[np.ndarray]] = {name: [] for _, name in CONDITIONS}
    step = max(1, machine.batch_cells // max(1, int(examples.lengths.max())))
    for start in range(0, len(examples), step):
        rows = range(start, min(start + step, len(examples)))
        batch, references = examples.batch(rows).to(machine.device), examples.references(rows)
        for name, hits in right.items():
            moment = Moment.evaluation()
            whole = examples.hide(batch, None, moment)
            hidden = whole if name is None else examples.without(batch, name, masking, moment)
            with torch.inference_mode(), torch.autocast(machine.device.type, torch.bfloat16, enabled=machine.bf16):
                hits.append(ACCURACY.statistic.of(task.predict(model, hidden, settings), references)[:, 0])
    return {name: np.concatenate(hits) for name, hits in right.items()}


def _written(estimate: Estimate, confidence: float, *, signed: bool = False) -> str:
    """A share or a difference of two, and on a line of its own its interval."""
    numbers = [estimate.value, *estimate.bounds(confidence)]
    value, low, high = (f"{100 * one:{'+' if signed else ''}.1f}" for one in numbers)
    written = f"{value}\n{low} to {high}" if signed else f"{value}%\n{low} – {high}"
    return written.replace("-", "−")
