"""The run folder: what a run leaves behind, and how everything else reads it.

run.yaml            the configuration with every default spelled out
maskwright.json     facts that a reader of the model needs: labels, masking, data, state of the run
model/              what model and reader wrote of themselves: weights (safetensors), configuration, tokenizer; and the
                    same maskwright.json
metrics.jsonl       one line per optimiser step and evaluation
environment.json    versions, hardware, number format, time
checkpoints/        while the run is not finished
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maskwright import __version__
from maskwright.config import RunConfig, dump_config
from maskwright.errors import ConfigError, RunError
from maskwright.tasks import load_config
from maskwright.train.files import write_json, write_text
from maskwright.train.metrics_log import read_metrics

__all__ = ["FORMAT", "RunFolder"]

FORMAT = 2
"""Version of the folder's layout; a reader refuses any other. In 1, tasks had no sections of their own in run.yaml."""

FREE_TO_CHANGE = (
    "evaluation",
    "training.workers",
    "training.report_to",
    "training.eval_batch_size",
    "training.save_every",
    "training.world_size",
    "training.output",
)
"""Keys that may differ when a run goes on: none of them decides what is learned."""


@dataclass(frozen=True)
class RunFolder:
    """A run's folder.

    Attributes:
        path: of the folder, which need not exist yet.
    """

    path: Path

    @property
    def model(self) -> Path:
        """Folder of the trained model."""
        return self.path / "model"

    @property
    def metrics_file(self) -> Path:
        """The metrics, a JSON object per line."""
        return self.path / "metrics.jsonl"

    @property
    def checkpoints(self) -> Path:
        """Folder of what an unfinished run goes on from."""
        return self.path / "checkpoints"

    def exists(self) -> bool:
        """Whether a run was begun here."""
        return (self.path / "maskwright.json").exists()

    def info(self) -> dict[str, Any]:
        """The contents of maskwright.json.

        Raises:
            RunError: there is no run here, its file is damaged, or another version wrote it.
        """
        if not self.path.is_dir():
            raise RunError(f"{self.path}: there is no such folder. Give a folder that maskwright train wrote.")
        if not self.exists():
            raise RunError(f"{self.path}: this is not a run folder, it has no maskwright.json.")
        info = self._json("maskwright.json")
        if not isinstance(info, dict) or not isinstance(info.get("format"), int):
            raise RunError(
                f"{self.path / 'maskwright.json'}: damaged: the key 'format' is missing. Delete the folder and train "
                "again."
            )
        self._check_format(info)
        return info

    def finished_info(self) -> dict[str, Any]:
        """`info` of a run that can be evaluated.

        Raises:
            RunError: besides what `info` raises: training has not finished, or a file of the model is missing.
        """
        info = self.info()
        if info.get("status") != "finished":
            raise RunError(
                f"{self.path}: training has not finished (status: {info.get('status')}). Run the same maskwright train "
                "command again, it goes on from the last checkpoint."
            )
        # Which files a model has is its task's business; what is wrong inside them is found by `Task.restore`.
        for name in info.get("model_files", ()):
            if not (self.model / name).is_file():
                raise RunError(
                    f"{self.model / name}: missing, so the trained model cannot be loaded. "
                    f"Delete {self.path}, or choose another folder (training.output=...), and train again."
                )
        return info

    def config(self) -> RunConfig:
        """The configuration of the run.

        Raises:
            RunError: run.yaml is missing or damaged.
        """
        try:
            return load_config(self.path / "run.yaml")
        except ConfigError as error:
            raise RunError(f"{self.path}: its configuration cannot be read. {error}") from None

    def metrics(self) -> list[dict[str, Any]]:
        """The lines of metrics.jsonl.

        Raises:
            RunError: the file is missing.
        """
        try:
            return read_metrics(self.metrics_file)
        except OSError:
            raise RunError(f"{self.metrics_file}: missing or unreadable.") from None

    def environment(self) -> dict[str, Any]:
        """The contents of environment.json; RunError if missing or damaged."""
        return self._json("environment.json")

    def begin(self, config: RunConfig, info: Mapping[str, Any]) -> None:
        """Write what is known before the first step."""
        self.checkpoints.mkdir(parents=True, exist_ok=True)
        write_text(self.path / "run.yaml", dump_config(config))
        self.write_info(info)

    def write_info(self, info: Mapping[str, Any]) -> None:
        """Write maskwright.json."""
        write_json(self.path / "maskwright.json", info)

    def set_status(self, status: str) -> None:
        """Change the state in maskwright.json: running, interrupted or finished."""
        self.write_info({**self.info(), "status": status})

    def check_same(self, config: RunConfig) -> None:
        """Refuse to go on with a run under another configuration.

        Raises:
            RunError: naming every key that differs.
        """
        before, now = _settings(self.config()), _settings(config)
        keys = [key for key in sorted({**before, **now}) if not key.startswith(FREE_TO_CHANGE)]
        changed = [f"{key}: {before.get(key)} -> {now.get(key)}" for key in keys if before.get(key) != now.get(key)]
        if changed:
            raise RunError(
                f"{self.path}: holds a run with other settings ({'; '.join(changed[:6])}). Choose another folder "
                f"(training.output=...), or delete this one."
            )

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep a second process out of the folder; a killed process leaves no lock behind.

        Raises:
            RunError: another process trains here.
        """
        try:
            import fcntl
        except ImportError:
            yield
            return
        self.path.mkdir(parents=True, exist_ok=True)
        lock = self.path / ".lock"
        with lock.open("a+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.seek(0)
                raise RunError(
                    f"{self.path}: another process ({file.read().strip() or 'unknown'}) is training here. "
                    "Wait for it, or choose another folder (training.output=...)."
                ) from None
            file.truncate(0)
            file.write(f"process {os.getpid()}")
            file.flush()
            try:
                yield
            finally:
                lock.unlink(missing_ok=True)
                if not any(self.path.iterdir()):
                    self.path.rmdir()

    def _check_format(self, info: Mapping[str, Any]) -> None:
        """Refuse a folder of an earlier or later version."""
        written = info["format"]
        if written == FORMAT:
            return
        remedy = "Update maskwright."
        if written < FORMAT:
            remedy = "Train the run again in another folder (training.output=...), or read this one with that version."
        raise RunError(
            f"{self.path}: written by maskwright {info.get('version')}, whose run folders (format {written}) this "
            f"version {__version__} cannot read (format {FORMAT}). {remedy}"
        )

    def _json(self, name: str) -> Any:
        try:
            return json.loads((self.path / name).read_text(encoding="utf-8"))
        except OSError:
            raise RunError(f"{self.path / name}: missing or unreadable.") from None
        except ValueError as error:
            raise RunError(f"{self.path / name}: damaged, not valid JSON ({error}). Train again.") from None


def _settings(config: RunConfig) -> dict[str, Any]:
    """Dotted keys and their values; the masking is one value, as a user thinks of it."""
    settings = config.model_dump(mode="json")
    masking = settings.pop("masking")
    return {**_flat(settings), "masking": masking}


def _flat(node: Any, prefix: str = "") -> dict[str, Any]:
    """A nested mapping as dotted keys.

    >>> _flat({"a": {"b": 1}, "c": [2]})
    {'a.b': 1, 'c': [2]}
    """
    if not isinstance(node, dict) or not node:
        return {prefix: node}
    flat: dict[str, Any] = {}
    for key, value in node.items():
        flat |= _flat(value, f"{prefix}.{key}" if prefix else str(key))
    return flat
