"""Shards of texts and tables, row by row in the order of the files, without decoding what is passed over.

A row is at first what the file holds: a line, the cells of a line, a place in a batch of Parquet. `decode` makes values
of it. So a reader that wants every eighth row parses one in eight.
"""

from __future__ import annotations

import csv
import gzip
import io
import lzma
import zlib
from collections.abc import Generator, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import IO, Any, NamedTuple

from maskwright.data.readers.delimited import large_fields, names_of, quotes_are_plain, separator, split_rows, unequal
from maskwright.data.readers.jsonl import parse_line
from maskwright.errors import DataError, Problem

FORMATS = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".csv": "delimited",
    ".tsv": "delimited",
    ".txt": "text",
    ".parquet": "parquet",
}
"""Extension, before that of a compression, -> how a shard is read."""

PACKED = (".gz", ".bz2", ".xz", ".zst")
"""Extensions of compressions. One is undone while reading; a place in such a shard is reached by unpacking what is
before it, but without parsing it."""

DAMAGED = (OSError, EOFError, zlib.error, lzma.LZMAError, csv.Error, ValueError, NotImplementedError)
"""What readers of damaged shards raise; Arrow's errors are among them."""

State = Mapping[str, int]
"""Where in a shard the next row is; numbers by name, for JSON."""

_HEADER_LINES = 1000
_PARQUET_BATCH = 1024
_BUFFER = 1 << 20


class Raw(NamedTuple):
    """A row as it is stored.

    Attributes:
        shard: the file.
        row: its number in the shard, from 1.
        line: where it begins, from 1, if the shard has lines.
        content: what `decode` makes values of.
        kind: how.
    """

    shard: str
    row: int
    line: int | None
    content: Any
    kind: str

    @property
    def where(self) -> str:
        """For messages."""
        return f"{self.shard}, row {self.row}" + ("" if self.line is None else f" (line {self.line})")


def decode(raw: Raw) -> dict[str, Any]:
    """The values of a row by column.

    Raises:
        DataError: it cannot be read; names shard and row.
    """
    if raw.kind == "parquet":
        batch, index = raw.content
        return {name: batch.column(name)[index].as_py() for name in batch.schema.names}
    if raw.kind == "delimited":
        header, delimiter, cells = raw.content
        values = dict(zip(header, map(_checked_text, cells, [raw.where] * len(cells)), strict=False))
        if len(cells) != len(header):
            raise DataError([Problem(raw.where, *unequal(cells, header, delimiter))])
        return values
    try:
        line = raw.content.decode("utf-8-sig" if raw.row == 1 else "utf-8")
    except UnicodeDecodeError as error:
        raise _not_utf8(raw.where, raw.content[error.start]) from None
    return {"text": line.rstrip("\r\n")} if raw.kind == "text" else parse_line(line.removesuffix("\n"), raw.where)


def kind_of(shard: str) -> str:
    """How a shard is read, by its name.

    Raises:
        DataError: the name does not say it.

    >>> kind_of("s3://corpus/part-07.jsonl.gz"), kind_of("a.parquet")
    ('jsonl', 'parquet')
    """
    name = shard.rsplit("/", 1)[-1].lower()
    for packed in PACKED:
        name = name.removesuffix(packed)
    kind = FORMATS.get(Path(name).suffix)
    if kind is None:
        what = "the extension does not say what the shard holds"
        remedy = f"Known: {', '.join(FORMATS)}, and {', '.join(PACKED)} behind them."
        raise DataError([Problem(shard, what, remedy)])
    return kind


