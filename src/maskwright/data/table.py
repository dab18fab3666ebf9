"""One file as its user wrote it: a header, columns of values, and where each row can be found again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


class ArrowColumn(Protocol):
    """A column of an Arrow table; turned into Python values only if it is used."""

    def to_pylist(self) -> list[Any]:
        """The values as Python objects."""
        ...


@dataclass(frozen=True)
class Table:
    """Rows of a file, column by column.

    Attributes:
        source: the file's path, or the name of a data set and split; every message begins with it.
        columns: name -> values, in the order of the header.
        rows: how many.
        lines: the line on which each row begins, from 1, where the file has lines.
        notes: what the user should know about how the file was read.
    """

    source: str
    columns: Mapping[str, list[Any] | ArrowColumn]
    rows: int
    lines: Sequence[int] | None = None
    notes: tuple[str, ...] = ()

    @property
    def header(self) -> tuple[str, ...]:
        """The column names."""
        return tuple(self.columns)

    def values(self, column: str) -> list[Any]:
        """One column as a list of Python values."""
        values = self.columns[column]
        return values if isinstance(values, list) else values.to_pylist()

    def place(self, row: int, column: str | None = None) -> str:
        """Say where a row is, as a person would look for it.

        >>> Table("a.csv", {"text": ["x"]}, 1, lines=[2]).place(0, "text")
        "a.csv, row 1 (line 2), column 'text'"
        """
        line = "" if self.lines is None or self.lines[row] == row + 1 else f" (line {self.lines[row]})"
        return f"{self.source}, row {row + 1}{line}" + ("" if column is None else f", column '{column}'")
