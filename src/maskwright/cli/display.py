"""How long work looks: a bar with loss and time left in a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from maskwright.cli.console import console
from maskwright.train.progress import Event, Watcher

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

SECONDS_BETWEEN_LINES = 10.0


@contextmanager
def watching() -> Iterator[Watcher]:
    """A listener for training and evaluation, to be used while the context lasts."""
    if not console().is_terminal:
        yield _noted_once(Lines())
        return
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[facts]}", markup=False),
        TimeRemainingColumn(compact=True),
    )
    with Progress(*columns, console=console(), transient=True) as progress:
        yield _noted_once(Bar(progress))


def _noted_once(watch: Watcher) -> Watcher:
    """The same listener, which hears every note once: a twin that is trained has all the notes of its run."""
    notes: set[str] = set()

    def listen(event: Event) -> None:
        if event.kind != "note":
            watch(event)
        elif event.message not in notes:
            notes.add(event.message)
            watch(event)

    return listen


class Bar:
    """Shows events as one bar that changes its task.

    Args:
        progress: started.
    """

    def __init__(self, progress: Progress):
        self.progress = progress
        self.tasks: dict[str, TaskID] = {}
        self.loss: float | None = None
        self._show("starting", 0, 0, "")

    def __call__(self, event: Event) -> None:
        """Show an event."""
        if event.kind == "note":
            self.progress.console.print(f"note: {event.message}", markup=False, soft_wrap=True)
        elif event.kind == "validation":
            self.progress.console.print(_validation(event), markup=False, soft_wrap=True)
        elif event.kind == "phase":
            self._show(event.message, event.step, event.steps, "")
        else:
            self.loss = _smoothed(self.loss, event.numbers["loss"])
            self._show("training", event.step, event.steps, f"  loss {self.loss:.3f}")

    def _show(self, description: str, done: int, total: int, loss: str) -> None:
        # A task each, so that the time left for training is not reckoned from the speed of something else.
        for other, task in self.tasks.items():
            self.progress.update(task, visible=other == description)
        if description not in self.tasks:
            start = max(0, done - 1)
            self.tasks[description] = self.progress.add_task(
                description, total=total or None, completed=start, facts=""
            )
        facts = f"{done:,}/{total:,}{loss}" if total else ""
        self.progress.update(self.tasks[description], completed=done, total=total or None, facts=facts)


class Lines:
    """Shows events as lines, a step every ten seconds."""

    def __init__(self) -> None:
        self.loss: float | None = None
        self.began: tuple[float, int] | None = None
        self.last = 0.0
        self.phase = ""

    def __call__(self, event: Event) -> None:
        """Show an event."""
        if event.kind == "note":
            self._print(f"note: {event.message}")
        elif event.kind == "validation":
            self._print(_validation(event))
        elif event.kind == "phase":
            self._phase(event)
        else:
            self._step(event)

    def _phase(self, event: Event) -> None:
        now = time.monotonic()
        if event.message != self.phase:
            self._print(f"{event.message} ...")
            self.last = now
        elif event.steps and now - self.last >= SECONDS_BETWEEN_LINES:
            self._print(f"{event.message}: {event.step:,} of {event.steps:,}")
            self.last = now
        self.phase = event.message

    def _step(self, event: Event) -> None:
        now = time.monotonic()
        self.loss = _smoothed(self.loss, event.numbers["loss"])
        if self.began is None:
            self.began = (now, event.step)
            self.last = now
        if now - self.last < SECONDS_BETWEEN_LINES:
            return
        self.last = now
        started, first = self.began
        left = (now - started) / max(1, event.step - first) * (event.steps - event.step)
        self._print(
            f"step {event.step:,} of {event.steps:,}, epoch {event.epoch:.2f}, loss {self.loss:.3f}, {_time(left)} left"
        )

    @staticmethod
    def _print(line: str) -> None:
        console().print(line, markup=False, soft_wrap=True)


def _smoothed(before: float | None, loss: float) -> float:
    """What is shown follows the loss with a delay; single steps jump about."""
    return loss if before is None else 0.9 * before + 0.1 * loss


def _validation(event: Event) -> str:
    scores = ", ".join(f"{in_words(name)} {score:.3f}" for name, score in event.numbers.items())
    return f"epoch {event.epoch:.2f}, step {event.step:,}: validation {scores}"


def in_words(name: str) -> str:
    """A metric as people write it.

    >>> in_words("macro_f1"), in_words("ap50")
    ('macro F1', 'AP50')
    """
    words = name.replace("_", " ").replace("f1", "F1")
    return f"AP{words[2:]}" if words.startswith("ap") else words


def _time(seconds: float) -> str:
    """Readable, not exact.

    >>> _time(42), _time(400), _time(9000)
    ('42 s', '7 min', '2.5 h')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
