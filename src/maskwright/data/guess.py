"""Which column most likely holds what, by its name or else by its values, where one column stands out."""

from __future__ import annotations

from itertools import islice

from maskwright.data.roles import Role
from maskwright.data.tables import Table
from maskwright.errors import DataError, Problem

_VALUES_READ = 1000
"""Rows that a guess from the values looks at."""


def plain_name(name: str) -> str:
    """What column names that differ in case, blanks and signs have in common.

    >>> plain_name(" Gold-Label"), plain_name("file name")
    ('gold_label', 'file_name')
    """
    return name.strip().casefold().replace(" ", "_").replace("-", "_")


class Guess:
    """Guesses over one table: takes columns out of `free` as they are used, and gathers notes and problems."""

    def __init__(self, table: Table, free: list[str]):
        self.table = table
        self.free = free
        self.notes: list[str] = []
        self.problems: list[Problem] = []

    def pair(self, role: Role) -> dict[str, str]:
        """The columns of a role and its partner, by role, where exactly one of the usual pairs of names is there."""
        by_name = {plain_name(name): name for name in self.free}
        pairs = [(by_name[a], by_name[b]) for a, b in role.pairs if a in by_name and b in by_name]
        partner = str(role.partner)
        # A column that has the very name of the partner stands out before any pair that it is no part of.
        if len(pairs) != 1 or by_name.get(partner, pairs[0][0]) not in pairs[0]:
            return {}
        return {name: self._take(name, column) for name, column in zip((partner, role.name), pairs[0], strict=True)}

    def column(self, role: Role) -> str | None:
        """The column of a role; where none stands out, a problem is kept."""
        return self._by_name(role) or self._by_values(role)

    def optional(self, role: Role) -> str | None:
        """The column of a role that need not be there: the one that has its name, if there is one."""
        named = [name for name in self.free if plain_name(name) in (role.name, f"{role.name}s")]
        return self._take(role.name, named[0]) if len(named) == 1 else None

    def stop(self) -> None:
        """Raise a `DataError` with all problems, if there are any."""
        if self.problems:
            raise DataError(self.problems)

    def _take(self, role: str, column: str, reason: str = "its name") -> str:
        self.free.remove(column)
        self.notes.append(f"data.{role} is not set; column {column!r} was taken, for {reason}.")
        return column

    def _by_name(self, role: Role) -> str | None:
        named = [name for name in self.free if plain_name(name) in (role.name, *role.names)]
        # A column that has the very name of the role stands out among others.
        exact = [name for name in named if plain_name(name) == role.name]
        chosen = exact if len(exact) == 1 else named
        if len(chosen) == 1:
            return self._take(role.name, chosen[0])
        if chosen:
            self._refuse(role.name, f"could be any of {', '.join(map(repr, chosen))}")
        return None

    def _by_values(self, role: Role) -> str | None:
        if any(f"(data.{role.name})" in problem.what for problem in self.problems):
            return None
        alike = [name for name in self.free if role.fits(self._sample(name))]
        if len(alike) == 1:
            return self._take(role.name, alike[0], "its values")
        several = f"could be any of {', '.join(map(repr, alike))}"
        self._refuse(role.name, several if alike else "is not clear from the header or the values")
        return None

    def _refuse(self, role: str, what: str) -> None:
        header = ", ".join(repr(name) for name in self.table.header)
        remedy = f"Set data.{role} to one of them; if that is a row of data, write a header line above it."
        self.problems.append(
            Problem(self.table.source, f"the {role} column (data.{role}) {what}; the header is {header}", remedy)
        )

    def _sample(self, name: str) -> list[object]:
        values = islice(self.table.column(name), _VALUES_READ)
        return [value for value in values if value is not None and value != ""]
