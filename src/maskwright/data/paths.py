"""Files that rows name, and bytes that they hold."""

from __future__ import annotations

import difflib
from functools import partial
from pathlib import Path
from typing import Any

from maskwright.data.column import Column
from maskwright.data.findings import Findings, shorten
from maskwright.data.splits import Fault, Split
from maskwright.data.tables import Table
from maskwright.errors import DataError, Problem


def folder_of(table: Table, section: Any) -> Path:
    """The folder that paths in a table are taken from: `data.root`, else the table's own."""
    return Path(table.source).parent if section.paths_from is None else Path(section.paths_from)


def check_root(section: Any) -> None:
    """Raise a `DataError` where `data.root` names no folder."""
    root = section.paths_from
    if root is not None and not Path(root).is_dir():
        what = f"there is no such folder (data.root); the path is taken from {Path.cwd()}"
        raise DataError([Problem(root, what, "Change data.root.")])


def is_filled(value: Any) -> bool:
    """Whether a cell holds a text that may name something."""
    return isinstance(value, str) and bool(value.strip())


def joined_paths(column: Column, folder: Path) -> Column:
    """Paths from where the program runs; values that are no text stay."""
    return Column.of(str(folder / value) if is_filled(value) else value for value in column)


def nearest_file(path: Path) -> str:
    """The file that was probably meant, as a sentence."""
    if "\\" in path.name:
        return "Write its path with / between folders."
    if not path.parent.is_dir():
        return f"There is no folder '{path.parent}' either."
    names = [entry.name for entry in path.parent.iterdir()]
    by_lower = {name.lower(): name for name in names}
    alike = by_lower.get(path.name.lower()) or next(iter(difflib.get_close_matches(path.name, names, 1, 0.8)), None)
    return f"Did you mean '{path.parent / alike}'?" if alike else "Correct the path or remove the row."


def fault_of_cell(value: Any, noun: str) -> Fault | None:
    """(kind, what, remedy) of a cell that names no file; None if it may."""
    if is_filled(value):
        if not value.startswith(("http://", "https://")):
            return None
        remedy = f"Download the {noun}s and name the files."
        return "web addresses", "is a web address, which is not fetched", remedy
    if value is None or isinstance(value, str):
        return "empty cells", f"names no {noun}", "Fill in a path or remove the row."
    what = f"is of type {type(value).__name__}, expected the path of a {noun}"
    return "cells that are no paths", what, f"Write each {noun} to a file of its own and name it here."


def check_paths(split: Split, role: str, folder: Path, findings: Findings) -> None:
    """Find cells that name no file.

    Args:
        split: of a table, with the paths as they are written.
        role: that holds them.
        folder: that they are taken from.
        findings: where problems go.
    """
    split.check(split.columns.roles[role], split.values(role), partial(file_fault, folder=folder), findings)


def file_fault(value: Any, folder: Path) -> Fault | None:
    """(kind, what, remedy) of a cell that names no file in a folder; None if it does."""
    fault = fault_of_cell(value, "file")
    if fault is not None:
        kind, what, remedy = fault
        return kind, f"{shorten(value)} {what}", remedy
    path = folder / value
    if path.is_file():
        return None
    if path.is_dir():
        return "folders", f"{shorten(value)} is a folder, not a file", "Name a file in it."
    taken = f" Paths are taken from '{folder.resolve()}' (data.root)."
    return "files that do not exist", f"{shorten(value)} does not exist", nearest_file(path) + taken


def check_bytes(split: Split, role: str, findings: Findings) -> None:
    """Find values that are no bytes, or none at all."""
    split.check(split.columns.roles[role], split.values(role), bytes_fault, findings)


def bytes_fault(value: Any) -> Fault | None:
    """(kind, what, remedy) of a value that is no bytes, or none at all; None if nothing is wrong."""
    remedy = "Parquet files hold bytes; fill it in or remove the row."
    if not isinstance(value, bytes):
        return "values that are not bytes", f"expected bytes, found {type(value).__name__} {shorten(value)}", remedy
    return None if value else ("empty values", "the value is empty", remedy)
