"""Write the type stubs of the packages whose names are loaded when they are first used.

    python scripts/stubs.py

`maskwright/__init__.pyi` names everything that is public, and those of the families (`patterns`, `fills`, `budgets`)
their strategies besides what the package itself defines. All follow from the names of files; nothing is listed here.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import maskwright
from maskwright import strategy

SOURCE = Path(__file__).parents[1] / "src" / "maskwright"
HEADER = "# Written by scripts/stubs.py.\n"


def stubs() -> dict[Path, str]:
    """File -> text of every stub.

    >>> "from maskwright.patterns.mix import Mix as Mix" in stubs()[SOURCE / "patterns" / "__init__.pyi"]
    True
    """
    return {SOURCE / "__init__.pyi": _top(), **{SOURCE / f / "__init__.pyi": _family(f) for f in maskwright.FAMILIES}}


def _top() -> str:
    lines = [f"from maskwright import {family} as {family}" for family in maskwright.FAMILIES]
    lines += [f"from maskwright.{home} import {name} as {name}" for name, home in maskwright.HOMES.items()]
    return HEADER + "\n".join([*sorted(lines), *_variables(ast.parse((SOURCE / "__init__.py").read_text("utf-8")))])


def _variables(module: ast.Module) -> list[str]:
    """Annotations of the module's public constants, whose values are made when it is loaded."""
    types = {"FAMILIES": "tuple[str, ...]", "OTHERS": "dict[str, str]", "HOMES": "dict[str, str]"}
    names = [statement.targets[0] for statement in module.body if isinstance(statement, ast.Assign)]
    return [
        f"{ast.unparse(name)}: {types.get(ast.unparse(name), 'str')}"
        for name in names
        if ast.unparse(name) != "__all__"
    ]


def _family(family: str) -> str:
    """What the package itself defines, without bodies, and its strategies."""
    package = f"maskwright.{family}"
    module = ast.parse((SOURCE / family / "__init__.py").read_text("utf-8"))
    body = [_outline(statement) for statement in module.body[1:] if not _is_private(statement)]
    outlines = [ast.unparse(statement) for statement in body if not isinstance(statement, ast.ImportFrom)]
    used = set(re.findall(r"\w+", "\n".join(outlines)))
    imports = [ast.unparse(kept) for one in body if isinstance(one, ast.ImportFrom) for kept in _used(one, used)]
    for name in strategy.names(package):
        title = strategy.class_name(name)
        imports.append(f"from {package}.{name.replace('-', '_')} import {title} as {title}")
    return HEADER + "\n".join([*imports, *outlines])


def _used(statement: ast.ImportFrom, names: set[str]) -> list[ast.ImportFrom]:
    """The import with the names that are used; none if it has none of them."""
    statement.names = [alias for alias in statement.names if (alias.asname or alias.name) in names]
    return [statement] if statement.names else []


def _is_private(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.FunctionDef) and statement.name.startswith("_")


def _outline(statement: ast.stmt) -> ast.stmt:
    """Functions without their bodies, fields without their values."""
    if isinstance(statement, ast.FunctionDef):
        statement.body = [ast.Expr(ast.Constant(...))]
    if isinstance(statement, ast.ClassDef):
        members = [_outline(member) for member in statement.body if not _is_docstring(member)]
        statement.body = members or [ast.Expr(ast.Constant(...))]
    if isinstance(statement, ast.AnnAssign):
        statement.value = ast.Constant(...)
    return statement


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def main() -> None:
    """Write all stubs, in the format of the other files."""
    for path, text in stubs().items():
        for command in (["check", "--select", "I", "--fix"], ["format"]):
            ruff = [sys.executable, "-m", "ruff", *command, "--quiet", "--stdin-filename", str(path), "-"]
            text = subprocess.run(ruff, input=text, capture_output=True, text=True, check=True).stdout
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
