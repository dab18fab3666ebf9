"""Tables: rows of numbers, or one series of them."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from maskwright.grid import Grid
from maskwright.preview.sample import Sample, unreadable

LONGEST = 512
"""Rows of a series that are shown."""
NAMES = {",": "commas", ";": "semicolons", "\t": "tabs"}


def read(path: Path, wanted: Mapping[str, int], examples: int) -> Sample:
    """The numeric columns of a table.

    Args:
        path: of a CSV or TSV file with a header; commas, semicolons and tabs are told apart. Columns that hold
            anything but numbers are left out.
        wanted: with an axis besides `feature` (`time`, `token`) the table is one series whose rows lie along it;
            otherwise each row is an example.
        examples: how many rows, or draws of a series.

    Raises:
        DataError: no header, no rows, or no numeric column.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            usual = "\t" if path.suffix.lower() == ".tsv" else ","
            delimiter = _delimiter(file.readline(), usual)
            file.seek(0)
            rows = list(csv.reader(file, delimiter=delimiter))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise unreadable(path, f"cannot be read as a table: {error}", "Give a CSV file in UTF-8.") from None
    rows = [row for row in rows if row]
    if len(rows) < 2:
        lines = "a single line" if rows else "no lines"
        raise unreadable(path, f"found {lines}", "Expected a header and at least one row.")
    header, body = rows[0], rows[1:]
    uneven = next((number for number, row in enumerate(body, 2) if len(row) != len(header)), None)
    if uneven is not None:
        first = f"line {uneven} has {len(body[uneven - 2])} values, the header {len(header)} columns"
        raise unreadable(path, first, "Give every row a value for every column, if only an empty one.")
    columns = {name: _numbers([row[place] for row in body]) for place, name in enumerate(header)}
    numeric = {name: values for name, values in columns.items() if values is not None}
    if not numeric:
        raise unreadable(path, f"no column of numbers among {', '.join(header)}", "Masking a table needs numbers.")
    notes = [] if delimiter == usual else [f"read as separated by {NAMES[delimiter]}, as its header is"]
    left_out = [name for name in columns if name not in numeric]
    if left_out:
        notes.append(f"columns left out, which hold more than numbers: {', '.join(left_out)}")
    x = np.stack(list(numeric.values()), axis=1).astype(np.float32)
    names = tuple(numeric)
    if "feature" in wanted and len(wanted) == 2:
        if len(x) > LONGEST:
            notes.append(f"the first {LONGEST} of {len(x):,} rows are shown")
        x = x[:LONGEST]
        series = np.repeat(x[None, :, :, None], examples, axis=0)
        grid = Grid(**{next(iter(wanted)): len(x), "feature": len(names)})
        return Sample("table", series, grid, series[:1], names, ids=np.arange(examples), notes=tuple(notes))
    chosen = x[:examples, :, None]
    grid, ids = Grid(feature=len(names)), np.arange(len(chosen))
    return Sample("table", chosen, grid, x[:, :, None], names, ids=ids, notes=tuple(notes))


def _delimiter(header: str, usual: str) -> str:
    """The one that the file's ending stands for, unless only another one is found in the header."""
    if usual in header:
        return usual
    try:
        return csv.Sniffer().sniff(header, delimiters="".join(NAMES)).delimiter
    except csv.Error:
        return usual  # a single column


def _numbers(values: list[str]) -> np.ndarray | None:
    try:
        return np.array([float(value) if value.strip() else np.nan for value in values])
    except ValueError:
        return None
