"""Rewrite the list of files in docs/architecture.md: every source file with its purpose.

    python scripts/source_tree.py

The purpose is the first sentence of the module's docstring, so that it is written once.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "maskwright"
PAGE = ROOT / "docs" / "architecture.md"
ORDER = ("budgets", "patterns", "fills", "units", "data", "tasks", "objectives", "train", "evaluate", "report", "cli")
"""Folders in the order of the flow; others follow by name."""


def purpose(path: Path) -> str:
    """The first sentence of a module's docstring, without its full stop.

    >>> purpose(SOURCE / "select.py")
    'The only selection and the only rounding'
    """
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    paragraph = " ".join(text.partition("\n\n")[0].split())
    return re.split(r"(?<=[.?])\s", paragraph)[0].rstrip(".")


def tree() -> str:
    """The list, indented by folder."""
    lines = ["src/maskwright/"]
    lines += [_line(path, 1) for path in sorted(SOURCE.glob("*.py"))]
    folders = sorted(
        (path for path in SOURCE.iterdir() if path.is_dir() and any(path.glob("*.py"))),
        key=lambda path: (ORDER.index(path.name) if path.name in ORDER else len(ORDER), path.name),
    )
    for folder in folders:
        lines.append(f"  {folder.name}/")
        lines += [_line(path, 2) for path in sorted(folder.glob("*.py"))]
    return "\n".join(lines) + "\n"


def _line(path: Path, depth: int) -> str:
    return f"{'  ' * depth}{path.name}  ".ljust(28) + purpose(path)


def main() -> None:
    """Put the list into the page, in place of the one that is there."""
    page = PAGE.read_text(encoding="utf-8")
    block = re.compile(r"(?<=^```\n)src/maskwright/\n.*?(?=^```$)", re.MULTILINE | re.DOTALL)
    if not block.search(page):
        raise SystemExit(f"{PAGE}: there is no block that begins with src/maskwright/")
    PAGE.write_text(block.sub(lambda _: tree(), page, count=1), encoding="utf-8")


if __name__ == "__main__":
    main()
