"""Collect everything that is wrong before saying anything, without drowning the reader in one kind of mistake."""

from __future__ import annotations

from typing import Any

from maskwright.errors import DataError, Problem

SHOWN_PER_KIND = 3
"""Problems of one kind in one file that are told one by one; the others are counted with their rows."""

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


class Findings:
    """Problems in the order they were found, with all but the first few of a kind in a file summed up."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], list[tuple[Problem, int | str | None]]] = {}

    def __bool__(self) -> bool:
        return bool(self._found)

    def add(self, kind: str, source: str, problem: Problem, row: int | str | None = None) -> None:
        """Keep one problem.

        Args:
            kind: what is alike in problems that may be summed up ("empty text").
            source: the file (or split) it is in.
            problem: what to tell.
            row: its row, from 0, or its name, if it has one.
        """
        self._found.setdefault((kind, source), []).append((problem, row))

    def extend(self, error: DataError) -> None:
        """Keep all problems of an error caught on the way."""
        for problem in error.problems:
            self.add(str(problem), problem.where, problem)

    def problems(self) -> list[Problem]:
        """Everything found: the first few of each kind, then a count of the others with their row numbers."""
        told = []
        for (kind, source), found in self._found.items():
            told += [problem for problem, _ in found[:SHOWN_PER_KIND]]
            if len(found) > SHOWN_PER_KIND:
                told.append(_sum_up(kind, source, [row for _, row in found[SHOWN_PER_KIND:]]))
        return told

    def stop(self) -> None:
        """Raise a `DataError` with everything found, if anything was."""
        if self._found:
            raise DataError(self.problems())


def _sum_up(kind: str, source: str, rows: list[int | str | None]) -> Problem:
    named = [f"{row + 1}" if isinstance(row, int) else row for row in rows if row is not None]
    listed = ", ".join(named[:ROWS_LISTED]) + (", ..." if len(named) > ROWS_LISTED else "")
    remedy = f"{'Rows' if isinstance(rows[0], int) else 'Namely'}: {listed}." if named else "They are alike."
    return Problem(source, f"{len(rows):,} more {kind}", remedy)
