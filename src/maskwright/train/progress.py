"""Events: what training and evaluation report while they are at work."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["Event", "Watcher", "silent"]


@dataclass(frozen=True)
class Event:
    """Something that happened.

    Attributes:
        kind: `note` (the user should read `message`), `phase` (what is being done, for a status line), `step` (an
            optimiser step was made), `validation` (the model was evaluated).
        message: a sentence, for notes and phases.
        step: optimiser steps made.
        steps: optimiser steps in all; for a phase, its own units.
        epoch: passes over the data made.
        numbers: loss, or the validation metrics.
    """

    kind: Literal["note", "phase", "step", "validation"]
    message: str = ""
    step: int = 0
    steps: int = 0
    epoch: float = 0.0
    numbers: Mapping[str, float] = field(default_factory=dict)


Watcher = Callable[[Event], None]


def silent(event: Event) -> None:
    """Watch without saying anything."""
    del event
