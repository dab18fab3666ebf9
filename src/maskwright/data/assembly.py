"""From checked splits to the data sets that a task reads."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from maskwright.data.checked import CheckedData, variant_column
from maskwright.data.column import Column
from maskwright.data.fingerprint import fingerprint
from maskwright.data.labels import NO_LABEL, codes_in, order_labels
from maskwright.data.roles import Role, class_role, varied_role
from maskwright.data.splits import Split

if TYPE_CHECKING:
    import pyarrow as pa
    from datasets import Dataset

__all__ = ["NO_LABEL", "assemble", "text_column"]

Identity = Mapping[str, Mapping[str, Column]]
"""Split -> column -> what the fingerprint sees in its place, a value for each row of the split's table."""


def assemble(
    splits: Mapping[str, Split],
    roles: Sequence[Role],
    notes: Sequence[str],
    *,
    labels: tuple[str, ...] | None = None,
    identity: Identity | None = None,
    facts: Mapping[str, Any] | None = None,
) -> CheckedData:
    """Make data sets of splits, without copying their columns.

    Args:
        splits: train, validation and test.
        roles: of the task.
        notes: what the user should know.
        labels: names of the classes; None for those that occur.
        identity: what the fingerprint sees instead of a column: pictures by their pixels, not by their paths.
        facts: what the task needs besides.
    """
    columns, variants = splits["train"].columns.roles, splits["test"].columns.variants
    if labels is None:
        labels = order_labels(name for split in splits.values() for name in split.labels.counts)
    label = class_role(roles)
    tables = {name: _table(split, label, labels, with_variants=name == "test") for name, split in splits.items()}
    seen = {name: _seen(table, splits[name], (identity or {}).get(name, {})) for name, table in tables.items()}
    mark = fingerprint(seen, [dict(columns), dict(variants), list(labels)])
    # Named after our own fingerprint: to make one, the library would pickle the whole table.
    names = {name: hashlib.sha256(f"{mark} {name}".encode()).hexdigest()[:32] for name in tables}
    datasets = {name: _dataset(table, splits[name], names[name]) for name, table in tables.items()}
    return CheckedData(
        train=datasets["train"],
        validation=datasets["validation"],
        test=datasets["test"],
        labels=labels,
        variants=tuple(variants),
        columns=dict(columns),
        notes=tuple(notes),
        fingerprint=mark,
        facts=dict(facts or {}),
        varied=varied_role(roles),
    )


def text_column(column: Column) -> pa.ChunkedArray:
    """A column of text as Arrow's usual strings; of values of other kinds, the text that `str` gives."""
    import pyarrow as pa

    if not column.is_text:
        column = Column.of(value if value is None else str(value) for value in column)
    return column.cells if column.cells.type == pa.string() else column.cells.cast(pa.string())


def _table(split: Split, label: str | None, labels: tuple[str, ...], *, with_variants: bool) -> pa.Table:
    """All rows of a split's table; rows that are not the split's have no class."""
    import pyarrow as pa

    columns: dict[str, Any] = {"example_id": pa.array(np.arange(split.table.rows))}
    columns |= {role: column.cells for role, column in split.content.items()}
    if label is not None:
        codes = np.full(split.table.rows, NO_LABEL)
        codes[split.rows] = codes_in(split.labels, labels)
        columns[label] = pa.array(codes)
    if with_variants:
        columns |= {variant_column(name): column.cells for name, column in split.variant_columns.items()}
        for role, variants in split.other_variants.items():
            columns |= {variant_column(name, role): column.cells for name, column in variants.items()}
    return pa.table(columns)


def _seen(table: pa.Table, split: Split, instead: Mapping[str, Column]) -> dict[str, Any]:
    """Column -> the values of the split's rows, block by block, as the fingerprint sees them."""
    columns = {name: instead.get(name) or Column(table.column(name)) for name in table.column_names}
    return {name: (block for _, block in column.at(split.rows).blocks()) for name, column in columns.items()}


def _dataset(table: pa.Table, split: Split, name: str) -> Dataset:
    from datasets import Dataset
    from datasets.table import InMemoryTable

    dataset = Dataset(InMemoryTable(table), fingerprint=name)
    if len(split) == table.num_rows:
        return dataset
    return dataset.select(split.rows, new_fingerprint=f"{name}-rows")
