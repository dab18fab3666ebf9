"""The lines of a UTF-8 file, one after the other, with the number and the end of each."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import IO, TypeVar

from maskwright.data.column import BLOCK_BYTES
from maskwright.errors import DataError, Problem

Row = TypeVar("Row")

CHUNK = 1 << 20
"""Bytes that are read at a time."""

_STEP = 128


class TextLines:
    r"""Iterates over the lines of a file as text; holds some `CHUNK` bytes of it.

    A byte order mark at the beginning is left out. Lines keep their ends.

    Args:
        file: opened in binary mode, at its beginning.
        source: its name, for messages.
        any_end: lines end with \r too, as in CSV files, and not only with \n.

    Attributes:
        offset: bytes that were read, somewhat ahead of the last line.
        count: lines among them, if they end with \n alone.

    Raises:
        DataError: where the file is not UTF-8, with the byte and its line.

    >>> import io
    >>> list(TextLines(io.BytesIO(b"one\r\ntwo\rthree"), "a.txt"))
    ['one\r\n', 'two\rthree']
    >>> list(TextLines(io.BytesIO(b"one\r\ntwo\rthree"), "a.csv", any_end=True))
    ['one\r\n', 'two\r', 'three']
    """

    def __init__(self, file: IO[bytes], source: str, *, any_end: bool = False):
        self.file, self.source, self.any_end = file, source, any_end
        self.offset = self.count = self._block = 0

    def fills_block(self) -> bool:
        """Whether `BLOCK_BYTES` were read since it last was so."""
        is_full = self.offset - self._block > BLOCK_BYTES
        if is_full:
            self._block = self.offset
        return is_full

    def __iter__(self) -> Iterator[str]:
        # A file in memory cuts text into lines faster than a loop.
        newline = "" if self.any_end else "\n"
        return chain.from_iterable(io.StringIO(text, newline=newline) for text in self._texts())

    def check_rest(self) -> None:
        """Read on to the end of the file; raises `DataError` where it is not UTF-8."""
        for _ in self._texts():
            pass

    def _texts(self) -> Iterator[str]:
        """Whole lines, many at a time."""
        while raw := self.file.read(CHUNK):
            raw += b"" if raw.endswith(b"\n") else self.file.readline()
            content = raw if self.offset else self._begun(raw)
            try:
                text = content.decode()
            except UnicodeDecodeError as error:
                raise self._refused(content, self.offset + len(raw) - len(content), error) from None
            self.offset += len(raw)
            self.count += raw.count(b"\n") + (not raw.endswith(b"\n"))
            yield text

    def _begun(self, content: bytes) -> bytes:
        if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise DataError([_not_utf8(self.source, self.source, "the file is UTF-16, not UTF-8", "UTF-16")])
        return content.removeprefix(codecs.BOM_UTF8)

    def _refused(self, content: bytes, before: int, error: UnicodeDecodeError) -> DataError:
        number = self.count + content.count(b"\n", 0, error.start) + 1
        what = f"byte 0x{content[error.start]:02x} at position {before + error.start:,} is not UTF-8"
        return DataError([_not_utf8(self.source, f"{self.source}, line {number:,}", what, "LATIN1")])


def in_steps(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Rows a few at a time: so few that the garbage collector, which looks through lists and objects, finds no more."""
    rest = iter(rows)
    while step := list(islice(rest, _STEP)):
        yield step


def decode(path: Path) -> str:
    """Read a whole file as UTF-8, with or without a byte order mark.

    Raises:
        DataError: the file is not UTF-8; names the byte and its line.
    """
    with path.open("rb") as file:
        return "".join(TextLines(file, str(path)))


def _not_utf8(source: str, where: str, what: str, guess: str) -> Problem:
    return Problem(where, what, f"Save the file as UTF-8, for example: iconv -f {guess} -t UTF-8 '{source}' > utf8.csv")
