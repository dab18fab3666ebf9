"""A task that is nothing like classification: rows of numbers, an error that is no mean over examples, pictures."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from maskwright.grid import Grid
from maskwright.tasks.contract import FILLER, Hidden, Metric, plain_inputs

CELLS = 12


@dataclass(frozen=True)
class Rows:
    """Examples: the model is to say the mean of each row."""

    values: np.ndarray
    example_ids: np.ndarray
    notes: tuple[str, ...] = ()

    def __len__(self):
        return len(self.values)

    @property
    def labels(self):
        return np.zeros(len(self), dtype=np.int64)

    @property
    def lengths(self):
        return np.full(len(self), CELLS)

    def batch(self, rows):
        chosen = np.array([0 if row == FILLER else row for row in rows])
        return {
            "values": torch.from_numpy(self.values[chosen]),
            "labels": [None] * len(chosen),
            "example_id": torch.from_numpy(self.example_ids[chosen]),
            "weight": torch.ones(len(chosen)),
        }

    def hide(self, inputs, masking, ids, **moment):
        if masking is None:
            return Hidden(dict(inputs), torch.zeros(len(ids)))
        out = masking(inputs["values"], grid=Grid(cell=CELLS), example_ids=ids, **moment)
        return Hidden({"values": out.inputs}, torch.as_tensor(out.ratio).to(torch.float32))

    def work(self, inputs):
        return inputs["values"].numel()

    def joined(self, parts, cells):
        size, step = len(parts[0]["values"]), max(1, cells // CELLS)
        for number, part in enumerate(parts):
            for start in range(0, size, step):
                some = part["values"][start : start + step]
                yield torch.arange(len(some)) + start + number * size, {"values": some}


@dataclass(frozen=True)
class RootMeanSquare:
    """An error that is not the mean of a number per example."""

    errors: np.ndarray
    hits: None = None
    probabilities: None = None

    def value(self, weights):
        return np.sqrt(weights @ self.errors**2 / weights.shape[1])


class Mean(torch.nn.Module):
    """Says `factor` times the mean of what it sees."""

    def __init__(self, factor: float):
        super().__init__()
        self.factor = torch.nn.Parameter(torch.tensor(factor))

    def forward(self, values):
        return self.factor * values.mean(dim=1, keepdim=True)


def picture(values, scale: int = 1) -> str:
    """A PNG of one row of cells."""
    from PIL import Image

    grey = np.clip(128 + 64 * np.asarray(values, dtype=np.float64), 0, 255).astype(np.uint8).reshape(3, 4)
    buffer = io.BytesIO()
    Image.fromarray(np.kron(grey, np.ones((scale, scale), dtype=np.uint8))).save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def _shown(examples, reader, row, masking):
    batch = examples.batch([row])
    inputs = examples.hide(plain_inputs(batch), masking, batch["example_id"], seed=271_828_182, epoch=0).inputs
    return {"pictures": [{"title": "row", "src": picture(inputs["values"][0])}]}


def _sections(material, asked, labels):
    (condition,) = [key for key in asked.raw["model"] if key != "clean"]
    error = {who: float(np.abs(raw[condition]).mean()) for who, raw in asked.raw.items()}
    return [
        {
            "title": "Means <said>",
            "text": f"Under {condition[0]}.",
            "tables": [
                {"head": ["who", "mean", "n"], "rows": [[who, one, len(material.test)] for who, one in error.items()]}
            ],
            "pictures": [
                {"title": f"{i}", "src": picture(material.test.values[i]), "group": f"row {i // 2}"} for i in range(4)
            ],
            "curves": [
                {"title": "a curve", "x": "step", "y": "error", "model": [[0, np.float32(1.0)], [1, float("nan")]]}
            ],
        }
    ]


def _told(answer, examples, row, labels):
    return {"label": f"{answer[0]:.2f}", "probability": None, "right": None, "src": picture(np.full(CELLS, answer[0]))}


def _encode(rows, reader, config, *, data, weights=None, on_progress=None):
    return Rows(np.asarray(rows["row"], dtype=np.float32), np.asarray(rows["example_id"]))


def _outcome(answers: np.ndarray, examples: Rows) -> RootMeanSquare:
    return RootMeanSquare((answers[:, 0] - examples.values.mean(axis=1)).astype(np.float64))


TASK: Any = SimpleNamespace(
    NOUN="rows",
    UNIT="cells",
    INPUT="row",
    METRIC=Metric("rmse", "error", higher_is_better=False, percent=False),
    same_reader=lambda one, other: one == other,
    plain_fill=lambda reader: "zero",
    encode=_encode,
    answer=lambda model, inputs: model(**inputs),
    outcome=_outcome,
    chance=lambda examples: float(np.sqrt((examples.values.mean(axis=1) ** 2).mean())),
    shown=_shown,
    told=_told,
    sections=_sections,
)
"""Its module."""


def rows(n: int, seed: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    values = (rng.normal(size=(n, CELLS)) + 2.0 * rng.normal(size=(n, 1))).astype(np.float32)
    return {"row": values, "example_id": np.arange(n)}
