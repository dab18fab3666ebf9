"""Where commands speak: results on standard output, everything else on standard error."""

from __future__ import annotations

import sys
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


@cache
def console() -> Console:
    """The console for progress, notes and warnings (standard error)."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)


@cache
def output() -> Console:
    """The console for results (standard output)."""
    from rich.console import Console

    return Console(highlight=False)


def say_notes(*notes: str) -> None:
    """Print what a person should know about a result, a line each; empty ones are left out."""
    for note in filter(None, notes):
        console().print(f"note: {note}", markup=False, soft_wrap=True)


def say_error(message: str) -> None:
    """Print an error a person can act on; plain text, so that nothing in it is read as markup."""
    from rich.text import Text

    text = Text("error: ", style="bold red")
    text.append(message, style="default")
    sys.stdout.flush()
    console().print(text, soft_wrap=True)
