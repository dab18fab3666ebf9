"""CoNLL files: one token and its tags a line, a blank line between sentences."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from maskwright.data.column import ColumnBuilder
from maskwright.data.findings import Findings, shorten
from maskwright.data.readers.text_lines import TextLines, in_steps
from maskwright.data.tables import LineNumbers, Table
from maskwright.errors import DataError, Problem

DOCUMENT = "-DOCSTART-"
"""Stands where a document begins; not a token."""


def read_file(path: Path, key: str) -> Table:
    r"""Read sentences: a column of lists of text for each value that lines have.

    Values are separated by tabs if the first token's line has a tab, else by blanks. Lines that begin with `-DOCSTART-`
    are left out, and so are comments: lines that begin with `#` and do not have as many values as tokens have. Columns
    are called `column 1`, `column 2` and so on; `tokens` is usually the first and `tags` the last, unless `data.tokens`
    or `data.tags` name another, by its name or its number.

    Returns:
        A row a sentence; its line is that of its first token.

    Raises:
        DataError: with every line that has more or fewer values than the first; the file has no token or no tags.

    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "a.conll"
    >>> _ = path.write_text("EU B-ORG\nrejects O\n\nPeter B-PER\n")
    >>> table = read_file(path, "data.train")
    >>> table.values("column 1"), table.usual["tags"], table.lines[1]
    ([['EU', 'rejects'], ['Peter']], 'column 2', 4)
    """
    del key
    with path.open("rb") as file:
        lines = TextLines(file, str(path))
        return _Reading(str(path)).table(lines)


@dataclass
class _Reading:
    """One pass over a file, sentence by sentence.

    Attributes:
        source: the file.
        separator: between values; None for blanks.
        width: values a line; 0 before the first token.
        comments, documents: lines that were left out.
        findings: what is wrong.
    """

    source: str
    separator: str | None = None
    width: int = 0
    comments: int = 0
    documents: int = 0
    findings: Findings = field(default_factory=Findings)

    def table(self, lines: TextLines) -> Table:
        """All sentences."""
        builders: list[ColumnBuilder] = []
        numbers, rows = LineNumbers(), 0
        for block in in_steps(self._sentences(lines)):
            rows += len(block)
            if self.findings:
                continue
            builders = builders or [ColumnBuilder() for _ in range(self.width)]
            for position, builder in enumerate(builders):
                builder.extend([values[position] for values in sentence] for _, sentence in block)
            numbers.extend(number for number, _ in block)
            if lines.fills_block():
                for builder in builders:
                    builder.flush()
        if not rows:
            raise DataError([Problem(self.source, "the file holds no token", "Write one token and its tag a line.")])
        if self.width == 1:
            what = "each line has one value; expected a token and its tag"
            self.findings.add("no tags", self.source, Problem(self.source, what, "Separate them by a tab or a blank."))
        self.findings.stop()
        columns = {f"column {number}": builder.column() for number, builder in enumerate(builders, start=1)}
        usual = {"tokens": "column 1", "tags": f"column {self.width}"}
        return Table(self.source, columns, rows, numbers.lines(), self._notes(), usual=usual)

    def _sentences(self, lines: TextLines) -> Iterator[tuple[int, list[list[str]]]]:
        """(line of the first token, values of each token) of each sentence."""
        sentence: list[list[str]] = []
        begins = 0
        for number, text in enumerate(lines, start=1):
            line = text.rstrip("\r\n")
            is_document = line.startswith(DOCUMENT)
            self.documents += is_document
            if is_document or not line.strip():
                if sentence:
                    yield begins, sentence
                    sentence = []
            elif self._is_comment(line):
                self.comments += 1
            else:
                begins = begins if sentence else number
                sentence.append(self._values(line, number))
        if sentence:
            yield begins, sentence

    def _is_comment(self, line: str) -> bool:
        if not line.startswith("#"):
            return False
        # "#" may be a token as well, with as many values as the others; before the first token, only with a tab.
        return len(line.split(self.separator)) != self.width if self.width else "\t" not in line

    def _values(self, line: str, number: int) -> list[str]:
        if not self.width:
            self.separator = "\t" if "\t" in line else None
            self.width = len(line.split(self.separator))
        values = line.split(self.separator)
        where = f"{self.source}, line {number}"
        if len(values) != self.width:
            what = f"the line has {len(values)} values, the first token {self.width}: {shorten(line)}"
            remedy = f"Separate values by {'tabs' if self.separator else 'blanks'}, as many on each line."
            self.findings.add("lines with more or fewer values", self.source, Problem(where, what, remedy), number - 1)
        elif not all(value.strip() for value in values):
            what = f"value {[bool(value.strip()) for value in values].index(False) + 1} is empty: {shorten(line)}"
            problem = Problem(where, what, "Fill it in; O is the tag of a token that is no part of anything.")
            self.findings.add("lines with an empty value", self.source, problem, number - 1)
        return values

    def _notes(self) -> tuple[str, ...]:
        counts = {"comments": self.comments, f"lines with {DOCUMENT}": self.documents}
        return tuple(f"{self.source}: {name} were left out ({n:,})." for name, n in counts.items() if n)
