"""CSV and TSV, every cell as the text that was written."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice, zip_longest
from pathlib import Path

from maskwright.data.column import ColumnBuilder
from maskwright.data.findings import Findings, shorten
from maskwright.data.readers.text_lines import TextLines, in_steps
from maskwright.data.tables import LineNumbers, Table
from maskwright.errors import DataError, Problem

SEPARATORS = {",": "commas", "\t": "tabs", ";": "semicolons"}

_LARGEST_FIELD = 2**31 - 1


def read_file(path: Path, key: str) -> Table:
    """Read rows below a header line; cells stay text.

    Quotes follow RFC 4180: inside them commas and newlines are text, and a quote is written twice. A TSV whose lines
    all fit the header when quotes are plain characters, and do not otherwise, is read that way: many TSV files know no
    quotes.

    Raises:
        DataError: an open quote, rows with more or fewer cells than the header, names that occur twice, no rows.
    """
    del key
    with path.open("rb") as file, large_fields():
        lines = TextLines(file, str(path))
        usual = "\t" if path.suffix.lower() == ".tsv" else ","
        delimiter = separator(next(iter(lines), ""), usual)
        notes = []
        if delimiter != usual:
            notes.append(f"{path}: read as separated by {SEPARATORS[delimiter]}, as its header is.")
        is_plain = delimiter == "\t" and quotes_are_plain(lambda: _lines_of(path))
        if is_plain:
            notes.append(f"{path}: quotes are read as plain characters.")
        file.seek(0)
        return _Reading(str(path), delimiter, tuple(notes)).table(TextLines(file, str(path), any_end=True), is_plain)


def separator(header: str, usual: str) -> str:
    """What separates the names in a header line: `usual` if it is there, else what occurs most often.

    >>> separator("text;label", ","), separator("text", ",")
    (';', ',')
    """
    if usual in header:
        return usual
    return max(SEPARATORS, key=header.count) if any(map(header.count, SEPARATORS)) else usual


def split_rows(lines: Iterable[str], delimiter: str, *, is_plain: bool = False) -> Iterator[tuple[int, list[str]]]:
    """(line on which the row begins, from 1; its cells) of each row; a blank line is a row without cells.

    Args:
        lines: with their ends.
        delimiter: between cells.
        is_plain: quotes are characters like others.

    Raises:
        csv.Error: a quote is never closed, or text stands between a quote and the next separator.
    """
    quoting = csv.QUOTE_NONE if is_plain else csv.QUOTE_MINIMAL
    reader = csv.reader(lines, delimiter=delimiter, quoting=quoting, strict=True)
    line = 1
    for cells in reader:
        yield line, cells
        line = reader.line_num + 1


@contextmanager
def large_fields() -> Iterator[None]:
    """Within this, the csv module takes cells of any length."""
    limit = csv.field_size_limit(_LARGEST_FIELD)
    try:
        yield
    finally:
        csv.field_size_limit(limit)


def unequal(cells: Sequence[str], header: Sequence[str], delimiter: str) -> tuple[str, str]:
    """What to say of a row that has more or fewer cells than the header has names: (what, remedy)."""
    what = f"the row has {len(cells)} values, the header {len(header)} names: {shorten(delimiter.join(cells))}"
    return what, f"Put quotes around a text that holds {SEPARATORS[delimiter]}, or fill in what is missing."


def names_of(cells: Sequence[str]) -> list[str]:
    """The names in a header row; a column without one is called by its number."""
    return [name or f"column {number}" for number, name in enumerate(cells, start=1)]


class _Reading:
    """One pass over a file, block by block."""

    def __init__(self, source: str, delimiter: str, notes: tuple[str, ...]):
        self.source, self.delimiter, self.notes = source, delimiter, notes
        self.findings = Findings()
        self.header: list[str] | None = None
        self.builders: list[ColumnBuilder] = []
        self.numbers = LineNumbers()
        self.rows = self.blank = 0

    def table(self, lines: TextLines, is_plain: bool) -> Table:
        for block in in_steps(self._body(lines, is_plain)):
            self._add([cells for _, cells in block], [line for line, _ in block])
            if lines.fills_block():
                for builder in self.builders:
                    builder.flush()
        return self._finished()

    def _body(self, lines: TextLines, is_plain: bool) -> Iterator[tuple[int, list[str]]]:
        """The rows below the header."""
        line, cells = 0, []
        try:
            for line, cells in split_rows(lines, self.delimiter, is_plain=is_plain):
                if not cells:
                    self.blank += 1
                elif self.header is None:
                    self._begin(cells)
                else:
                    yield line, cells
        except csv.Error as error:
            lines.check_rest()
            raise self._unclosed(line + 1 + sum(cell.count("\n") for cell in cells), error) from None

    def _unclosed(self, line: int, error: csv.Error) -> DataError:
        reason = "a quote is opened and never closed" if "end of data" in str(error) else str(error)
        what = f"{reason}: {shorten(_line(self.source, line))}"
        remedy = 'A quote within a quoted text is written twice ("").'
        return DataError([Problem(f"{self.source}, line {line}", what, remedy)])

    def _begin(self, cells: list[str]) -> None:
        self.header = names_of(cells)
        self.builders = [ColumnBuilder() for _ in self.header]
        for name, count in Counter(self.header).items():
            if count > 1:
                problem = Problem(
                    f"{self.source}, line 1", f"the header has '{name}' {count} times", "Rename the columns."
                )
                self.findings.add("names that occur twice", self.source, problem)

    def _add(self, rows: list[list[str]], places: list[int]) -> None:
        header = self.header or []
        if not set(map(len, rows)) <= {len(header)}:
            for number, (line, cells) in enumerate(zip(places, rows, strict=True), start=self.rows):
                if len(cells) != len(header):
                    where = f"{self.source}, row {number + 1} (line {line})"
                    problem = Problem(where, *unequal(cells, header, self.delimiter))
                    self.findings.add("rows with more or fewer values", self.source, problem, number)
        elif not self.findings:
            for builder, values in zip(self.builders, zip(*rows, strict=True), strict=False):
                builder.extend(values)
            self.numbers.extend(places)
        self.rows += len(rows)

    def _finished(self) -> Table:
        if self.header is None:
            raise DataError([Problem(self.source, "the file holds only blank lines", "Write a header and rows.")])
        if not self.rows:
            remedy = "Add rows below it. (The first line is always taken as the header.)"
            problem = Problem(self.source, f"there is only a header, {self.header}", remedy)
            self.findings.add("no rows", self.source, problem)
        self.findings.stop()
        notes = self.notes
        if self.blank:
            notes += (f"{self.source}: blank lines were left out ({self.blank:,}).",)
        columns = {name: builder.column() for name, builder in zip(self.header, self.builders, strict=True)}
        return Table(self.source, columns, self.rows, self.numbers.lines(), notes)


def _line(source: str, number: int) -> str:
    r"""A line of a file, where lines end with \n alone."""
    with open(source, "rb") as file:
        return next((line.removesuffix("\n") for line in islice(TextLines(file, source), number - 1, None)), "")


def quotes_are_plain(lines: Callable[[], Iterable[str]]) -> bool:
    """Whether all lines of a TSV have the same number of cells only if quotes are characters like others.

    Args:
        lines: gives the lines with their ends, anew each time.
    """
    widths, has_quotes = set(), False
    for _, cells in split_rows(lines(), "\t", is_plain=True):
        widths.add(len(cells))
        has_quotes = has_quotes or any('"' in cell for cell in cells)
    if len(widths - {0}) != 1 or not has_quotes:
        return False
    plain, quoted = split_rows(lines(), "\t", is_plain=True), split_rows(lines(), "\t")
    try:
        # A quote that opens one text and closes with another swallows the rows between them.
        return any(a is None or b is None or len(a[1]) != len(b[1]) for a, b in zip_longest(plain, quoted))
    except csv.Error:
        return True


def _lines_of(path: Path) -> Iterator[str]:
    with path.open("rb") as file:
        yield from TextLines(file, str(path), any_end=True)
