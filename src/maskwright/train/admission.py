"""Whether a run may begin in a folder, go on there, or is done, and what is said if not."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from maskwright.config import RunConfig
from maskwright.errors import RunError
from maskwright.train.folder import RunFolder

__all__ = ["CHANGED", "check_unchanged", "is_finished", "kept_by", "refusals", "unused_evaluation"]

_OWN = (".lock", "run.yaml", "checkpoints")
"""What a run that was killed before its first step may have left."""


def is_finished(folder: RunFolder, config: RunConfig, resume: bool) -> bool:
    """Whether the folder holds this run, finished; False if it can be begun or gone on with."""
    if not folder.exists():
        names = [path.name for path in folder.path.iterdir()] if folder.path.is_dir() else []
        strangers = [name for name in names if name not in _OWN and not name.endswith(".partial")]
        if strangers:
            raise RunError(
                f"{folder.path}: holds other files ({', '.join(sorted(strangers)[:3])}) and no run. Choose a new or "
                "empty folder (training.output=...)."
            )
        return False
    info = folder.info()
    folder.check_same(config)
    if info.get("status") == "finished":
        return True
    if not resume:
        raise RunError(f"{folder.path}: holds an unfinished run. Go on with it, or choose another folder.")
    before, now = info.get("kept_by"), kept_by(config)
    if before != now:
        raise RunError(
            f"{folder.path}: holds an unfinished run whose weights are chosen by {before}, not by {now}. Set "
            f"evaluation.metrics as it was, or choose another folder (training.output=...)."
        )
    return False


def kept_by(config: RunConfig) -> str | None:
    """Name of the metric that decides which weights are kept and when training stops; None where none does."""
    from maskwright import tasks

    if not config.training.keep_best and config.training.early_stopping is None:
        return None
    return tasks.get(config.task).chosen_metrics(config.evaluation.metrics)[0].name


def check_unchanged(folder: RunFolder, config: RunConfig) -> None:
    """That a finished run still has its model, and that its data is what it was trained on."""
    from maskwright import tasks

    if folder.finished_info()["data_fingerprint"] != tasks.get(config.task).load(config.data).fingerprint:
        raise RunError(CHANGED.format(folder.path))


def unused_evaluation(folder: RunFolder, config: RunConfig) -> str:
    """Settings of `evaluation` that differ from those a finished run was given, and the command that takes them."""
    old, now = (one.evaluation.model_dump(mode="json") for one in (folder.config(), config))
    changed = {f"evaluation.{name}": value for name, value in now.items() if old[name] != value}
    if not changed:
        return ""
    changes = ", ".join(f"{key}: {old[key.partition('.')[2]]} -> {value}" for key, value in changed.items())
    overrides = [f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in changed.items()]
    command = shlex.join(["maskwright", "evaluate", str(folder.path), *overrides])
    begun = f"it was begun with other settings of its evaluation ({changes}), which stay."
    return f"{begun} Evaluate it with these: {command}"


CHANGED = (
    "{}: the data has changed since this run was begun. Put the old data back, or choose another folder "
    "(training.output=...)."
)


@contextmanager
def refusals(path: Path) -> Iterator[None]:
    """Explain what the operating system refuses while a run writes its folder."""
    try:
        yield
    except OSError as error:
        where = error.filename or path
        raise RunError(
            f"{where}: {error.strerror or error}. Free space or permissions on {path}, or choose another folder "
            "(training.output=...); the same command goes on from the last checkpoint."
        ) from error
