"""A task that is nothing like classification: rows of numbers, an error that is no mean over examples, pictures."""

from __future__ import annotations

import base64
import dataclasses
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from maskwright import objectives
from maskwright.config import Configuration, DataSection
from maskwright.data.checked import CheckedData
from maskwright.grid import Grid
from maskwright.tasks.contract import Built, Task, Words
from maskwright.tasks.examples import FILLER, Batch, Hidden, Loss
from maskwright.tasks.metrics.mean_absolute_error import MEAN_ABSOLUTE_ERROR
from maskwright.tasks.metrics.metric import Metric, Statistic
from maskwright.tasks.views import Answer, Shown

CELLS = 12
GRID = Grid(cell=CELLS)


class Section(DataSection):
    """Numbers made up from a seed."""

    rows: int = 30


@dataclass(frozen=True)
class Rows:
    """Examples: the model is to say the mean of each row, and the loss compares it with the first few of its cells."""

    values: np.ndarray
    example_ids: np.ndarray
    notes: tuple[str, ...] = ()
    classes: None = None

    def __len__(self):
        return len(self.values)

    @property
    def lengths(self):
        return np.full(len(self), CELLS)

    def __getitems__(self, rows):
        return self.batch(rows)

    def batch(self, rows):
        asked = np.fromiter(rows, dtype=np.int64)
        chosen = np.where(asked == FILLER, 0, asked)
        ids = torch.from_numpy(self.example_ids[chosen])
        compared = torch.arange(CELLS) <= (ids % CELLS)[:, None]
        values = torch.from_numpy(self.values[chosen])
        weight = torch.from_numpy((asked != FILLER).astype(np.float32))
        return Batch({"values": values}, {"target": values, "compared": compared}, ids, weight)

    def references(self, rows):
        return self.values[np.asarray(rows)].mean(axis=1)

    def hide(self, batch, masking, moment):
        count = int((batch.labels["compared"] & (batch.weight > 0)[:, None]).sum())
        if masking is None:
            return Hidden.whole(batch, count)
        out = masking(batch.inputs["values"], grid=GRID, example_ids=batch.ids, **vars(moment))
        return Hidden.of(batch, out, {"values": out.inputs}, count=count)

    def work(self, inputs):
        return inputs["values"].numel()

    def joined(self, parts, cells):
        size, step = len(parts[0].weight), max(1, cells // CELLS)
        for number, part in enumerate(parts):
            for start in range(0, size, step):
                some = slice(start, start + step)
                hidden = Hidden(
                    {"values": part.inputs["values"][some]},
                    {name: table[some] for name, table in part.labels.items()},
                    part.weight[some],
                    part.count,
                    part.share[some],
                )
                yield torch.arange(len(hidden.weight)) + start + number * size, hidden


class Mean(torch.nn.Module):
    """Says `factor` times the mean of what it sees, and `shift` more."""

    def __init__(self, factor: float):
        super().__init__()
        self.factor = torch.nn.Parameter(torch.tensor(factor))
        self.shift = torch.nn.Parameter(torch.tensor(0.0))

    def forward(self, values):
        return self.factor * values.mean(dim=1) + self.shift

    def save_pretrained(self, folder):
        Path(folder).mkdir(parents=True, exist_ok=True)
        (Path(folder) / "config.json").write_text("{}")
        save_file(self.state_dict(), Path(folder) / "model.safetensors")


@dataclass(frozen=True)
class Reader:
    """Reads rows as they are."""

    cells: int = CELLS

    def save_pretrained(self, folder):
        (Path(folder) / "reader.json").write_text(json.dumps(self.cells))


def _load(section: Section) -> CheckedData:
    from datasets import Dataset

    def made(n, seed):
        table = rows(n, seed)
        shifted = (table["row"] + 0.5).tolist()
        return Dataset.from_dict({**{k: v.tolist() for k, v in table.items()}, "variant:shifted": shifted})

    splits = made(section.rows, 0), made(5, 1), made(200, 2)
    return CheckedData(*splits, (), ("shifted",), {}, (), "ab", varied="row")


def _restore(folder: Path) -> Built:
    model = Mean(0.0)
    model.load_state_dict(load_file(folder / "model.safetensors"))
    return Built(model, Reader(json.loads((folder / "reader.json").read_text())))


def _encode(rows, reader, config, *, data, on_progress=None):
    return Rows(np.asarray(rows["row"], dtype=np.float32), np.asarray(rows["example_id"]))


def _loss(model: Any, hidden: Hidden) -> Loss:
    """Squared error, a mean over the cells that are compared: as a loss of texts is one over tokens."""
    apart = (model(**hidden.inputs)[:, None] - hidden.labels["target"]).square()
    return Loss((apart * hidden.labels["compared"] * hidden.weight[:, None]).sum(), hidden.count)


def _predict(model: Any, hidden: Hidden, settings: Any) -> np.ndarray:
    """[B]."""
    return model(**hidden.inputs).float().cpu().numpy()


def _squared(predictions: Any, references: Any) -> np.ndarray:
    return (np.asarray(predictions, dtype=np.float64) - np.asarray(references, dtype=np.float64))[:, None] ** 2


def _root_of_the_mean(sums: np.ndarray, n: np.ndarray) -> np.ndarray:
    return np.sqrt(sums[..., 0] / n)


def _root_mean_square(references: Sequence[float]) -> float:
    """Of always answering 0."""
    return float(np.sqrt(np.mean(np.square(references))))


SQUARED = Statistic("squared", _squared)

ERROR = Metric(
    "rmse",
    "error",
    SQUARED,
    _root_of_the_mean,
    higher_is_better=False,
    unit="",
    best=0.0,
    chance=_root_mean_square,
)


class Errors(list):
    """What a median is taken of; no array, so it is asked slowly, resample by resample."""


def _errors(records: np.ndarray) -> Errors:
    return Errors(np.sqrt(records[0, :, 0]).tolist())


@dataclass(frozen=True)
class Median(Metric):
    """A metric that is no formula of sums."""

    linear = False

    def value(self, summable: Errors, weights: np.ndarray) -> np.ndarray:
        errors = np.array(summable)
        return np.array([np.median(np.repeat(errors, one.astype(int))) for one in weights])

    def each(self, summable: Errors) -> np.ndarray:
        return np.array(summable)


MEDIAN = Median(
    "median", "median error", Statistic("errors", _squared, _errors), higher_is_better=False, unit="", best=0.0
)


def drawn(values, scale: int = 1) -> np.ndarray:
    """uint8 [row, col, 3], a picture of one row of cells."""
    grey = np.clip(128 + 64 * np.asarray(values, dtype=np.float64), 0, 255).astype(np.uint8).reshape(3, 4)
    return np.repeat(np.kron(grey, np.ones((scale, scale), dtype=np.uint8))[..., None], 3, axis=2)


def picture(values) -> str:
    """A PNG of one row of cells."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(drawn(values)).save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def _shown(examples, row, view, predictions) -> Shown:
    hidden = examples.hide(examples.batch([row]), view.masking, view.moment)
    answers = {
        who: Answer(f"{answer:.2f}", picture=picture(np.full(CELLS, answer))) for who, answer in predictions.items()
    }
    seen = drawn(hidden.inputs["values"][0])
    return Shown(pictures=(("row", seen),), answers=answers, hidden=round(float(hidden.share[0]) * CELLS), units=CELLS)


def _sections(material, asked):
    condition = next(iter(asked.answers["model"].masked))
    error = {who: float(one.masked[condition].each(ERROR).mean()) for who, one in asked.answers.items()}
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


TASK = Task(
    name="tests.evaluate.made_up:TASK",
    words=Words("rows", "cells", "row"),
    configuration=Configuration(
        data=Section,
        objective=partial(objectives.read, "made-up", ("supervised",)),
        defaults={"evaluation": {"unit": "patch"}},
    ),
    metrics=(ERROR, MEAN_ABSOLUTE_ERROR, MEDIAN),
    load=_load,
    reader=lambda config, data: Reader(),
    build=lambda config, data: Built(Mean(0.0), Reader(), notes=("it begins at 0.",)),
    restore=_restore,
    encode=_encode,
    loss=_loss,
    predict=_predict,
    shown=_shown,
    plain_fill=lambda reader: "zero",
    sections=_sections,
)

QUIET = dataclasses.replace(TASK, name="tests.evaluate.made_up:QUIET", shows_examples=False)
"""Its sections show examples."""


def rows(n: int, seed: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    values = (rng.normal(size=(n, CELLS)) + 2.0 * rng.normal(size=(n, 1))).astype(np.float32)
    return {"row": values, "example_id": np.arange(n)}


def configuration(output: Path, masking: Any, task: str = "TASK", **training: Any) -> dict[str, Any]:
    """Keys of a run."""
    return {
        "task": f"tests.evaluate.made_up:{task}",
        "model": "mean",
        "data": {"train": "none"},
        "masking": masking,
        "training": {"output": str(output), "dtype": "fp32", **training},
        "evaluation": {"ratios": [0.0, 0.25, 0.75], "draws": 2, "bootstrap": 200, "examples": 3},
    }


HIDING = {"pattern": "iid", "budget": 0.5, "fill": "zero", "unit": "patch"}


def finished(path: Path, factor: float, seconds: float, masking: Any, task: str = "TASK") -> Path:
    """The folder of a run that is done, with a model that says `factor` times the mean."""
    from maskwright.tasks import parse_config
    from maskwright.train.files import write_json
    from maskwright.train.folder import FORMAT, RunFolder

    folder, config = RunFolder(path), parse_config(configuration(path, masking, task))
    node = None if config.masking is None else config.masking.to_dict()
    info = {"format": FORMAT, "status": "finished", "task": config.task, "labels": [], "masking": node, "seed": 0}
    info |= {"fill": node and node["fill"], "data_fingerprint": "ab", "dtype": "fp32", "world_size": 1}
    folder.begin(config, info)
    Mean(factor).save_pretrained(folder.model)
    Reader().save_pretrained(folder.model)
    training = {"seconds": seconds, "cells": 500, "cells_whole": 1000, "device": "cpu"}
    write_json(path / "environment.json", training)
    return path
