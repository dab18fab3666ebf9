"""One file as its user wrote it: a header, columns of values, and where each row can be found again."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from maskwright.data.column import Column
from maskwright.errors import Problem


@dataclass(frozen=True, eq=False)
class Table:
    """Rows of a file, column by column.

    Attributes:
        source: the file's path, or the name of a data set and split; every message begins with it.
        columns: name -> `Column` (or a list of values, which becomes one when it is read), in the order of the header.
        rows: how many.
        lines: the line on which each row begins, from 1, where the file has lines.
        notes: what the user should know about how the file was read.
        places: where each row is, if that is no row number: the path of a file, an element of an array.
        noun: what a row is called.
        roles: role -> column, where the kind of source says what its columns mean.
        problems: what is wrong with the source besides its rows, which can be looked at all the same.
        usual: role -> column that holds it unless the configuration names another, where the format has no header.
    """

    source: str
    columns: Mapping[str, Any]
    rows: int
    lines: Sequence[int] | None = None
    notes: tuple[str, ...] = ()
    places: Sequence[str] | None = None
    noun: str = "row"
    roles: Mapping[str, str] | None = None
    problems: tuple[Problem, ...] = ()
    usual: Mapping[str, str] = field(default_factory=dict)

    @property
    def header(self) -> tuple[str, ...]:
        """The column names."""
        return tuple(self.columns)

    def column(self, name: str) -> Column:
        """A column, or what the objects in a column have under a key: `translation.en`.

        Raises:
            KeyError: there is none of that name.

        >>> Table("a.jsonl", {"translation": [{"en": "one", "fr": "un"}]}, 1).values("translation.fr")
        ['un']
        """
        if name in self.columns:
            column = self.columns[name]
            return column if isinstance(column, Column) else Column.of(column)
        outer, dot, key = name.rpartition(".")
        column = self.column(outer) if dot else None
        if column is None or key not in column.fields:
            raise KeyError(name)
        return column.field(key)

    def has(self, name: str) -> bool:
        """Whether there is a column of that name, or a key in one."""
        try:
            self.column(name)
        except KeyError:
            return False
        return True

    def values(self, name: str) -> list[Any]:
        """One column as a list of Python values."""
        return self.column(name).to_pylist()

    def place(self, row: int, column: str | None = None) -> str:
        """Say where a row is, as a person would look for it.

        >>> Table("a.csv", {"text": ["x"]}, 1, lines=[2]).place(0, "text")
        "a.csv, row 1 (line 2), column 'text'"
        """
        if self.places is not None:
            # Pictures stand in no column; rows of shards do.
            return self.places[row] + (f", column '{column}'" if column is not None and self.noun == "row" else "")
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


class LineNumbers:
    """The line of each row, gathered as rows are read: 8 bytes a row, and none where every line is a row."""

    def __init__(self) -> None:
        self._lines = array("q")

    def extend(self, lines: Iterable[int]) -> None:
        """Add the lines of more rows."""
        self._lines.extend(lines)

    def lines(self) -> Sequence[int]:
        """All lines."""
        lines = self._lines
        if len(lines) and lines[-1] - lines[0] == len(lines) - 1:  # lines ascend, so none is left out
            return range(lines[0], lines[-1] + 1)
        return lines
