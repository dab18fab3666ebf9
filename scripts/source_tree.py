"""Rewrite the list of files in docs/architecture.md: every source file with its purpose.

    python scripts/source_tree.py

The purpose is the first sentence of the module's docstring, or of a template's first comment, so that it is written
once.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "maskwright"
PAGE = ROOT / "docs" / "architecture.md"
ORDER = (
    *("backend", "geometry", "budgets", "patterns", "fills", "units", "compact", "engine"),
    *("text", "vision", "audio", "presets", "adapters", "testing", "audit", "config", "data", "objectives", "tasks"),
    *("train", "evaluate", "report", "preview", "cli"),
)
"""Folders in the order in which they are built on each other; others follow by name."""


def files(folder: Path) -> list[Path]:
    """Modules and templates of a folder."""
    return sorted([*folder.glob("*.py"), *folder.glob("*.jinja")])


def purpose(path: Path) -> str:
    """The first sentence of what a file says of itself, without its full stop.

    >>> purpose(SOURCE / "geometry" / "select.py")
    'The only selection and the only rounding'
    """
    content = path.read_text(encoding="utf-8")
    if path.suffix == ".jinja":
        comment = re.match(r"\{#\s*(.*?)\s*#\}", content, re.DOTALL)
        text = comment[1] if comment else ""
    else:
        text = ast.get_docstring(ast.parse(content)) or ""
    paragraph = " ".join(text.partition("\n\n")[0].split())
    return re.split(r"(?<=[.?])\s", paragraph)[0].rstrip(".")


def tree() -> str:
    """The list, indented by folder."""
    return "\n".join(["src/maskwright/", *_folder(SOURCE, 1)]) + "\n"


def _folder(folder: Path, depth: int) -> list[str]:
    """The files of a folder, then its folders with theirs."""
    lines = [f"{'  ' * depth}{path.name}  ".ljust(30) + purpose(path) for path in files(folder)]
    rooms = [path for path in folder.iterdir() if path.is_dir() and any(path.glob("*.py"))]
    for room in sorted(rooms, key=lambda path: (ORDER.index(path.name) if path.name in ORDER else -1, path.name)):
        lines += [f"{'  ' * depth}{room.name}/", *_folder(room, depth + 1)]
    return lines


def main() -> None:
    """Put the list into the page, in place of the one that is there."""
    page = PAGE.read_text(encoding="utf-8")
    block = re.compile(r"(?<=^```\n)src/maskwright/\n.*?(?=^```$)", re.MULTILINE | re.DOTALL)
    if not block.search(page):
        raise SystemExit(f"{PAGE}: there is no block that begins with src/maskwright/")
    PAGE.write_text(block.sub(lambda _: tree(), page, count=1), encoding="utf-8")


if __name__ == "__main__":
    main()
