"""From a stored row to an example: its columns by role, checked one by one."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from maskwright.data.checks import text_fault
from maskwright.data.findings import shorten
from maskwright.data.labels import label_text
from maskwright.data.numbers import as_number, number_fault
from maskwright.data.paths import bytes_fault, file_fault
from maskwright.data.roles import Role
from maskwright.data.sequences import sequence_fault
from maskwright.data.splits import Fault
from maskwright.data.streaming.shards import Raw, decode
from maskwright.errors import DataError, Problem


@dataclass(frozen=True)
class RowReader:
    """Makes examples of rows.

    Attributes:
        roles: what is read of a row; without any, a row stays as it is.
        columns: (role, column) of each.
        labels: names of the classes.
        folder: that paths are taken from.
    """

    roles: tuple[Role, ...] = ()
    columns: tuple[tuple[str, str], ...] = ()
    labels: tuple[str, ...] = ()
    folder: str = "."

    @property
    def outer_columns(self) -> tuple[str, ...] | None:
        """The columns of the files that are needed; None for all."""
        return tuple(dict.fromkeys(column.partition(".")[0] for _, column in self.columns)) or None

    def read(self, raw: Raw) -> dict[str, Any]:
        """The example of a row.

        Raises:
            DataError: the row cannot be read, lacks a column, or holds what its role does not take.
        """
        row = decode(raw)
        columns = dict(self.columns)
        return {role.name: self._value(role, columns[role.name], row, raw) for role in self.roles} or row

    def _value(self, role: Role, column: str, row: Mapping[str, Any], raw: Raw) -> Any:
        value = _at(row, column)
        fault = self._fault(role, value)
        if fault is not None:
            _, what, remedy = fault
            raise DataError([Problem(f"{raw.where}, column '{column}'", what, remedy)])
        if role.kind == "class":
            return self.labels.index(label_text(value) or "")
        if role.kind == "number":
            return as_number(value)
        if role.kind == "path":
            return str(Path(self.folder) / value)
        return label_text(value) if role.kind == "group" else value

    def _fault(self, role: Role, value: Any) -> Fault | None:
        checks: Mapping[str, Any] = {
            "text": text_fault,
            "number": number_fault,
            "sequence": partial(sequence_fault, role=role),
            "path": partial(file_fault, folder=Path(self.folder)),
            "binary": bytes_fault,
            "class": self._label_fault,
        }
        check = checks.get(role.kind)
        return None if check is None else check(value)

    def _label_fault(self, value: Any) -> Fault | None:
        label = label_text(value)
        if label is None:
            return "rows without a label", "the row has no label", "Label it or remove the row."
        if label in self.labels:
            return None
        nearest = difflib.get_close_matches(label, self.labels, n=1)
        hint = f"Did you mean {nearest[0]!r}? " if nearest else ""
        what = f"the label {shorten(label)} is not among those of the first rows and of the other splits"
        return "new labels", what, f"{hint}Put an example of every class among the first rows."


def _at(row: Mapping[str, Any], column: str) -> Any:
    """The value of a column, or under a key of one: `translation.en`; None where there is none."""
    if column in row:
        return row[column]
    outer, dot, key = column.rpartition(".")
    value = _at(row, outer) if dot else None
    return value.get(key) if isinstance(value, Mapping) else None
