"""Tasks by name, and run configurations read with what the tasks say of them."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from maskwright import config
from maskwright.config import Configuration, RunConfig
from maskwright.engine.modalities import PerModality
from maskwright.errors import ConfigError, MaskwrightError, did_you_mean
from maskwright.tasks.contract import Task

__all__ = ["DEFAULT", "get", "load_config", "names", "parse_config"]

DEFAULT = "text-classification"
"""The task of a configuration that names none."""

DECLARATION = "\nTASK = "
"""What the file of a task holds."""


@cache
def _files() -> dict[str, Path]:
    """Name -> file of every task that comes with the library."""
    paths = sorted(Path(__file__).parent.glob("*/*.py"), key=lambda path: path.stem)
    return {path.stem.replace("_", "-"): path for path in paths if DECLARATION in path.read_text(encoding="utf-8")}


def names() -> tuple[str, ...]:
    """The names of the tasks that come with the library.

    >>> "text-classification" in names()
    True
    """
    return tuple(_files())


def get(name: str) -> Task:
    """A task by the name that a configuration gives it.

    Args:
        name: of a task of the library, or `module:TASK`, looked for in the current folder and on PYTHONPATH.

    Raises:
        ConfigError: there is no such task, with the nearest name; or what was imported is none.
    """
    if ":" in name:
        return _imported(name)
    if name not in _files():
        hint = f"{did_you_mean(name, names())} A task of your own is named module:TASK."
        raise ConfigError(f"task: there is no task '{name}'. {hint}")
    path = _files()[name]
    return importlib.import_module(f"maskwright.tasks.{path.parent.name}.{path.stem}").TASK


def _imported(name: str) -> Task:
    """A task of the user's own, from `module:TASK`."""
    module, _, attribute = name.partition(":")
    if not module or not attribute or module.endswith(".py"):
        raise ConfigError(f"task '{name}': expected module:TASK, such as my_tasks.reviews:TASK (without .py).")
    if str(Path.cwd()) not in sys.path:
        sys.path.append(str(Path.cwd()))
    try:
        loaded = importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"task '{name}': there is no module '{error.name}'. Tasks are looked for in the current folder and on "
            "PYTHONPATH."
        ) from None
    except (Exception, SystemExit) as error:  # code of the user's own can raise anything
        raise ConfigError(f"task '{name}': importing {module} raised {type(error).__name__}: {error}") from error
    if attribute not in vars(loaded):
        public = [other for other, value in vars(loaded).items() if isinstance(value, Task)]
        hint = did_you_mean(attribute, public) if public else "The module holds no task."
        raise ConfigError(f"task '{name}': there is no '{attribute}' in {module}. {hint}")
    task = vars(loaded)[attribute]
    if not isinstance(task, Task):
        raise ConfigError(
            f"task '{name}': expected a maskwright.tasks.contract.Task, given {type(task).__name__}; see "
            "docs/add-a-task.md."
        )
    return task


def configuration_of(name: str) -> Configuration:
    """What of a configuration is a task's own."""
    return get(name).configuration


def load_config(path: str | Path, overrides: Sequence[str] = ()) -> RunConfig:
    """Read, override and validate a configuration file, and check that its parts go with its task.

    Args:
        path: the YAML file.
        overrides: `key.sub=value` strings; the value is read as YAML.

    Raises:
        ConfigError: with one line for each thing that is wrong.
    """
    return parse_config(config.read_config(path, overrides), str(path))


def parse_config(node: Mapping[str, Any], source: str = "configuration") -> RunConfig:
    """Validate a configuration given as nested mappings; see `load_config`.

    >>> parse_config({"model": "scratch:tiny", "data": {"train": "a.csv"}, "masking": "none"}).training.epochs
    3.0
    """
    parsed = config.parse_config({"task": DEFAULT, **node}, source, configuration_of)
    try:
        _check_parts(parsed)
    except MaskwrightError as error:
        raise ConfigError(f"{source}: {error}") from None
    return parsed


def _check_parts(parsed: RunConfig) -> None:
    """Refuse what does not go with the task: modalities, metrics, objectives without a masking, and its own rules."""
    task = get(parsed.task)
    if isinstance(parsed.masking, PerModality) and parsed.masking.names != tuple(sorted(task.modalities)):
        several = f"hides in {' and '.join(task.modalities)}" if task.modalities else "has inputs of one kind"
        hint = several if task.modalities else f"{several}; give pattern, budget, fill"
        raise ConfigError(f"masking.modalities: {parsed.task} {hint}; given {', '.join(parsed.masking.names)}.")
    metrics, named = [metric.name for metric in task.metrics], parsed.evaluation.metrics or []
    for name in named:
        if name not in metrics:
            raise ConfigError(f"evaluation.metrics: {parsed.task} has no '{name}'. {did_you_mean(name, metrics)}")
        if named.count(name) > 1:
            raise ConfigError(f"evaluation.metrics: '{name}' is given {named.count(name)} times; give it once.")
    if parsed.masking is None and parsed.objective.views > 1:
        raise ConfigError("masking: this objective compares masked views, so something must be hidden; try automask.")
    if parsed.data.is_stream and parsed.training.max_steps is None:
        raise ConfigError("training.max_steps: a stream has no end; say how many optimiser steps to make.")
    task.check(parsed)