class Shard:
    """An open shard: iterates over its rows from a state on, and knows the state of the next row.

    Args:
        name: a path, or an address that fsspec opens.
        state: where to begin; None for the first row.
        columns: of Parquet, the only ones to read; None for all.

    Attributes:
        row: rows before the next one.
    """

    def __init__(self, name: str, state: State | None = None, columns: tuple[str, ...] | None = None):
        self.name, self.kind = name, kind_of(name)
        self.row, self.line, self.offset = 0, 0, 0
        self.columns = columns
        self._start = dict(state) if state is not None and state["row"] else {}  # behind the header, at least
        self._rows = self._opened()

    @property
    def state(self) -> dict[str, int]:
        """Where the next row is."""
        return {"row": self.row, "line": self.line, "offset": self.offset}

    def __iter__(self) -> Iterator[Raw]:
        return self._rows

    def _opened(self) -> Generator[Raw]:
        readers = {"parquet": self._parquet, "delimited": self._delimited}
        yield from readers.get(self.kind, self._lines)()

    def close(self) -> None:
        """Close the file."""
        self._rows.close()

    def _resume(self, file: IO[bytes]) -> None:
        if self._start:
            self.row, self.line, self.offset = (self._start[name] for name in ("row", "line", "offset"))
            file.seek(self.offset)

    def _lines(self) -> Iterator[Raw]:
        with open_shard(self.name) as file:
            self._resume(file)
            for line in file:
                self.line += 1
                self.offset += len(line)
                if line.strip():
                    self.row += 1
                    yield Raw(self.name, self.row, self.line, line, self.kind)

    def _delimited(self) -> Iterator[Raw]:
        with open_shard(self.name) as file:
            begin = [line.decode("utf-8-sig", "surrogateescape") for line in islice(file, _HEADER_LINES)]
            usual = "\t" if ".tsv" in self.name.lower() else ","
            delimiter = separator(begin[0] if begin else "", usual)
            with large_fields():
                is_plain = delimiter == "\t" and quotes_are_plain(lambda: begin)
            file.seek(0)
            texts = self._texts(file)
            rows = split_rows(texts, delimiter, is_plain=is_plain)
            header: list[str] = []
            while not header and (row := _next_row(rows)):
                header = names_of(row[1])
            if self._start:
                self._resume(file)
                texts = self._texts(file)
            before, rows = self.line, split_rows(texts, delimiter, is_plain=is_plain)
            while row := _next_row(rows):
                line, cells = row
                if cells:
                    self.row += 1
                    yield Raw(self.name, self.row, before + line, (header, delimiter, cells), self.kind)

    def _texts(self, file: IO[bytes]) -> Iterator[str]:
        """Lines as text; bytes that are not UTF-8 are kept, to be found in the row that has them."""
        for raw in file:
            for piece in raw.splitlines(keepends=True) if b"\r" in raw else (raw,):
                text = piece.decode("utf-8" if self.offset else "utf-8-sig", "surrogateescape")
                self.line += 1
                self.offset += len(piece)
                yield text

    def _parquet(self) -> Iterator[Raw]:
        import pyarrow.parquet as pq

        with open_shard(self.name) as opened, pq.ParquetFile(opened, pre_buffer=False, buffer_size=_BUFFER) as file:
            group, skipped = self._start.get("offset", 0), self._start.get("line", 0)
            self.row = self._start.get("row", 0)
            columns = None if self.columns is None else list(self.columns)
            for number in range(group, file.num_row_groups):
                self.offset, self.line = number, 0
                for batch in file.iter_batches(_PARQUET_BATCH, row_groups=[number], columns=columns):
                    first = min(skipped, batch.num_rows)
                    skipped -= first
                    self.line += first
                    for index in range(first, batch.num_rows):
                        self.row += 1
                        self.line += 1
                        yield Raw(self.name, self.row, None, (batch, index), self.kind)


def _next_row(rows: Iterator[tuple[int, list[str]]]) -> tuple[int, list[str]] | None:
    """The next row, with cells of any length; the limit of the csv module holds for the whole process."""
    with large_fields():
        return next(rows, None)


def open_shard(name: str) -> IO[bytes]:
    """The content of a shard, unpacked."""
    if "://" not in name and not name.lower().endswith(PACKED):
        return open(name, "rb")
    if "://" not in name and name.lower().endswith(".gz"):
        return gzip.open(name, "rb")  # pyright: ignore[reportReturnType]
    import fsspec

    opener: Any = fsspec.open(name, "rb", compression="infer")
    file: Any = opener.open()
    # Files of fsspec look for the end of a line in a block of megabytes that they cut anew for each line.
    buffered: Any = file if isinstance(file, io.BufferedIOBase) else io.BufferedReader(file, _BUFFER)
    return buffered


def reason(error: BaseException) -> str:
    """What an error says, on one line."""
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__


def _checked_text(cell: str, where: str) -> str:
    if cell.isascii():
        return cell
    for letter in cell:
        if "\udc80" <= letter <= "\udcff":
            raise _not_utf8(where, ord(letter) - 0xDC00)
    return cell


def _not_utf8(where: str, byte: int) -> DataError:
    return DataError([Problem(where, f"byte 0x{byte:02x} is not UTF-8", "Save the shard as UTF-8.")])
