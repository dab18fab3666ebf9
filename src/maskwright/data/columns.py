"""Which column holds what: as named in the configuration, else guessed from the header and the values, and told.

A guess is made only where one column stands out; otherwise the user is asked to name it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from maskwright.data.findings import Findings
from maskwright.data.guess import Guess, plain_name
from maskwright.data.tables import Table
from maskwright.errors import DataError, Problem, did_you_mean

TEXT_ROLES = ("text", "text_pair", "label")


@dataclass(frozen=True)
class Columns:
    """The columns of a task.

    Attributes:
        roles: role -> column. Roles are `text`, `text_pair` (the second text, where examples are pairs), `image`,
            `clip`, and `label` (the class).
        variants: group name -> column; only of the table that is evaluated.
        notes: what was guessed.
    """

    roles: Mapping[str, str]
    variants: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def label(self) -> str | None:
        """The column of the class, where there is one."""
        return self.roles.get("label")


def find_columns(
    config: Any, table: Table, roles: Sequence[str] = TEXT_ROLES, optional: Collection[str] = ("text_pair",)
) -> Columns:
    """Name the columns of a table.

    Args:
        config: has an attribute for each role, which may name its column, and `variants`.
        table: the training table.
        roles: what to find, in the order in which guesses take columns.
        optional: roles that need no column.

    Raises:
        DataError: a named column is not there, or no guess stands out.
    """
    found: dict[str, str | None] = {role: getattr(config, role) for role in roles}
    named = {role: name for role, name in found.items() if name is not None}
    missing = [missing_column(table, name, f"data.{role}") for role, name in named.items()]
    problems = [problem for problem in missing if problem is not None]
    for column, times in Counter(named.values()).items():
        if times > 1:
            alike = " and ".join(f"data.{role}" for role, name in named.items() if name == column)
            problems.append(Problem(table.source, f"{alike} are the same column, {column!r}", "Name two columns."))
    if problems:
        raise DataError(problems)
    taken = set(named.values()) | set(config.variants.values())
    guess = Guess(table, [name for name in table.header if name not in taken])
    if "text_pair" in roles and found["text"] is None and found["text_pair"] is None:
        found["text"], found["text_pair"] = guess.pair()
    for role in roles:
        if found[role] is None and role != "text_pair":
            found[role] = guess.optional(role) if role in optional else guess.column(role)
    guess.stop()
    roles_found = {role: name for role, name in found.items() if name is not None}
    return Columns(roles_found, dict(config.variants), tuple(guess.notes))


def columns_of_all(
    config: Any,
    tables: Mapping[str, Table],
    roles: Sequence[str] = TEXT_ROLES,
    optional: Collection[str] = ("text_pair",),
) -> dict[str, Columns]:
    """Name the columns of every split's table.

    Tables whose kind says what their columns mean are taken at their word. Columns of the others are found in the first
    of them and must be in all. Variants are columns of the table that is evaluated, and of no other: what is not used
    need not be filled in.

    Raises:
        DataError: as `find_columns`; or a table lacks a column.
    """
    asked = [table for table in tables.values() if table.roles is None]
    common = find_columns(config, asked[0], roles, optional) if asked else None
    tested = "test" if "test" in tables else "validation" if "validation" in tables else "train"
    found = {}
    for name, table in tables.items():
        variants = dict(config.variants) if name == tested else {}
        if table.roles is not None:
            found[name] = Columns({role: table.roles[role] for role in roles if role in table.roles}, variants)
        elif common is not None:
            found[name] = replace(common, variants=variants)
    findings = Findings()
    for name, table in tables.items():
        wanted = {f"data.{role}": column for role, column in found[name].roles.items()}
        wanted |= {f"data.variants.{group}": column for group, column in found[name].variants.items()}
        for key, column in wanted.items():
            problem = missing_column(table, column, key)
            if problem is not None:
                findings.add("columns that are missing", table.source, problem)
    findings.stop()
    return found


def missing_column(table: Table, name: str, key: str) -> Problem | None:
    """Say that a named column is not in a table, with the nearest that is; None if it is there."""
    if name in table.columns:
        return None
    header = ", ".join(repr(column) for column in table.header)
    alike = [column for column in table.header if plain_name(column) == plain_name(name)]
    if alike:
        hint = f"Write it as the header does: {key}: {alike[0]!r}."
    else:
        hint = did_you_mean(name, table.header)
        hint = hint if hint.startswith("Did") else f"Set {key} to one of them."
    return Problem(table.source, f"there is no column {name!r} ({key}); the header is {header}", hint)
