"""Short descriptions of functions and classes, read from the source files of installed libraries.

Files are parsed, never imported: nothing of a library runs.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path

_LEFT_OUT = ("test", "_vendor", "vendor", "extern", "third_party", "conftest", "modular_", "setup")
"""Beginnings of file and folder names: tests, other people's code, and files that repeat others."""

_LARGEST_FILE = 300_000
"""Bytes; larger ones are mostly tables and generated code."""

_MARKUP = (
    (re.compile(r":math:`[^`]*`|https?://\S+|\[\d+\]_?|``?`?\{[^}]*\}"), " "),
    (re.compile(r":[a-z:+-]+:`~?\.?([^`<]*?)(?:\s*<[^>]*>)?`"), r"\1"),
    (re.compile(r"\[`?~?([^\]`]+)`?\](?:\([^)]*\))?"), r"\1"),
    (re.compile(r"(?<=\w)`+_*(?!\w)|[`*|]+|~(?=\w)|</?\w+[^>]*>"), " "),
)

_ENDS = re.compile(
    r"^\s*(?:[-=~]{3,}\s*$|(?:Args?|Arguments|Parameters|Returns?|Examples?|Notes?|Raises|Attributes|References|Shape|"
    r"Inputs?|Outputs?|See Also|Yields|Keyword args)\b\s*:*\s*$|\w+ \(.*\) ?:|>>>|\.\. |:param|:arg|#|```|@|\|)",
    re.MULTILINE | re.IGNORECASE,
)

_TEMPLATE = re.compile(r"%\(\w+\)|\{\w*\}|\$\{?\w|\\[a-z]{3,}")


def source_files(library: str) -> list[tuple[str, Path]]:
    """(name from the library's folder on, path) of its source files, in an order that only their names decide.

    An empty list if the library is not installed.
    """
    spec = importlib.util.find_spec(library)
    if spec is None or not spec.submodule_search_locations:
        return []
    root = Path(spec.submodule_search_locations[0])
    named = [(path.relative_to(root.parent).as_posix(), path) for path in root.rglob("*.py")]
    kept = [(name, path) for name, path in named if not any(part.startswith(_LEFT_OUT) for part in name.split("/"))]
    # A hash of the name, so that the first files are from everywhere in the library.
    return sorted(kept, key=lambda file: hashlib.sha256(f"docstrings of {file[0]}".encode()).digest())


def descriptions(path: Path, *, fewest: int = 8, most: int = 40) -> Iterator[str]:
    """The beginnings of a file's docstrings as plain text of `fewest` to `most` words.

    Text ends where a list of parameters, an example or a formula begins; docstrings that are templates are left out.
    """
    if path.stat().st_size > _LARGEST_FILE:
        return
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        # Templates and files for another Python.
        return
    for node in _definitions(tree):
        words = plain(ast.get_docstring(node) or "").split()
        if len(words) >= fewest:
            yield " ".join(words[:most])


def _definitions(parent: ast.Module | ast.ClassDef) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    """Functions and classes of a module, and the methods of classes; not what a function defines for itself."""
    for node in parent.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node
        if isinstance(node, ast.ClassDef):
            yield from _definitions(node)


def plain(docstring: str) -> str:
    r"""Keep the prose before the first list, example or formula, without its markup.

    >>> plain("Compute the `norm` of :func:`numpy.linalg.svd`.\n\nParameters\n----------\nx : array")
    'Compute the norm of numpy.linalg.svd.'
    """
    end = _ENDS.search(docstring)
    prose = docstring[: end.start()] if end else docstring
    if _TEMPLATE.search(prose):
        return ""
    for pattern, replacement in _MARKUP:
        prose = pattern.sub(replacement, prose)
    return " ".join(re.sub(r"\s+([.,;:)])", r"\1", prose).split())
