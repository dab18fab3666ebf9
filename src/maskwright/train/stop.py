"""Ctrl-C and SIGTERM ask training to stop after the current step, with a checkpoint."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = ["StopRequest", "TrainingStopped"]

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class TrainingStopped(KeyboardInterrupt):
    """Training was asked to stop and left a checkpoint; the same command goes on from it.

    Attributes:
        run: the run folder.
        step: optimiser steps made.
        steps: optimiser steps in all.
    """

    def __init__(self, run: Path, step: int, steps: int):
        self.run, self.step, self.steps = run, step, steps
        super().__init__(f"stopped at step {step} of {steps}; the same command goes on from there.")


class StopRequest:
    """Whether a stop was asked for; a second signal ends the program at once.

    Args:
        tell: called when the first signal comes, with what will happen.
    """

    def __init__(self, tell: Callable[[str], object] = lambda message: None) -> None:
        self.asked = False
        self.tell = tell

    @contextmanager
    def listening(self) -> Iterator[StopRequest]:
        """Catch the signals inside. Only the main thread of a program can; elsewhere this does nothing."""
        if threading.current_thread() is not threading.main_thread():
            yield self
            return
        before = {number: signal.signal(number, self._ask) for number in SIGNALS}
        try:
            yield self
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _ask(self, number: int, frame: Any) -> None:
        del frame
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
        self.tell("stopping after the current step, with a checkpoint; a second Ctrl-C stops at once.")
