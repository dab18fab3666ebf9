"""The lines of a UTF-8 file, one after the other, with the number and the end of each."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, TypeVar

from maskwright.data.column import BLOCK, BLOCK_BYTES
from maskwright.errors import DataError, Problem

Row = TypeVar("Row")


class TextLines:
    r"""Iterates over the lines of a file as text, without holding more than one.

    A byte order mark at the beginning is left out. Lines keep their ends.

    Args:
        file: opened in binary mode, at the beginning of a line.
        source: its name, for messages.
        any_end: lines end with \r too, as in CSV files, and not only with \n.
        number: lines before the first that is read.
        offset: bytes before it.

    Attributes:
        number: of the last line, from 1.
        offset: bytes of the file up to the end of that line.

    Raises:
        DataError: where the file is not UTF-8, with the byte and its line.

    >>> import io
    >>> lines = TextLines(io.BytesIO(b"one\r\ntwo"), "a.txt")
    >>> [(line, lines.number, lines.offset) for line in lines]
    [('one\r\n', 1, 5), ('two', 2, 8)]
    """

    def __init__(self, file: IO[bytes], source: str, *, any_end: bool = False, number: int = 0, offset: int = 0):
        self.file, self.source, self.any_end = file, source, any_end
        self.number, self.offset = number, offset

    def __iter__(self) -> Iterator[str]:
        for raw in self.file:
            if self.any_end and b"\r" in raw and not (raw.endswith(b"\r\n") and raw.count(b"\r") == 1):
                yield from map(self._text, raw.splitlines(keepends=True))
            else:
                yield self._text(raw)

    def _text(self, raw: bytes) -> str:
        line = raw if self.offset else self._begun(raw)
        self.number += 1
        self.offset += len(raw)
        try:
            return line.decode()
        except UnicodeDecodeError as error:
            raise self._refused(line, error) from None

    def check_rest(self) -> None:
        """Read on to the end of the file; raises `DataError` where it is not UTF-8."""
        for _ in self:
            pass

    def _begun(self, line: bytes) -> bytes:
        if line.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise DataError([_not_utf8(self.source, self.source, "the file is UTF-16, not UTF-8", "UTF-16")])
        return line.removeprefix(codecs.BOM_UTF8)

    def _refused(self, line: bytes, error: UnicodeDecodeError) -> DataError:
        # Counted from the beginning of the file, in lines that end with \n.
        start, number = self.offset - len(line) + error.start, self.number
        if self.any_end and Path(self.source).is_file():
            number = 1 + Path(self.source).read_bytes()[:start].count(b"\n")
        what = f"byte 0x{line[error.start]:02x} at position {start:,} is not UTF-8"
        return DataError([_not_utf8(self.source, f"{self.source}, line {number:,}", what, "LATIN1")])


def in_blocks(rows: Iterable[Row], lines: TextLines) -> Iterator[list[Row]]:
    """Rows that are read off lines, in lists that take a bounded amount of memory.

    Args:
        rows: takes from `lines` what it needs for the next row.
        lines: says how many bytes were read.
    """
    block: list[Row] = []
    begins = lines.offset
    for row in rows:
        block.append(row)
        if len(block) == BLOCK or lines.offset - begins > BLOCK_BYTES:
            yield block
            block, begins = [], lines.offset
    if block:
        yield block


def decode(path: Path) -> str:
    """Read a whole file as UTF-8, with or without a byte order mark.

    Raises:
        DataError: the file is not UTF-8; names the byte and its line.
    """
    with path.open("rb") as file:
        return "".join(TextLines(file, str(path)))


def _not_utf8(source: str, where: str, what: str, guess: str) -> Problem:
    return Problem(where, what, f"Save the file as UTF-8, for example: iconv -f {guess} -t UTF-8 '{source}' > utf8.csv")
