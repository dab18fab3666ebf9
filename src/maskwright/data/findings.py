"""Collect everything that is wrong before saying anything, without drowning the reader in one kind of mistake."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from maskwright.errors import DataError, Problem

SHOWN_PER_KIND = 3
"""Problems of one kind in one file that are shown one by one; the others are counted with their rows."""

ROWS_LISTED = 10


def shorten(value: Any, width: int = 60) -> str:
    r"""Show a value as Python writes it, so that blanks and control characters are seen.

    >>> shorten("pos\u200b ")
    "'pos\\u200b '"
    >>> shorten("a" * 100, width=12)
    "'aaaaaaa...'"
    """
    if isinstance(value, str) and len(value) > width - 2:
        return repr(value[: width - 5] + "...")
    text = repr(value)
    return text if len(text) <= width else text[: width - 3] + "..."


def listed(names: Sequence[str], most: int = 8) -> str:
    """Names in one line, and how many more there are.

    >>> listed(["a", "b", "c"], most=2)
    'a, b and 1 more'
    """
    return ", ".join(names[:most]) + (f" and {len(names) - most:,} more" if len(names) > most else "")


def listed_rows(rows: Sequence[int | str]) -> str:
    """Rows in one line, the first ten of them: numbers from 0 as a person counts them, or names.

    >>> listed_rows([0, 4]), listed_rows(range(11))
    ('1, 5', '1, 2, 3, 4, 5, 6, 7, 8, 9, 10, ...')
    """
    named = ", ".join(f"{row + 1}" if isinstance(row, int) else row for row in rows[:ROWS_LISTED])
    return named + (", ..." if len(rows) > ROWS_LISTED else "")


@dataclass
class _Kind:
    """Problems of one kind in one source: the first few, and of the others their number and the first few rows."""

    shown: list[Problem] = field(default_factory=list)
    others: int = 0
    rows: list[int | str] = field(default_factory=list)


class Findings:
    """Problems in the order they came, with all but the first few of a kind in a file summed up.

    Memory does not grow with the number of problems of a kind.
    """

    def __init__(self) -> None:
        self._kinds: dict[tuple[str, str], _Kind] = {}

    def __len__(self) -> int:
        """Kinds of problems."""
        return len(self._kinds)

    def add(self, kind: str, source: str, problem: Problem, row: int | str | None = None) -> None:
        """Keep one problem.

        Args:
            kind: what is alike in problems that may be summed up ("empty text").
            source: the file (or split) it is in.
            problem: what to say.
            row: its row, from 0, or its name, if it has one.
        """
        self.add_all(kind, source, [0], lambda _: problem, lambda _: row)

    def add_all(
        self,
        kind: str,
        source: str,
        places: Sequence[int],
        problem: Callable[[int], Problem],
        row: Callable[[int], int | str | None],
    ) -> None:
        """Keep problems of one kind at several places, of which all but the first few are only counted.

        Args:
            kind: as in `add`.
            source: as in `add`.
            places: positions, in the order in which they are to be shown.
            problem: what to say of a position.
            row: the row of a position, from 0, or its name.
        """
        if not len(places):
            return
        entry = self._kinds.setdefault((kind, source), _Kind())
        left = SHOWN_PER_KIND - len(entry.shown)
        entry.shown += [problem(place) for place in places[:left]]
        rest = places[left:]
        entry.others += len(rest)
        listed = (row(place) for place in rest[: ROWS_LISTED + 1 - len(entry.rows)])
        entry.rows += [name for name in listed if name is not None]

    def extend(self, error: DataError) -> None:
        """Keep all problems of an error caught on the way."""
        for problem in error.problems:
            self.add(str(problem), problem.where, problem)

    def problems(self) -> list[Problem]:
        """All problems: the first few of each kind, then a count of the others with their row numbers."""
        problems = []
        for (kind, source), entry in self._kinds.items():
            problems += entry.shown
            if entry.others:
                problems.append(_sum_up(kind, source, entry))
        return problems

    def stop(self) -> None:
        """Raise a `DataError` with all problems, if there are any."""
        if self._kinds:
            raise DataError(self.problems())


def _sum_up(kind: str, source: str, entry: _Kind) -> Problem:
    where = "Rows" if entry.rows and isinstance(entry.rows[0], int) else "Namely"
    remedy = f"{where}: {listed_rows(entry.rows)}." if entry.rows else "They are alike."
    return Problem(source, f"{entry.others:,} more {kind}", remedy)
