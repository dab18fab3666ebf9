"""The rows of one split with the columns of the task, and how rows are set aside or left out."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from maskwright.data.columns import Columns
from maskwright.data.table import Table


@dataclass(frozen=True)
class Split:
    """Some rows of a table.

    Attributes:
        name: train, validation or test.
        table: where the rows are from.
        columns: what the table's columns mean.
        rows: their numbers in the table, from 0.
        texts, pairs, labels: one value a row; `pairs` is None for single texts. Labels are text, or None where there is
            none.
        variants: group name -> one text a row.
    """

    name: str
    table: Table
    columns: Columns
    rows: tuple[int, ...]
    texts: Sequence[Any]
    pairs: Sequence[Any] | None
    labels: Sequence[str | None]
    variants: Mapping[str, Sequence[Any]]

    @classmethod
    def of(cls, name: str, table: Table, columns: Columns) -> Split:
        """All rows of a table. Variants are taken where the table has their columns."""
        return cls(
            name=name,
            table=table,
            columns=columns,
            rows=tuple(range(table.rows)),
            texts=table.values(columns.text),
            pairs=None if columns.text_pair is None else table.values(columns.text_pair),
            labels=[label_text(value) for value in table.values(columns.label)],
            variants={k: table.values(v) for k, v in (columns.variants or {}).items() if v in table.columns},
        )

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, indices: Sequence[int], name: str | None = None) -> Split:
        """Some of the rows, by their position here, in the order given."""
        return Split(
            name=name or self.name,
            table=self.table,
            columns=self.columns,
            rows=tuple(self.rows[i] for i in indices),
            texts=[self.texts[i] for i in indices],
            pairs=None if self.pairs is None else [self.pairs[i] for i in indices],
            labels=[self.labels[i] for i in indices],
            variants={name: [texts[i] for i in indices] for name, texts in self.variants.items()},
        )

    def place(self, index: int, column: str | None = None) -> str:
        """Where the row at a position is, for messages."""
        return self.table.place(self.rows[index], column)

    def keys(self) -> list[bytes]:
        """What makes two rows the same example: a hash of text and pair; case and the width of blanks do not count."""
        pairs = self.pairs if self.pairs is not None else [""] * len(self)
        return [_key(text, pair) for text, pair in zip(self.texts, pairs, strict=True)]


def label_text(value: Any) -> str | None:
    """A label as text, as all labels are compared; None where there is none.

    >>> label_text(3), label_text("pos"), label_text(True), label_text(float("nan")), label_text("  ")
    ('3', 'pos', 'true', None, None)
    """
    if isinstance(value, bool):
        return str(value).lower()
    # Only NaN differs from itself.
    text = "" if value is None or value != value else str(value)
    return text if text.strip() else None


def set_aside(split: Split, share: float, name: str) -> tuple[Split, Split]:
    """Part a split in two by content: (what stays, what is set aside under `name`).

    Rows are chosen in the order of a hash of their content, so the choice knows nothing of the order of the file, is
    the same everywhere, and keeps rows with the same text on one side. Of every class about `share` is set aside, at
    least one example, and at least one stays.
    """
    keys = split.keys()
    groups: dict[bytes, list[int]] = {}
    for index, key in enumerate(keys):
        groups.setdefault(key, []).append(index)
    by_label: dict[str | None, list[bytes]] = {}
    for key, members in groups.items():
        by_label.setdefault(split.labels[members[0]], []).append(key)
    chosen: set[int] = set()
    for of_label in by_label.values():
        wanted = max(1, round(share * len(of_label))) if len(of_label) > 1 else 0
        chosen.update(index for key in sorted(of_label)[:wanted] for index in groups[key])
    stays = [index for index in range(len(split)) if index not in chosen]
    return split.take(stays), split.take(sorted(chosen), name)


def without(split: Split, keys: set[bytes]) -> Split:
    """The rows whose example is not among `keys`."""
    return split.take([index for index, key in enumerate(split.keys()) if key not in keys])


def _key(text: Any, pair: Any) -> bytes:
    parts = "\0".join(" ".join(str(part).casefold().split()) for part in (text, pair))
    return hashlib.sha256(parts.encode("utf-8", "surrogatepass")).digest()
