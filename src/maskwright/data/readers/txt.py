"""Plain text: one text a line."""

from __future__ import annotations

from pathlib import Path

from maskwright.data.column import ColumnBuilder
from maskwright.data.readers.text_lines import TextLines, in_steps
from maskwright.data.tables import LineNumbers, Table
from maskwright.errors import DataError, Problem


def read_file(path: Path, key: str) -> Table:
    r"""Read lines into a column `text`; blank lines are left out and counted.

    Raises:
        DataError: the file is not UTF-8, or holds only blank lines.

    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "a.txt"
    >>> _ = path.write_text("one text\n\nanother\n")
    >>> read_file(path, "data.train").values("text")
    ['one text', 'another']
    """
    del key
    builder, numbers, kept = ColumnBuilder(), LineNumbers(), 0
    with path.open("rb") as file:
        lines = TextLines(file, str(path))
        texts = ((number, line.rstrip("\r\n")) for number, line in enumerate(lines, start=1) if line.strip())
        for block in in_steps(texts):
            builder.extend(text for _, text in block)
            numbers.extend(number for number, _ in block)
            kept += len(block)
            if lines.fills_block():
                builder.flush()
    if not kept:
        raise DataError([Problem(str(path), "the file holds only blank lines", "Write one text a line.")])
    notes = (f"{path}: blank lines were left out ({lines.count - kept:,}).",) if lines.count > kept else ()
    return Table(str(path), {"text": builder.column()}, kept, numbers.lines(), notes, usual={"text": "text"})
