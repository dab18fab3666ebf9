"""Read one table, whatever it is stored in.

Values are taken as written. Readers that guess types turn a column with one bad label into text and an empty text into
nothing, without a word; here a CSV cell is text, and what is wrong with it is said by `check`.
"""

from __future__ import annotations

import difflib
from pathlib import Path

from maskwright.data.tables import Table
from maskwright.errors import DataError, Problem

EXTENSIONS = {
    ".csv": "CSV",
    ".tsv": "TSV",
    ".jsonl": "JSONL",
    ".ndjson": "JSONL",
    ".json": "JSONL",
    ".parquet": "Parquet",
}


def read_table(path: str | Path, key: str = "data.train") -> Table:
    """Read a CSV, TSV, JSONL or Parquet file.

    Args:
        path: the file; its extension says what it is.
        key: the configuration key that names it, for messages.

    Raises:
        DataError: with all that is wrong with the file.
    """
    path = Path(path)
    check_file(path, key)
    kind = EXTENSIONS.get(path.suffix.lower())
    if kind is None:
        raise DataError([Problem(f"{path}", _unknown(path), f"Known: {', '.join(EXTENSIONS)}.")])
    if path.stat().st_size == 0:
        raise DataError([Problem(f"{path}", "the file is empty", f"Write it again, or change {key}.")])
    if kind == "Parquet":
        from maskwright.data.readers.parquet import read_parquet

        return read_parquet([path], str(path))
    text = decode(path)
    if kind == "JSONL":
        from maskwright.data.readers.jsonl import parse_jsonl

        return parse_jsonl(text, str(path))
    from maskwright.data.readers.delimited import parse_delimited

    return parse_delimited(text, str(path), "\t" if kind == "TSV" else ",")


def decode(path: Path) -> str:
    """Read a file as UTF-8, with or without a byte order mark; name the byte and line that is not.

    Raises:
        DataError: the file is not UTF-8.
    """
    content = path.read_bytes()
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise DataError([_not_utf8(str(path), "the file is UTF-16, not UTF-8", "UTF-16")])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # The codec counts from after the byte order mark.
        start = error.start + (3 if content.startswith(b"\xef\xbb\xbf") else 0)
        line = content.count(b"\n", 0, start) + 1
        what = f"byte 0x{content[start]:02x} at position {start:,} is not UTF-8"
        raise DataError([_not_utf8(f"{path}, line {line:,}", what, "LATIN1")]) from None


def _not_utf8(where: str, what: str, guess: str) -> Problem:
    name = where.split(", line ")[0]
    return Problem(where, what, f"Save the file as UTF-8, for example: iconv -f {guess} -t UTF-8 '{name}' > utf8.csv")


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
    names = sorted(entry.name for entry in folder.iterdir() if entry.suffix.lower() in EXTENSIONS)
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
