"""Checkpoints: everything that the rest of a run depends on, in a folder that counts only once it is whole.

`checkpoints/step-N/` holds weights, optimiser and averaged weights as safetensors and the rest as JSON: no pickle is
written and none is read. `complete.json` is written last and lists every file with its size; a folder without it, or
whose files differ from it, was cut short and is not used. `checkpoints/best-N.safetensors` are the weights of the best
validation score so far.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from maskwright.train.files import sync, write_json, write_tensors

__all__ = [
    "best_path",
    "best_step",
    "broken",
    "folder_of",
    "is_whole",
    "learned_tensors",
    "load_learned",
    "newest",
    "optimizer_parts",
    "optimizer_state",
    "prune",
    "read",
    "read_tensors",
    "seal",
    "step_of",
    "write",
]

MARKER = "complete.json"


def folder_of(checkpoints: Path, step: int) -> Path:
    """Where the checkpoint of an optimiser step lies."""
    return checkpoints / f"step-{step}"


def best_path(checkpoints: Path, step: int) -> Path:
    """Where the weights lie that scored best, at this step."""
    return checkpoints / f"best-{step}.safetensors"


def step_of(path: Path) -> int:
    """The optimiser step in a checkpoint's name.

    >>> step_of(Path("checkpoints/step-120"))
    120
    """
    return int(path.name.removesuffix(".safetensors").rpartition("-")[2])


def learned_tensors(model: Any) -> dict[str, Any]:
    """What training changes in a model: trainable parameters and saved buffers, by name."""
    parameters = {name: p for name, p in model.named_parameters() if p.requires_grad}
    every = dict(model.named_parameters(remove_duplicate=False))
    buffers = {name: tensor for name, tensor in model.state_dict().items() if name not in every}
    return {**parameters, **buffers}


def load_learned(model: Any, path: Path) -> None:
    """Put saved tensors back into the model they came from."""
    import torch

    saved, targets = read_tensors(path), learned_tensors(model)
    with torch.no_grad():
        for name, target in targets.items():
            target.copy_(saved[name])


def optimizer_parts(state: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Split an optimiser's state into tensors and what JSON can hold."""
    import torch

    tensors, numbers = {}, {}
    for index, entries in state["state"].items():
        for name, value in entries.items():
            place = tensors if isinstance(value, torch.Tensor) else numbers
            place[f"{index}.{name}"] = value
    return tensors, {"numbers": numbers, "param_groups": state["param_groups"]}


def optimizer_state(tensors: Mapping[str, Any], rest: Mapping[str, Any]) -> dict[str, Any]:
    """Undo `optimizer_parts`."""
    state: dict[int, dict[str, Any]] = {}
    for key, value in {**tensors, **rest["numbers"]}.items():
        index, _, name = key.partition(".")
        state.setdefault(int(index), {})[name] = value
    return {"state": state, "param_groups": rest["param_groups"]}


def write(folder: Path, tensors: Mapping[str, Mapping[str, Any]], texts: Mapping[str, Any]) -> None:
    """Write the parts of a checkpoint that one process owns.

    Args:
        folder: of the checkpoint.
        tensors: file name without ending -> named tensors.
        texts: file name without ending -> what JSON can hold.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, group in tensors.items():
        write_tensors(folder / f"{name}.safetensors", group)
    for name, value in texts.items():
        write_json(folder / f"{name}.json", value)


def seal(folder: Path) -> None:
    """Declare a checkpoint whole, once every process has written its part."""
    files = {path.name: path.stat().st_size for path in sorted(folder.iterdir()) if not path.name.startswith(".")}
    write_json(folder / MARKER, {"step": step_of(folder), "files": files})
    sync(folder / MARKER)


def is_whole(folder: Path) -> bool:
    """Whether a checkpoint was sealed and its files still have the sizes they had then."""
    try:
        files = json.loads((folder / MARKER).read_text(encoding="utf-8"))["files"]
        return all((folder / name).stat().st_size == size for name, size in files.items())
    except (OSError, ValueError, KeyError, TypeError):
        return False


def newest(checkpoints: Path) -> Path | None:
    """The whole checkpoint of the latest step; None if there is none."""
    whole = [path for path in checkpoints.glob("step-*") if is_whole(path)]
    return max(whole, key=step_of, default=None)


def broken(checkpoints: Path) -> list[Path]:
    """Checkpoints that were cut short or damaged, in order of steps."""
    return sorted((path for path in checkpoints.glob("step-*") if not is_whole(path)), key=step_of)


def read(folder: Path, name: str) -> Any:
    """One of the JSON parts of a checkpoint."""
    return json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))


def read_tensors(path: Path) -> dict[str, Any]:
    """A file of tensors, in memory."""
    from safetensors.torch import load_file

    return load_file(str(path))


def best_step(folder: Path | None) -> int | None:
    """The step of the best score that a checkpoint knows of."""
    return None if folder is None else read(folder, "state")["selection"]["best_step"]


def prune(checkpoints: Path, keep: Path | None, best: int | None) -> None:
    """Remove every checkpoint but one, and all best weights but those of step `best`."""
    for path in checkpoints.glob("step-*"):
        if path != keep:
            shutil.rmtree(path, ignore_errors=True)
    for path in [*checkpoints.glob("best-*"), *checkpoints.glob(".*.partial")]:
        if best is None or path != best_path(checkpoints, best):
            path.unlink(missing_ok=True)
