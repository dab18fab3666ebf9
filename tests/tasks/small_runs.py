"""A run of every task that trains in seconds: files made here, a model from scratch.

Tests over all tasks take their configurations from here; a new task adds one function.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tests.tasks.pictures import write_pictures
from tests.tasks.scenes import write_scenes
from tests.tasks.tagging import made_up as tagged
from tests.tasks.translation.saved_models import PAIRS, write_pairs
from tests.train.conftest import write_rows

SIZES = {"train": 12, "validation": 4, "test": 4}
"""Pictures or clips of each class."""


def masking(fill: str, unit: str, ratio: float = 0.5) -> dict[str, Any]:
    """Independent units."""
    return {"pattern": "iid", "budget": ratio, "fill": fill, "unit": unit}


def texts(folder: Path) -> dict[str, Any]:
    """Words of three topics."""
    sizes = {"train": 48, "validation": 21, "test": 21}
    data = {
        name: str(write_rows(folder / f"{name}.jsonl", n, start=1000 * i)) for i, (name, n) in enumerate(sizes.items())
    }
    return {"data": {**data, "max_length": 24}, "masking": masking("mask-token", "word")}


def numbers(folder: Path) -> dict[str, Any]:
    """Texts with the number of fruits in them: the task of docs/add-a-task.md."""
    rng, words = np.random.default_rng(0), ["apple", "pear", "plum", "iron", "zinc", "copper", "of", "in", "the"]
    data = {}
    for name, n in {"train": 48, "validation": 16, "test": 16}.items():
        with (folder / f"{name}.csv").open("w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["text", "score"])
            for number in range(n):
                chosen = rng.choice(words, rng.integers(3, 12))
                fruits = sum(word in words[:3] for word in chosen)
                rows.writerow([" ".join([*chosen, name, str(number)]), fruits])
        data[name] = str(folder / f"{name}.csv")
    return {"data": {**data, "max_length": 24}, "masking": masking("mask-token", "word")}


def sentences(folder: Path) -> dict[str, Any]:
    """People and towns in sentences."""
    return {"data": {**tagged.files(folder, 48), "max_length": 48}, "masking": masking("drop", "word")}


def pairs(folder: Path) -> dict[str, Any]:
    """English and French of a few words."""
    path = write_pairs(folder / "pairs.jsonl", PAIRS)
    data = {"train": str(path), "source": "en", "target": "fr", "max_length": 32}
    return {"data": data, "masking": masking("mask-token", "word")}


def pictures(folder: Path) -> dict[str, Any]:
    """Reddish and bluish noise."""
    data = {name: str(write_pictures(folder / name, n, seed=i)) for i, (name, n) in enumerate(SIZES.items())}
    return {"data": {**data, "size": 16}, "masking": masking("drop", "patch")}


def scenes(folder: Path) -> dict[str, Any]:
    """Bright rectangles with their boxes."""
    data = {name: write_scenes(folder / name, n, seed=i) for i, (name, n) in enumerate(SIZES.items())}
    chosen = {"size": 32, "queries": 10}
    return {"model": "scratch:yolos-tiny", "data": {**data, **chosen}, "masking": masking("mean", "patch")}


def pictures_with_text(folder: Path) -> dict[str, Any]:
    """Whether colour and word agree."""
    rng, data = np.random.default_rng(0), {}
    for name, n in {"train": 32, "validation": 8, "test": 8}.items():
        lines = []
        for number in range(n):
            red, warm = (number // 2) % 2, number % 2
            picture = rng.integers(0, 60, (16, 16, 3))
            picture[..., 0 if red else 2] += 150
            path = f"{name}_{number:02d}.png"
            Image.fromarray(picture.astype(np.uint8)).save(folder / path)
            text = f"the light of day {'warm' if warm else 'cold'} {number}"
            lines.append(json.dumps({"image": path, "text": text, "label": "same" if red == warm else "other"}))
        (folder / f"{name}.jsonl").write_text("\n".join(lines))
        data[name] = str(folder / f"{name}.jsonl")
    return {"data": {**data, "size": 16, "max_length": 16}, "masking": masking("drop", "word")}


def clips(folder: Path) -> dict[str, Any]:
    """A bright half that moves down or up."""
    rng, data = np.random.default_rng(0), {}
    for name, n in SIZES.items():
        values = rng.integers(0, 60, (2 * n, 4, 16, 16, 3)).astype(np.uint8)
        labels = np.resize(["down", "up"], 2 * n)
        for clip, label in zip(values, labels, strict=True):
            for time in range(4):
                low = (time >= 2) == (label == "down")
                clip[time, 8 * low : 8 * low + 8] += 150
        np.savez(folder / f"{name}.npz", clips=values, labels=labels)
        data[name] = str(folder / f"{name}.npz")
    return {"data": {**data, "frames": 4, "size": 16, "patch": 4}, "masking": masking("drop", "tubelet")}


RUNS: dict[str, Callable[[Path], dict[str, Any]]] = {
    "text-classification": texts,
    "token-classification": sentences,
    "translation": pairs,
    "image-classification": pictures,
    "object-detection": scenes,
    "image-text-classification": pictures_with_text,
    "video-classification": clips,
    "masked-image": pictures,
    "masked-video": clips,
    "text_regression:TASK": numbers,
}
"""Name of a task -> `data`, `masking` and maybe `model` of a run, with files in a folder."""


def small_run(name: str, folder: Path) -> dict[str, Any]:
    """Keys of a run configuration of a task."""
    folder.mkdir(parents=True, exist_ok=True)
    return {"task": name, "model": "scratch:tiny", **RUNS[name](folder)}
