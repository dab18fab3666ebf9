"""CoNLL files: a word and its tags a line, a blank line between sentences."""

from __future__ import annotations

from pathlib import Path

from maskwright.data.findings import Findings, shorten
from maskwright.data.readers.table_file import check_file, decode
from maskwright.data.tables import Table
from maskwright.errors import DataError, Problem

__all__ = ["EXTENSIONS", "parse_conll", "read_conll"]

EXTENSIONS = (".conll", ".conll2003", ".bio", ".iob", ".iob1", ".iob2", ".bioes", ".iobes", ".bilou", ".txt", ".tsv")

BETWEEN_DOCUMENTS = "-DOCSTART-"


def read_conll(path: str | Path, key: str = "data.train") -> Table:
    """Read a CoNLL file.

    Args:
        path: the file.
        key: the configuration key that names it, for messages.

    Raises:
        DataError: the file cannot be read, or lines have other numbers of columns than the first.
    """
    check_file(Path(path), key)
    return parse_conll(decode(Path(path)), str(path))


def parse_conll(text: str, source: str) -> Table:
    r"""Sentences of a CoNLL file: columns are named by their places from 0, each with a list of text a sentence.

    Columns are parted by tabs where the first line holds one, else by blanks. A line that begins with # and has another
    number of columns than the first word's is a comment, and lines of -DOCSTART- part documents.

    Raises:
        DataError: with every line that has another number of columns; or there is none.

    >>> table = parse_conll("# sent 1\nAnna B-PER\nsleeps O\n\nParis B-LOC\n", "a.conll")
    >>> table.values("0"), table.values("1"), table.lines
    ([['Anna', 'sleeps'], ['Paris']], [['B-PER', 'O'], ['B-LOC']], [2, 5])
    """
    lines = [line.rstrip("\r") for line in text.split("\n")]
    first = next((line for line in lines if _is_word(line)), None)
    if first is None:
        raise DataError([Problem(source, "the file holds no words", "Write a word and its tag a line.")])
    separator = "\t" if "\t" in first else None
    width, findings = len(first.split(separator)), Findings()
    sentences: list[list[list[str]]] = [[]]
    starts = [0]
    for number, line in enumerate(lines, start=1):
        cells = line.split(separator)
        if line.startswith(BETWEEN_DOCUMENTS) or not line.strip():
            if sentences[-1]:
                sentences.append([])
                starts.append(0)
        elif len(cells) == width:
            starts[-1] = starts[-1] or number
            sentences[-1].append(cells)
        elif not line.startswith("#"):
            what = f"expected {width} columns as on the first line, found {len(cells)}: {shorten(line)}"
            remedy = "Write a word and its tags on each line, and a blank line between sentences."
            findings.add(
                "lines with another number of columns", source, Problem(f"{source}, line {number}", what, remedy)
            )
    findings.stop()
    full = [(start, words) for start, words in zip(starts, sentences, strict=True) if words]
    columns = {f"{place}": [[cells[place] for cells in words] for _, words in full] for place in range(width)}
    return Table(source, columns, len(full), [start for start, _ in full], noun="sentence")


def _is_word(line: str) -> bool:
    return bool(line.strip()) and not line.startswith(("#", BETWEEN_DOCUMENTS))
