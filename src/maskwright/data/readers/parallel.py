"""Parallel texts: files whose lines belong together."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from maskwright.data.column import Column, ColumnBuilder
from maskwright.data.readers.table_file import check_file
from maskwright.data.readers.text_lines import TextLines, in_steps
from maskwright.data.tables import Table
from maskwright.errors import DataError, Problem


def read_parallel(files: Mapping[str, str | Path], key: str = "data.train") -> Table:
    r"""Read files with one sentence a line; the same line of each is the same sentence.

    Blank lines are kept, as leaving one out would shift the lines below it against the other file.

    Args:
        files: role -> file, such as `{"source": "train.en", "target": "train.fr"}`.
        key: the configuration key that names them, for messages.

    Returns:
        A column of text for each role.

    Raises:
        DataError: a file is missing or not UTF-8, or they have different numbers of lines.

    >>> import tempfile, pathlib
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> _ = (folder / "a.en").write_text("one\ntwo\n"), (folder / "a.fr").write_text("un\ndeux\n")
    >>> read_parallel({"source": folder / "a.en", "target": folder / "a.fr"}).values("target")
    ['un', 'deux']
    """
    if len(files) < 2:
        what = f"{key} names {len(files)} file{'' if len(files) == 1 else 's'}; expected one for each language"
        remedy = f"Write {key}: {{source: train.en, target: train.fr}}."
        raise DataError([Problem(", ".join(map(str, files.values())) or key, what, remedy)])
    columns, lengths = {}, {}
    for role, name in files.items():
        path = Path(name)
        check_file(path, f"{key}.{role}")
        columns[role] = _lines(path)
        lengths[str(path)] = len(columns[role])
    source, rows = ", ".join(lengths), next(iter(lengths.values()))
    if set(lengths.values()) != {rows}:
        counts = ", ".join(f"{count:,} in {name}" for name, count in lengths.items())
        what = f"the files have different numbers of lines: {counts}"
        raise DataError([Problem(source, what, "The same line of each has to be the same sentence; align them again.")])
    if not rows:
        raise DataError([Problem(source, "the files are empty", f"Write one sentence a line, or change {key}.")])
    return Table(source, columns, rows, roles={role: role for role in files})


def _lines(path: Path) -> Column:
    builder = ColumnBuilder()
    with path.open("rb") as file:
        lines = TextLines(file, str(path))
        for block in in_steps(line.rstrip("\r\n") for line in lines):
            builder.extend(block)
            if lines.fills_block():
                builder.flush()
    return builder.column()
