"""The rows of one split with the columns of the task, and how rows are set aside or left out."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from maskwright.data.column import Column, Values
from maskwright.data.columns import Columns
from maskwright.data.findings import ROWS_LISTED, Findings, listed_rows
from maskwright.data.keys import among, as_keys, groups
from maskwright.data.labels import Labels
from maskwright.data.roles import Role
from maskwright.data.tables import Table
from maskwright.errors import DataError, Problem

if TYPE_CHECKING:
    import pyarrow as pa

    from maskwright.config import DataSection

NAMES = ("train", "validation", "test")

Fault = tuple[str, str, str]
"""What is wrong with a value: (what is alike in values with the same fault, in the plural; what; remedy)."""

Faults = tuple[str, Sequence[int], Callable[[int], Problem]]
"""Rows with the same fault: its kind, their positions in ascending order, and what to say of a position."""


@dataclass(frozen=True, eq=False)
class Split:
    """Some rows of a table. Columns are those of the whole table; which rows are meant is a list of numbers.

    Attributes:
        name: train, validation or test.
        table: where the rows are from.
        columns: what the table's columns mean.
        rows: [n] int64, their numbers in the table, from 0, ascending.
        content: role -> column, of all roles but the label.
        label: name of the column of the class, where there is one.
        labels: of these rows.
        variant_columns: group name -> column, in place of the varied role.
        other_variants: role -> group name -> column, of roles that are varied with it.
        keys: what makes two rows the same example, a hash of the content a row; empty until `with_keys`.
        group_keys: what keeps rows on one side when some are set aside, where that is not the same.
    """

    name: str
    table: Table
    columns: Columns
    rows: np.ndarray
    content: Mapping[str, Column]
    label: str | None
    labels: Labels
    variant_columns: Mapping[str, Column] = field(default_factory=dict)
    other_variants: Mapping[str, Mapping[str, Column]] = field(default_factory=dict)
    keys: pa.FixedSizeBinaryArray = field(default_factory=lambda: as_keys(b""))
    group_keys: pa.FixedSizeBinaryArray | None = None

    @classmethod
    def of(cls, name: str, table: Table, columns: Columns, roles: Sequence[Role]) -> Split:
        """All rows of a table. Variants are taken where the table has their columns."""
        of_class = {role.name for role in roles if role.kind == "class"}
        label = next((column for role, column in columns.roles.items() if role in of_class), None)
        content = {role: table.column(column) for role, column in columns.roles.items() if role not in of_class}
        for role, names in columns.others.items():
            content |= {f"{role}:{column}": table.column(column) for column in names}
        return cls(
            name=name,
            table=table,
            columns=columns,
            rows=np.arange(table.rows),
            content=content,
            label=label,
            labels=Labels.none(table.rows) if label is None else Labels.of(table.column(label)),
            variant_columns={k: table.column(v) for k, v in columns.variants.items() if table.has(v)},
        )

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def groups(self) -> tuple[np.ndarray, np.ndarray]:
        """Rows with the same key: (group of each row, first row of each group); see `maskwright.data.keys.groups`."""
        return groups(self.keys)

    def values(self, role: str) -> Values:
        """What these rows have in a role."""
        return self.content[role].at(self.rows)

    @property
    def variants(self) -> dict[str, Values]:
        """Group name -> what these rows have in it."""
        return {group: column.at(self.rows) for group, column in self.variant_columns.items()}

    def take(self, indices: np.ndarray, name: str | None = None) -> Split:
        """Some of the rows, by their positions here, which ascend. Columns are not copied."""
        return dataclasses.replace(
            self,
            name=name or self.name,
            rows=self.rows[indices],
            labels=self.labels.take(indices),
            keys=self.keys.take(indices),
            group_keys=None if self.group_keys is None else self.group_keys.take(indices),
        )

    def with_keys(self, keys: pa.FixedSizeBinaryArray, group_keys: pa.FixedSizeBinaryArray | None = None) -> Split:
        """The same rows with what makes two of them the same example, and what keeps them on one side."""
        return dataclasses.replace(self, keys=keys, group_keys=group_keys)

    def with_content(self, role: str, column: Column) -> Split:
        """The same rows with another column in a role."""
        return dataclasses.replace(self, content={**self.content, role: column})

    def place(self, index: int, column: str | None = None) -> str:
        """Where the row at a position is, for messages."""
        return self.table.place(int(self.rows[index]), column)

    def row(self, index: int) -> int | str:
        """What tells the row at a position from others in a list."""
        return self.table.name(int(self.rows[index]))

    def listed(self, indices: Sequence[int] | np.ndarray) -> str:
        """The rows at some positions in one line, the first ten of them."""
        return listed_rows([self.row(int(index)) for index in indices[: ROWS_LISTED + 1]])

    def report(self, kinds: Sequence[Faults], findings: Findings) -> None:
        """Add faults of rows to findings, in the order in which their first rows stand."""
        present = [kind for kind in kinds if len(kind[1])]
        for kind, positions, problem in sorted(present, key=lambda one: one[1][0]):
            findings.add_all(kind, self.table.source, positions, problem, self.row)

    def check(
        self,
        column: str,
        values: Values,
        fault: Callable[[Any], Fault | None],
        findings: Findings,
        suspects: np.ndarray | None = None,
    ) -> None:
        """Add all values of a column to findings that have a fault.

        Args:
            column: its name.
            values: one for each of these rows.
            fault: of a value; None if nothing is wrong with it.
            findings: where problems go.
            suspects: positions of the only values that can have one; None for all.
        """
        kinds: dict[str, list[int]] = {}
        places = enumerate(values) if suspects is None else ((int(place), values[place]) for place in suspects)
        for index, value in places:
            wrong = fault(value)
            if wrong is not None:
                kinds.setdefault(wrong[0], []).append(index)

        def problem(index: int) -> Problem:
            _, what, remedy = fault(values[index]) or ("", "", "")
            return Problem(self.place(index, column), what, remedy)

        self.report([(f"{kind} in column {column!r}", at, problem) for kind, at in kinds.items()], findings)


def part(read: Mapping[str, Split], section: DataSection) -> tuple[dict[str, Split], list[str]]:
    """Make train, validation and test of the splits that have a source: (splits by name, notes).

    Duplicates are left out where the configuration says so, validation rows are set aside where none are named.

    Raises:
        DataError: nothing is left of a split or of a class.
    """
    splits, notes = dict(read), []
    if section.duplicates == "drop":
        notes += _drop_duplicates(splits)
    if "validation" not in splits:
        whole = splits["train"]
        splits["train"], splits["validation"] = set_aside(whole, section.validation_share, "validation")
        if not len(splits["validation"]):
            what = f"validation cannot be set aside from {whole.table.counted(len(whole))} of train (data.validation)"
            raise DataError([Problem(whole.table.source, what, "Add different examples, or set data.validation.")])
        number = len(splits["validation"])
        count, verb, whose = whole.table.counted(number), *(("was", "its") if number == 1 else ("were", "their"))
        reason = "content" if whole.group_keys is None else "cluster"
        notes.append(
            f"no data.validation: {count} of train {verb} set aside by {whose} {reason}, the same "
            "ones every time (data.validation_share)."
        )
    if "test" not in splits:
        splits["test"] = splits["validation"]
        noun = splits["test"].table.noun
        notes.append(f"no data.test: the validation {noun}s are evaluated, on which the best checkpoint is chosen too.")
    return {name: splits[name] for name in NAMES}, notes


def set_aside(split: Split, share: float, name: str) -> tuple[Split, Split]:
    """Part a split in two by content: (what stays, what is set aside under `name`).

    Rows are chosen in the order of a hash of their content, so the choice knows nothing of the order of the file, is
    the same everywhere, and keeps rows with the same content on one side. Of every class about `share` is set aside, at
    least one example, and at least one stays.
    """
    of_row, first = split.groups if split.group_keys is None else groups(split.group_keys)
    codes = split.labels.codes[first]  # a group has the class of its first row
    order = np.argsort(codes, kind="stable")  # class by class, in the order of the keys
    begins = np.flatnonzero(np.diff(codes[order], prepend=codes[order][:1] - 1))
    is_chosen = np.zeros(len(first), dtype=bool)
    for begin, end in zip(begins, [*begins[1:], len(order)], strict=True):
        size = int(end - begin)
        wanted = max(1, round(share * size)) if size > 1 else 0
        is_chosen[order[begin : begin + wanted]] = True
    chosen = is_chosen[of_row]
    return split.take(np.flatnonzero(~chosen)), split.take(np.flatnonzero(chosen), name)


def _drop_duplicates(splits: dict[str, Split]) -> list[str]:
    notes = []
    for name, later in (("train", ("validation", "test")), ("validation", ("test",))):
        there = [other for other in later if other in splits]
        if name not in splits or not there:
            continue
        whole = splits[name]
        kept = whole.take(np.flatnonzero(~among(whole.keys, [splits[other].keys for other in there])))
        elsewhere, noun = " or ".join(later), whole.table.noun
        lost = set(whole.labels.counts) - set(kept.labels.counts)
        if len(kept) == 0 and (name != "train" or not lost):
            problem = Problem(whole.table.source, f"every {noun} is also in {there[0]}", "Name another file.")
            raise DataError([problem])
        if name == "train" and lost:
            what = f"without the {noun}s that are also in {elsewhere}, no example is left of {sorted(map(str, lost))}"
            raise DataError([Problem(whole.table.source, what, "Add other examples of these classes.")])
        if len(kept) < len(whole):
            number = len(whole) - len(kept)
            notes.append(f"{number:,} {noun}s of {name} are left out: they are also in {elsewhere} (data.duplicates).")
        splits[name] = kept
    return notes
