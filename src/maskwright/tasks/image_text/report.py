"""What the report of a classifier of pictures with texts shows besides: what is left where one is missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from maskwright.tasks.contract import EVALUATION_SEED, plain_inputs
from maskwright.tasks.image_text.maskings import IMAGE, TEXT

__all__ = ["sections"]

CONDITIONS = (
    ("picture and text", None),
    ("picture alone, text hidden whole", TEXT),
    ("text alone, picture hidden whole", IMAGE),
)
RESAMPLING_SEED = 0


def sections(material: Any, asked: Any, labels: Sequence[str]) -> list[dict[str, Any]]:
    """Accuracy on whole examples and with one modality hidden whole; see `maskwright.tasks`."""
    del labels
    settings, masking = material.config.evaluation, next(iter(asked.plan.maskings.values()))
    hits = {who: _hits(folder, material, masking, asked.machine) for who, folder in asked.folders.items()}
    n = len(material.test)
    rng = np.random.default_rng(RESAMPLING_SEED)
    weights = rng.multinomial(n, np.full(n, 1 / n), size=settings.bootstrap) / n
    rows = []
    for title, name in CONDITIONS:
        found = [one[name] for one in hits.values()]
        cells = [_told(one, weights, settings.confidence) for one in found]
        if len(found) > 1:
            cells.append(_told(found[0] - found[1], weights, settings.confidence, signed=True))
        rows.append([title, *cells])
    head = ["what is there", *hits, *(["difference, points"] if len(hits) > 1 else [])]
    text = (
        f"Accuracy on the {n:,} test {material.task.NOUN} where only one of the two is there: what it is worth alone, "
        "and how much the model leans on the other. What is hidden gets the fill of the run. Small below: "
        f"{settings.confidence:.0%} intervals (bootstrap over examples, paired). Of a text that is hidden whole "
        "special tokens stay, and so does its length unless tokens are dropped."
    )
    if len(hits) > 1:
        text += " The twin never met examples with parts hidden: some of what it loses is surprise."
    return [{"title": "Picture or text missing", "text": text, "tables": [{"title": "", "head": head, "rows": rows}]}]


def _hits(folder: Any, material: Any, masking: Any, machine: Any) -> dict[str | None, np.ndarray]:
    """[N] 1.0 where the answer is right, for every condition."""
    import torch

    task, examples = material.task, material.test
    model = task.load_trained(folder)[0].to(machine.device).eval()
    right: dict[str | None, list[np.ndarray]] = {name: [] for _, name in CONDITIONS}
    step = max(1, machine.batch_cells // max(1, int(examples.lengths.max())))
    for start in range(0, len(examples), step):
        rows = range(start, min(start + step, len(examples)))
        batch = {name: value.to(machine.device) for name, value in examples.batch(rows).items()}
        inputs, ids = plain_inputs(batch), batch["example_id"]
        for name, found in right.items():
            given = inputs if name is None else examples.without(inputs, name, masking, ids, seed=EVALUATION_SEED)
            with torch.inference_mode(), torch.autocast(machine.device.type, torch.bfloat16, enabled=machine.bf16):
                found.append(task.answer(model, given).argmax(-1).cpu().numpy() == examples.labels[list(rows)])
    return {name: np.concatenate(found).astype(np.float64) for name, found in right.items()}


def _told(values: np.ndarray, weights: np.ndarray, confidence: float, *, signed: bool = False) -> str:
    """A share or a difference of two, and on a line of its own its interval."""
    found = [values.mean(), *np.quantile(weights @ values, [(1 - confidence) / 2, (1 + confidence) / 2])]
    value, low, high = (f"{100 * one:{'+' if signed else ''}.1f}" for one in found)
    told = f"{value}\n{low} to {high}" if signed else f"{value}%\n{low} – {high}"
    return told.replace("-", "−")
