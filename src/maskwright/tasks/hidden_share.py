"""Maskings that hide everything of an example, or nothing: found by drawing them on some of the training examples."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from maskwright import budgets, patterns
from maskwright.config import RunConfig
from maskwright.engine.modalities import PerModality
from maskwright.errors import ConfigError
from maskwright.masking import Masking
from maskwright.rng import Moment
from maskwright.tasks.contract import Task
from maskwright.tasks.views import View

if TYPE_CHECKING:
    from maskwright.data.checked import CheckedData

__all__ = ["amount_notes"]

LOOKED_AT = 64
"""Training examples, chosen at random with a fixed seed, on which masks are drawn."""


def amount_notes(task: Task, config: RunConfig, data: CheckedData) -> tuple[str, ...]:
    """Say where a number of units is more than examples have, and where a region has none of their units.

    Only numbers and regions depend on how large examples are; other maskings are not drawn.

    Args:
        task: of the run.
        config: of the run.
        data: its data.

    Raises:
        ConfigError: everything would be hidden of every example that was looked at.
    """
    parts = list(_strategies(config.masking))
    asked = [budgets.traits(part) for package, part in parts if package == budgets.__name__]
    counts = [f"count {one.whole_number}" for one in asked if one.whole_number]
    counts += [f"ratio {one.share:g}" for one in asked if one.share == 1.0]
    # A share that moves may be nothing when training begins.
    regional = any(patterns.traits(part).regional for package, part in parts if package == patterns.__name__)
    regions = regional and not any(one.moves for one in asked)
    if not counts and not regions:
        return ()
    drawn = _drawn(task, config, data)
    n, whole = len(drawn), sum(hidden == units for hidden, units in drawn)
    notes = []
    if counts and whole and whole == n:
        most = max(units for _, units in drawn)
        raise ConfigError(
            f"masking.budget: {counts[0]}, and the largest of the {n} training examples looked at has {most:,} units: "
            "everything would be hidden. Give a smaller number, or a smaller share (masking.budget=0.5)."
        )
    if counts and whole:
        notes.append(
            f"everything is hidden of {whole} of the {n} training examples looked at ({whole / n:.0%}), which have no "
            f"more units than that (masking.budget: {', '.join(counts)})."
        )
    nothing = sum(not hidden for hidden, _ in drawn)
    if regions and nothing:
        notes.append(
            f"nothing is hidden of {nothing} of the {n} training examples looked at ({nothing / n:.0%}): the region of "
            "within is empty there, or so small that its share comes to nothing (masking.pattern)."
        )
    return tuple(notes)


def _drawn(task: Task, config: RunConfig, data: CheckedData) -> list[tuple[int, int]]:
    """(hidden, there are) units of some training examples that have any; none are left whole on purpose."""
    masking = config.masking
    if isinstance(masking, Masking):
        masking = dataclasses.replace(masking, clean_share=0.0)
    rows = np.sort(np.random.default_rng(0).permutation(len(data.train))[:LOOKED_AT])
    reader = task.reader(config, data)
    examples = task.encode(data.train.select(rows), reader, config, data=data)
    view = View(reader, masking, Moment(config.training.seed), data.labels)
    shown = [task.shown(examples, row, view, {}) for row in range(len(rows))]
    return [(one.hidden, one.units) for one in shown if one.units]


def _strategies(masking: Masking | PerModality | None) -> Iterator[tuple[str, Any]]:
    """(package, value) of every pattern and budget that a masking is made of."""
    if masking is None:
        return
    if isinstance(masking, PerModality):
        yield from _with_parts(budgets.__name__, masking.budget)
        for _, one in masking.modalities:
            yield from _with_parts(patterns.__name__, one.pattern)
        return
    yield from _with_parts(patterns.__name__, masking.pattern)
    yield from _with_parts(budgets.__name__, masking.budget)


def _with_parts(package: str, value: Any) -> Iterator[tuple[str, Any]]:
    """A strategy, and those in its fields, which say of which package they are."""
    if value is None or not dataclasses.is_dataclass(value):
        return
    yield package, value
    for field in dataclasses.fields(value):
        inner = getattr(value, field.name)
        if "package" in field.metadata:
            for one in inner if isinstance(inner, tuple) else (inner,):
                yield from _with_parts(field.metadata["package"], one)
