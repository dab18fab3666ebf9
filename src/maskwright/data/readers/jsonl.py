"""JSONL: one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maskwright.data.column import RowsBuilder
from maskwright.data.findings import Findings, shorten
from maskwright.data.readers.text_lines import TextLines, in_steps
from maskwright.data.tables import LineNumbers, Table
from maskwright.errors import DataError, Problem

_SCAN = json.JSONDecoder().scan_once  # pyright: ignore[reportAttributeAccessIssue]


def read_file(path: Path, key: str) -> Table:
    """Read objects line by line; a key that an object lacks becomes None there.

    Raises:
        DataError: with every line that is not a JSON object (for an array, with how to turn it into lines).
    """
    del key
    reading, builder, numbers = _Reading(Findings()), RowsBuilder(), LineNumbers()
    with path.open("rb") as file:
        # Only \n ends a line: JSON text may hold U+2028 and its like, which str.splitlines would break at.
        lines = TextLines(file, str(path))
        for block in in_steps(reading.objects(lines)):
            builder.extend([row for _, row in block])
            numbers.extend(number for number, _ in block)
            if lines.fills_block():
                builder.flush()
    reading.findings.stop()
    if not builder.rows:
        raise DataError([Problem(str(path), "the file holds only blank lines", "Write one JSON object a line.")])
    notes = (f"{path}: blank lines between the rows were left out ({reading.blank:,}).",) if reading.blank else ()
    return Table(str(path), builder.columns(), builder.rows, numbers.lines(), notes)


def parse_line(line: str, where: str) -> dict[str, Any]:
    """The object on a line.

    Args:
        line: without the newline at its end.
        where: file and line, for messages.

    Raises:
        DataError: it is not JSON, or not an object.

    >>> parse_line('{"text": "a", "label": 1}', "a.jsonl, line 1")
    {'text': 'a', 'label': 1}
    """
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        what = f"this is not JSON: {_reason(error)}: {shorten(line.strip())}"
        remedy = 'Write one JSON object a line, such as {"text": "...", "label": "..."}.'
        raise DataError([Problem(where, what, _array(line) or remedy)]) from None
    if isinstance(row, dict):
        return row
    what = f"expected a JSON object, found {type(row).__name__} {shorten(row)}"
    remedy = _array(line) or 'Write {"text": ..., "label": ...} on each line.'
    raise DataError([Problem(where, what, remedy)])


@dataclass
class _Reading:
    """One pass over a file, with what is wrong on the way and how many blank lines were left out."""

    findings: Findings
    blank: int = 0

    def objects(self, lines: TextLines) -> Iterator[tuple[int, dict[str, Any]]]:
        """(line, object) of each line that holds one."""
        for number, line in enumerate(lines, start=1):
            if not line or line.isspace():
                self.blank += 1
                continue
            row = _object(line)
            if row is not None:
                yield number, row
                continue
            self._add_problem(line.removesuffix("\n"), lines.source, number)
            if number == 1 and line.strip() in ("[", "{"):
                # A document spread over lines: every further line would be reported for the same cause.
                lines.check_rest()
                return

    def _add_problem(self, line: str, source: str, number: int) -> None:
        try:
            parse_line(line, f"{source}, line {number}")
        except DataError as error:
            (problem,) = error.problems
            kind = "lines that are not objects" if problem.what.startswith("expected") else "lines that are not JSON"
            self.findings.add(kind, source, problem, number - 1)


def _object(line: str) -> dict[str, Any] | None:
    try:
        # What `json.loads` calls, without its search for blanks around the value, which takes as long as the value.
        row, end = _SCAN(line, 0)
        if line[end:] not in ("\n", "\r\n", ""):
            row = json.loads(line)
    except StopIteration:
        return _object(line.lstrip(" \t\r")) if line[0] in " \t\r" else None
    except (ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) else None


def _array(line: str) -> str:
    if not line.lstrip().startswith("["):
        return ""
    return "The file seems to be one JSON array; write its elements one a line, for example with: jq -c '.[]'."


def _reason(error: ValueError | RecursionError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at character {error.pos + 1}"
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
