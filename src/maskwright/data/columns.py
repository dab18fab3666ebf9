"""Which column holds what: as named in the configuration, else guessed from the header and the values, and noted.

A guess is made only where one column stands out; otherwise the user is asked to name it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from maskwright.data.findings import Findings
from maskwright.data.guess import Guess, plain_name
from maskwright.data.roles import CLUSTER, TEXT_ROLES, Role
from maskwright.data.shortcut.section import reserved_columns
from maskwright.data.tables import Table
from maskwright.errors import DataError, Problem, did_you_mean


@dataclass(frozen=True)
class Columns:
    """The columns of a task.

    Attributes:
        roles: role -> column, of all roles that have one.
        variants: group name -> column; only of the table that is evaluated.
        notes: what was guessed.
        others: role -> columns, of roles that take all that nothing else takes.
    """

    roles: Mapping[str, str]
    variants: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    others: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def find_columns(section: Any, table: Table, roles: Sequence[Role] = TEXT_ROLES) -> Columns:
    """Name the columns of a table.

    Args:
        section: may have an attribute for each role, which names its column (or counts it from 1), and `variants`.
        table: the training table.
        roles: what to find, in the order in which guesses take columns.

    Raises:
        DataError: a named column is not there, or no guess stands out.
    """
    single = [role for role in roles if role.kind != "others"]
    named = {role.name: name for role in single if (name := _named(section, table, role)) is not None}
    problems = [missing_column(table, name, f"data.{role}") for role, name in named.items()]
    problems = [problem for problem in problems if problem is not None] + _used_twice(table, named)
    if problems:
        raise DataError(problems)
    taken = set(named.values()) | set(reserved_columns(section))
    guess = Guess(table, [name for name in table.header if name not in taken])
    guessed = _guessed(guess, single, named)
    guess.stop()
    columns = {role.name: column for role in single if (column := named.get(role.name) or guessed.get(role.name))}
    free = [name for name in table.header if name not in {*columns.values(), *reserved_columns(section)}]
    others = {role.name: _others(section, table, role, free) for role in roles if role.kind == "others"}
    return Columns(columns, dict(section.variants), tuple(guess.notes), others)


def _named(section: Any, table: Table, role: Role) -> str | None:
    """The column that the configuration names for a role, or that the file usually has for it."""
    name = getattr(section, role.name, None)
    if isinstance(name, int):
        return table.header[name - 1] if 1 <= name <= len(table.header) else f"column {name}"
    return name or table.usual.get(role.name)


def _guessed(guess: Guess, roles: Sequence[Role], named: Mapping[str, str]) -> dict[str, str]:
    columns: dict[str, str] = {}
    for role in roles:
        if role.pairs and role.name not in named and role.partner not in named:
            columns |= guess.pair(role)
    for role in roles:
        if role.name in named or role.name in columns or not role.is_guessed:
            continue
        # A second text is taken as half of a pair or not at all.
        column = guess.column(role) if role.required else None if role.pairs else guess.optional(role)
        if column is not None:
            columns[role.name] = column
    return columns


def _used_twice(table: Table, named: Mapping[str, str]) -> list[Problem]:
    problems = []
    for column, times in Counter(named.values()).items():
        if times > 1:
            alike = " and ".join(f"data.{role}" for role, name in named.items() if name == column)
            problems.append(Problem(table.source, f"{alike} are the same column, {column!r}", "Name two columns."))
    return problems


def _others(section: Any, table: Table, role: Role, free: Sequence[str]) -> tuple[str, ...]:
    """The columns of a role that takes several: those that are listed, else all that are free."""
    listed = getattr(section, role.name, None)
    if listed is None:
        if not free and role.required:
            what = f"no column is left for data.{role.name}; the header is {', '.join(map(repr, table.header))}"
            raise DataError([Problem(table.source, what, "Add a column, or take one out of another role.")])
        return tuple(free)
    problems = [missing_column(table, name, f"data.{role.name}") for name in listed]
    if any(problems):
        raise DataError([problem for problem in problems if problem is not None])
    return tuple(listed)


def columns_of_all(section: Any, tables: Mapping[str, Table], roles: Sequence[Role]) -> dict[str, Columns]:
    """Name the columns of every split's table.

    Tables whose kind says what their columns mean are taken at their word. Columns of the others are found in the first
    of them and must be in all. Variants are columns of the table that is evaluated, and of no other: what is not used
    need not be filled in.

    Raises:
        DataError: as `find_columns`; or a table lacks a column.
    """
    asked = [table for table in tables.values() if table.roles is None]
    common = find_columns(section, asked[0], roles) if asked else None
    tested = "test" if "test" in tables else "validation" if "validation" in tables else "train"
    columns = {}
    for name, table in tables.items():
        variants = dict(section.variants) if name == tested else {}
        if table.roles is not None:
            columns[name] = Columns({r.name: table.roles[r.name] for r in roles if r.name in table.roles}, variants)
        elif common is not None:
            columns[name] = replace(common, variants=variants)
    findings = Findings()
    for name, table in tables.items():
        if any(role is CLUSTER for role in roles) and CLUSTER.name not in columns[name].roles:
            what = f"there is no {section.cluster!r} here (data.cluster)"
            problem = Problem(table.source, what, "Name a table that has such a column, or remove data.cluster.")
            findings.add("columns that are missing", table.source, problem)
        for key, column in _wanted(columns[name]):
            problem = missing_column(table, column, key)
            if problem is not None:
                findings.add("columns that are missing", table.source, problem)
    findings.stop()
    return columns


def _wanted(columns: Columns) -> list[tuple[str, str]]:
    """(configuration key, column) of everything that is read."""
    wanted = [(f"data.{role}", column) for role, column in columns.roles.items()]
    wanted += [(f"data.{role}", column) for role, names in columns.others.items() for column in names]
    return wanted + [(f"data.variants.{group}", column) for group, column in columns.variants.items()]


def missing_column(table: Table, name: str, key: str) -> Problem | None:
    """Say that a named column is not in a table, with the nearest that is; None if it is there."""
    if table.has(name):
        return None
    outer, dot, inner = name.rpartition(".")
    if dot and table.has(outer) and (keys := table.column(outer).fields):
        what = f"the values of column {outer!r} have no key {inner!r} ({key}); they are {', '.join(map(repr, keys))}"
        return Problem(table.source, what, did_you_mean(inner, keys))
    alike = [column for column in table.header if plain_name(column) == plain_name(name)]
    if alike:
        hint = f"Write it as the header does: {key}: {alike[0]!r}."
    else:
        hint = did_you_mean(name, table.header)
        hint = hint if hint.startswith("Did") else f"Set {key} to one of them."
    return no_column(table, f"{name!r} ({key})", hint)


def no_column(table: Table, name: str, remedy: str) -> Problem:
    """That a table has no column of a name, with those that it has."""
    header = ", ".join(repr(column) for column in table.header)
    return Problem(table.source, f"there is no column {name}; the header is {header}", remedy)
