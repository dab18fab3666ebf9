"""`metrics.jsonl`: one line for every optimiser step and every evaluation, and nothing that a resumed run would add."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from maskwright.train.files import sync, write_text

__all__ = ["MetricsLog", "read_metrics"]


class MetricsLog:
    """Appends to the file; numbers are written so that they read back equal to the bit.

    Args:
        path: of the file.
        active: whether this process writes; the others keep silent.
    """

    def __init__(self, path: Path, active: bool = True):
        self.path, self.active = path, active

    def rewind(self, step: int) -> None:
        """Drop what was logged after this step, and a last line that was cut short."""
        if not self.active or not self.path.exists():
            return
        kept = [line for line in read_metrics(self.path) if line["step"] <= step]
        write_text(self.path, "".join(f"{json.dumps(line)}\n" for line in kept))

    def add(self, **entry: Any) -> None:
        """Append a line; it is with the operating system before this returns, so a killed process loses none."""
        if self.active:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(f"{json.dumps(entry)}\n")

    def sync(self) -> None:
        """Bring the file to the disk."""
        if self.active and self.path.exists():
            sync(self.path)


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """The lines of a metrics file, up to the first that is not whole."""
    lines = []
    for text in path.read_text(encoding="utf-8").splitlines():
        try:
            lines.append(json.loads(text))
        except ValueError:
            break
    return lines
