"""One file as its user wrote it: a header, columns of values, and where each row can be found again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from maskwright.errors import Problem


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
        places: where each row is, if that is no row number: the path of a file, an element of an array.
        noun: what a row is called.
        roles: role -> column, where the kind of source says what its columns mean.
        problems: what is wrong with the source besides its rows, which can be looked at all the same.
    """

    source: str
    columns: Mapping[str, list[Any] | ArrowColumn]
    rows: int
    lines: Sequence[int] | None = None
    notes: tuple[str, ...] = ()
    places: Sequence[str] | None = None
    noun: str = "row"
    roles: Mapping[str, str] | None = None
    problems: tuple[Problem, ...] = ()

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
        if self.places is not None:
            return self.places[row]
        line = "" if self.lines is None or self.lines[row] == row + 1 else f" (line {self.lines[row]})"
        return f"{self.source}, row {row + 1}{line}" + ("" if column is None else f", column '{column}'")

    def name(self, row: int) -> int | str:
        """What tells a row from others of the table in a list: its number from 0, or where it is below the source."""
        return row if self.places is None else self.places[row].removeprefix(self.source).lstrip("/\\, ")

    def counted(self, count: int) -> str:
        """Count rows in words.

        >>> Table("a.csv", {}, 1).counted(1), Table("a", {}, 1, noun="picture").counted(1200)
        ('1 row', '1,200 pictures')
        """
        return f"{count:,} {self.noun}" + ("" if count == 1 else "s")
