"""Sentences about people and towns, and runs on them that train in seconds."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from maskwright.config import RunConfig
from maskwright.tasks import parse_config
from tests.train.conftest import save_model

PEOPLE = ("Anna", "Bob", "Carla", "Dora Smith", "Emil van Dyk")
TOWNS = ("Paris", "Rome", "New York", "Rio de Janeiro")


def sentences(n: int, seed: int = 0) -> list[tuple[list[str], list[str]]]:
    """Words and IOB2 tags; no two sentences are the same."""
    rng = np.random.default_rng(seed)
    made = []
    for row in range(n):
        parts = [(rng.choice(PEOPLE), "PER"), (rng.choice(["saw", "met"]), ""), (rng.choice(PEOPLE), "PER"), ("in", "")]
        number = " ".join(f"{10_000 + 1_000 * seed + 7 * row}")
        parts += [(rng.choice(TOWNS), "LOC"), (number, ""), *[("very", "")] * int(rng.integers(0, 5))]
        words: list[str] = []
        tags: list[str] = []
        for text, kind in parts:
            for place, word in enumerate(text.split()):
                words.append(word)
                tags.append(f"{'I' if place else 'B'}-{kind}" if kind else "O")
        made.append((words, tags))
    return made


def write(path: Path, rows: list[tuple[list[str], list[str]]]) -> str:
    path.write_text("".join(json.dumps({"tokens": words, "tags": tags}) + "\n" for words, tags in rows))
    return str(path)


def files(folder: Path, n: int = 70) -> dict[str, str]:
    """A `data` section."""
    return {
        "train": write(folder / "train.jsonl", sentences(n)),
        "validation": write(folder / "validation.jsonl", sentences(20, seed=1)),
        "test": write(folder / "test.jsonl", sentences(20, seed=2)),
    }


def masking(fill: str = "mask-token", unit: str = "word", pattern="iid", budget=0.5) -> dict:
    return {"pattern": pattern, "budget": budget, "fill": fill, "unit": unit}


def run(data: dict[str, str], output: Path, *, model="scratch:tiny", **more) -> RunConfig:
    """The configuration of a run; `training` may be among what is given."""
    training = {"epochs": 2, "batch_size": 8, "learning_rate": 1e-3, "dtype": "fp32", "output": str(output)}
    training |= more.pop("training", {})
    node = {"task": "token-classification", "model": str(model), "data": {"max_length": 48, **data}}
    return parse_config({**node, "masking": masking(), "training": training, **more})


def small_model(folder: Path, dropout: float) -> Path:
    """A BERT of two layers with a tokenizer that knows the words."""
    return save_model(folder, dropout)
