"""JSONL: one JSON object a line."""

from __future__ import annotations

import json
from typing import Any

from maskwright.data.findings import Findings, shorten
from maskwright.data.tables import Table
from maskwright.errors import DataError, Problem


def parse_jsonl(text: str, source: str) -> Table:
    """Read objects line by line; a key that an object lacks becomes None there.

    Raises:
        DataError: with every line that is not a JSON object (for an array, with how to turn it into lines).
    """
    findings, objects, lines, blank = Findings(), [], [], 0
    # Only \n ends a line: JSON text may hold U+2028 and its like, which str.splitlines would break at.
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            blank += 1
            continue
        found = _parse(line, source, number, findings)
        if found is not None:
            objects.append(found)
            lines.append(number)
        elif number == 1 and line.lstrip().startswith(("[", "{")) and len(line.strip()) == 1:
            # A document spread over lines: every further line would be reported for the same cause.
            break
    findings.stop()
    if not objects:
        raise DataError([Problem(source, "the file holds only blank lines", "Write one JSON object a line.")])
    blank -= len(text) > 0 and text.endswith("\n")
    header = dict.fromkeys(key for found in objects for key in found)
    columns = {key: [found.get(key) for found in objects] for key in header}
    notes = (f"{source}: blank lines between the rows were left out ({blank:,}).",) if blank > 0 else ()
    return Table(source, columns, len(objects), lines, notes)


def _parse(line: str, source: str, number: int, findings: Findings) -> dict[str, Any] | None:
    where, row = f"{source}, line {number}", number - 1
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        what = f"this is not JSON: {_reason(error)}: {shorten(line.strip())}"
        remedy = 'Write one JSON object a line, such as {"text": "...", "label": "..."}.'
        findings.add("lines that are not JSON", source, Problem(where, what, _array(line) or remedy), row)
        return None
    if isinstance(found, dict):
        return found
    what = f"expected a JSON object, found {type(found).__name__} {shorten(found)}"
    remedy = _array(line) or 'Write {"text": ..., "label": ...} on each line.'
    findings.add("lines that are not objects", source, Problem(where, what, remedy), row)
    return None


def _array(line: str) -> str:
    if not line.lstrip().startswith("["):
        return ""
    return "The file seems to be one JSON array; write its elements one a line, for example with: jq -c '.[]'."


def _reason(error: ValueError | RecursionError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at character {error.pos + 1}"
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
