"""CSV and TSV, every cell as the text that was written."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator

from maskwright.data.findings import Findings, shorten
from maskwright.data.tables import Table
from maskwright.errors import DataError, Problem

_NAMES = {",": "commas", "\t": "tabs", ";": "semicolons"}
_LARGEST_FIELD = 2**31 - 1

Rows = list[tuple[int, list[str]]]
"""(line on which the row begins, from 1; its cells)"""


def parse_delimited(text: str, source: str, delimiter: str) -> Table:
    """Read rows below a header line; cells stay text.

    Quotes follow RFC 4180: inside them commas and newlines are text, and a quote is written twice. A TSV whose lines
    all fit the header when quotes are plain characters, and do not otherwise, is read that way: many TSV files know no
    quotes.

    Raises:
        DataError: an open quote, rows with more or fewer cells than the header, names that occur twice, no rows.
    """
    notes = []
    actual = _delimiter(text, delimiter)
    if actual != delimiter:
        notes.append(f"{source}: read as separated by {_NAMES[actual]}, as its header is.")
    if actual == "\t" and '"' in text and _quotes_are_plain(text):
        notes.append(f"{source}: quotes are read as plain characters.")
        rows = list(_rows(text, actual, quoted=False))
    else:
        rows = _quoted_rows(text, source, actual)
    # A blank line is a row without cells.
    filled = [(line, cells) for line, cells in rows if cells]
    if len(filled) < len(rows):
        notes.append(f"{source}: blank lines were left out ({len(rows) - len(filled):,}).")
    return _table(filled, source, actual, tuple(notes))


def _rows(text: str, delimiter: str, quoted: bool) -> Iterator[tuple[int, list[str]]]:
    quoting = csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
    limit = csv.field_size_limit(_LARGEST_FIELD)
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting, strict=True)
        line = 1
        for cells in reader:
            yield line, cells
            line = reader.line_num + 1
    finally:
        csv.field_size_limit(limit)


def _quoted_rows(text: str, source: str, delimiter: str) -> Rows:
    rows: Rows = []
    try:
        for row in _rows(text, delimiter, quoted=True):
            rows.append(row)
    except csv.Error as error:
        line = rows[-1][0] + _height(rows[-1][1]) if rows else 1
        shown = shorten(text.split("\n")[line - 1] if line <= text.count("\n") + 1 else "")
        reason = "a quote is opened and never closed" if "end of data" in str(error) else str(error)
        remedy = 'A quote within a quoted text is written twice ("").'
        raise DataError([Problem(f"{source}, line {line}", f"{reason}: {shown}", remedy)]) from None
    return rows


def _height(cells: list[str]) -> int:
    return 1 + sum(cell.count("\n") for cell in cells)


def _quotes_are_plain(text: str) -> bool:
    plain = list(_rows(text, "\t", quoted=False))
    if len({len(cells) for _, cells in plain if cells}) != 1:
        return False
    try:
        quoted = list(_rows(text, "\t", quoted=True))
    except csv.Error:
        return True
    # A quote that opens one text and closes with another swallows the rows between them.
    return len(quoted) != len(plain) or any(len(q[1]) != len(p[1]) for q, p in zip(quoted, plain, strict=True))


def _delimiter(text: str, delimiter: str) -> str:
    header = text.split("\n", 1)[0]
    if delimiter in header:
        return delimiter
    return max(_NAMES, key=header.count) if any(map(header.count, _NAMES)) else delimiter


def _table(rows: Rows, source: str, delimiter: str, notes: tuple[str, ...]) -> Table:
    if not rows:
        raise DataError([Problem(source, "the file holds only blank lines", "Write a header and rows.")])
    header = [name or f"column {number}" for number, name in enumerate(rows[0][1], start=1)]
    findings = Findings()
    for name, count in Counter(header).items():
        if count > 1:
            problem = Problem(f"{source}, line 1", f"the header has '{name}' {count} times", "Rename the columns.")
            findings.add("names that occur twice", source, problem)
    body = rows[1:]
    if not body:
        remedy = "Add rows below it. (The first line is always taken as the header.)"
        findings.add("no rows", source, Problem(source, f"there is only a header, {header}", remedy))
    lines = [line for line, _ in body]
    for number, (line, cells) in enumerate(body):
        if len(cells) != len(header):
            what = f"the row has {len(cells)} values, the header {len(header)} names: {shorten(delimiter.join(cells))}"
            remedy = f"Put quotes around a text that holds {_NAMES[delimiter]}, or fill in what is missing."
            where = f"{source}, row {number + 1} (line {line})"
            findings.add("rows with more or fewer values", source, Problem(where, what, remedy), number)
    findings.stop()
    columns = {name: [cells[index] for _, cells in body] for index, name in enumerate(header)}
    return Table(source, columns, len(body), lines, notes)
