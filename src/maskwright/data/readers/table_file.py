r"""Read one table, whatever it is stored in.

Values are taken as written. Readers that guess types turn a column with one bad label into text and an empty text into
nothing, without a word; here a CSV cell is text, and what is wrong with it is said by `check`.
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from functools import cache
from pathlib import Path
from typing import Any

from maskwright.data import readers
from maskwright.data.tables import Table
from maskwright.errors import DataError, Problem

READERS = {
    ".csv": "delimited",
    ".tsv": "delimited",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".conll": "conll",
    ".bio": "conll",
    ".iob": "conll",
}
"""Extension -> the file of this folder that reads it, where its name does not say so: `.parquet` is read by
parquet.py, which has a `read_file`."""


def read_table(path: str | Path, key: str = "data.train") -> Table:
    r"""Read a file of rows: CSV, TSV, JSONL, Parquet, CoNLL, or one text a line.

    Args:
        path: the file; its extension says what it is.
        key: the configuration key that names it, for messages.

    Raises:
        DataError: with all that is wrong with the file.

    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "a.csv"
    >>> _ = path.write_text("text,label\nfine,1\n")
    >>> read_table(path).values("text")
    ['fine']
    """
    path = Path(path)
    check_file(path, key)
    kind = path.suffix.lower()
    if kind not in extensions():
        raise DataError([Problem(f"{path}", _unknown(path), f"Known: {', '.join(extensions())}.")])
    if path.stat().st_size == 0:
        raise DataError([Problem(f"{path}", "the file is empty", f"Write it again, or change {key}.")])
    return _reader(kind).read_file(path, key)


@cache
def extensions() -> tuple[str, ...]:
    """The extensions of files that can be read as tables."""
    names = [module.name for module in pkgutil.iter_modules(readers.__path__)]
    formats = [name for name in names if "read_file" in vars(importlib.import_module(f"{readers.__name__}.{name}"))]
    return (*READERS, *(f".{name}" for name in formats if name not in READERS.values()))


def _reader(extension: str) -> Any:
    name = READERS.get(extension, extension.removeprefix("."))
    return importlib.import_module(f"{readers.__name__}.{name}")


def check_file(path: Path, key: str) -> None:
    """Say what is wrong with the path of a file, with the nearest that is there.

    Raises:
        DataError: there is no such file, or it is a folder.
    """
    if path.is_file():
        return
    if path.is_dir():
        what, remedy = f"{key} is a folder, not a file", f"Name a file in it{_listing(path)}, or set data.dataset."
    elif path.exists():
        what, remedy = f"{key} is not a regular file", "Write its content to a file first."
    elif path.parent.is_dir():
        names = [entry.name for entry in path.parent.iterdir()]
        nearest = difflib.get_close_matches(path.name, names, n=1, cutoff=0.5)
        hint = f"Did you mean '{path.parent / nearest[0]}'?" if nearest else f"Change {key}{_listing(path.parent)}."
        what, remedy = f"there is no such file ({key})", hint
    else:
        folder = next(parent for parent in path.absolute().parents if parent.is_dir())
        what = f"there is no such file ({key}), and no folder '{path.parent}'"
        remedy = f"The path is taken from {Path.cwd()}; the nearest folder that exists is {folder}."
    raise DataError([Problem(str(path), what, remedy)])


def _listing(folder: Path) -> str:
    names = sorted(entry.name for entry in folder.iterdir() if entry.suffix.lower() in extensions())
    listed = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
    return f" (there: {listed})" if names else " (no data file is there)"


def _unknown(path: Path) -> str:
    if path.suffix.lower() in (".gz", ".zip", ".bz2", ".xz", ".zst"):
        return f"the file is packed ('{path.suffix}'); unpack it first"
    if path.suffix.lower() in (".xlsx", ".xls", ".ods"):
        return f"'{path.suffix}' is a spreadsheet; save it as CSV (UTF-8) first"
    return (
        f"the extension '{path.suffix}' does not say what the file holds"
        if path.suffix
        else "the file has no extension, which says what it holds"
    )
