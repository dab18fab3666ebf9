"""Writing files so that a reader never meets a half-written one."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

__all__ = ["sync", "write_json", "write_tensors", "write_text", "written_whole"]


def written_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` make a file under another name, bring it to the disk, then put it in its place in one go.

    Raises:
        OSError: the disk is full or the folder cannot be written.
    """
    partial = path.with_name(f".{path.name}.partial")
    write(partial)
    sync(partial)
    os.replace(partial, path)


def write_text(path: Path, text: str) -> None:
    """Write a text file whole."""
    written_whole(path, lambda partial: partial.write_text(text, encoding="utf-8"))


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file whole; floats read back equal."""
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def write_tensors(path: Path, tensors: Mapping[str, Any]) -> None:
    """Write tensors as safetensors, whole.

    Raises:
        OSError: the disk is full or the folder cannot be written.
    """
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    try:
        written_whole(path, lambda partial: save_file(plain, str(partial), metadata={"format": "pt"}))
    except SafetensorError as error:
        # It wraps the system's refusal (disk full, most often) in an error of its own and keeps only the text.
        raise OSError(None, str(error), str(path)) from error


def sync(path: Path) -> None:
    """Bring a file to the disk, so that it outlives a power cut."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
