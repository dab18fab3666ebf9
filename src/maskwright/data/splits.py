"""The rows of one split with the columns of the task, and how rows are set aside or left out."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from maskwright.data.columns import Columns
from maskwright.data.tables import Table
from maskwright.errors import DataError, Problem

if TYPE_CHECKING:
    from maskwright.config import DataSection

NAMES = ("train", "validation", "test")


@dataclass(frozen=True)
class Split:
    """Some rows of a table.

    Attributes:
        name: train, validation or test.
        table: where the rows are from.
        columns: what the table's columns mean.
        rows: their numbers in the table, from 0.
        values: role -> one value a row, of all roles but the label.
        labels: text, or None where there is none.
        variants: group name -> one value a row.
        keys: what makes two rows the same example, a hash of the content a row; empty until `with_keys`.
    """

    name: str
    table: Table
    columns: Columns
    rows: tuple[int, ...]
    values: Mapping[str, Sequence[Any]]
    labels: Sequence[str | None]
    variants: Mapping[str, Sequence[Any]]
    keys: Sequence[bytes] = ()

    @classmethod
    def of(cls, name: str, table: Table, columns: Columns) -> Split:
        """All rows of a table. Variants are taken where the table has their columns."""
        label = columns.label
        return cls(
            name=name,
            table=table,
            columns=columns,
            rows=tuple(range(table.rows)),
            values={role: table.values(column) for role, column in columns.roles.items() if role != "label"},
            labels=[None] * table.rows if label is None else [label_text(value) for value in table.values(label)],
            variants={k: table.values(v) for k, v in columns.variants.items() if v in table.columns},
        )

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, indices: Sequence[int], name: str | None = None) -> Split:
        """Some of the rows, by their position here, in the order given."""
        return dataclasses.replace(
            self,
            name=name or self.name,
            rows=tuple(self.rows[i] for i in indices),
            values={role: [values[i] for i in indices] for role, values in self.values.items()},
            labels=[self.labels[i] for i in indices],
            variants={name: [values[i] for i in indices] for name, values in self.variants.items()},
            keys=[self.keys[i] for i in indices],
        )

    def with_keys(self, keys: Sequence[bytes]) -> Split:
        """The same rows with what makes two of them the same example."""
        return dataclasses.replace(self, keys=keys)

    def place(self, index: int, column: str | None = None) -> str:
        """Where the row at a position is, for messages."""
        return self.table.place(self.rows[index], column)

    def row(self, index: int) -> int | str:
        """What tells the row at a position from others in a list."""
        return self.table.name(self.rows[index])


def text_keys(split: Split) -> list[bytes]:
    """A hash of text and pair of each row; case and the width of blanks do not count."""
    texts = split.values["text"]
    pairs = split.values.get("text_pair", [""] * len(split))
    return [text_key(text, pair) for text, pair in zip(texts, pairs, strict=True)]


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


def part(given: Mapping[str, Split], config: DataSection) -> tuple[dict[str, Split], list[str]]:
    """Make train, validation and test of the splits that were given: (splits by name, notes).

    Duplicates are left out where the configuration says so, validation rows are set aside where none are given.

    Raises:
        DataError: nothing is left of a split or of a class.
    """
    splits, notes = dict(given), []
    if config.duplicates == "drop":
        notes += _drop_duplicates(splits)
    if "validation" not in splits:
        whole = splits["train"]
        splits["train"], splits["validation"] = set_aside(whole, config.validation_share, "validation")
        if not len(splits["validation"]):
            what = f"validation cannot be set aside from {whole.table.counted(len(whole))} of train (data.validation)"
            raise DataError([Problem(whole.table.source, what, "Add different examples, or set data.validation.")])
        number = len(splits["validation"])
        count, verb, whose = whole.table.counted(number), *(("was", "its") if number == 1 else ("were", "their"))
        notes.append(
            f"no data.validation: {count} of train {verb} set aside by {whose} content, the same "
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
    groups: dict[bytes, list[int]] = {}
    for index, key in enumerate(split.keys):
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


def duplicates(one: Split, other: Split) -> list[tuple[int, int]]:
    """Positions (in `one`, in `other`) of rows that hold the same example; the first match in `other` counts."""
    first: dict[bytes, int] = {}
    for index, key in enumerate(other.keys):
        first.setdefault(key, index)
    return [(index, first[key]) for index, key in enumerate(one.keys) if key in first]


def _drop_duplicates(splits: dict[str, Split]) -> list[str]:
    notes = []
    for name, later in (("train", ("validation", "test")), ("validation", ("test",))):
        if name not in splits:
            continue
        whole = splits[name]
        known = {key for other in later if other in splits for key in splits[other].keys}
        kept = whole.take([index for index, key in enumerate(whole.keys) if key not in known])
        elsewhere, noun = " or ".join(later), whole.table.noun
        lost = set(whole.labels) - set(kept.labels) - {None}
        if len(kept) == 0 and (name != "train" or not lost):
            found = next(other for other in later if other in splits)
            problem = Problem(whole.table.source, f"every {noun} is also in {found}", "Name another file.")
            raise DataError([problem])
        if name == "train" and lost:
            what = f"without the {noun}s that are also in {elsewhere}, no example is left of {sorted(map(str, lost))}"
            raise DataError([Problem(whole.table.source, what, "Add other examples of these classes.")])
        if len(kept) < len(whole):
            number = len(whole) - len(kept)
            notes.append(f"{number:,} {noun}s of {name} are left out: they are also in {elsewhere} (data.duplicates).")
        splits[name] = kept
    return notes


def text_key(text: Any, pair: Any = "") -> bytes:
    """A hash of a text, or of two; case and the width of blanks do not count."""
    parts = "\0".join(" ".join(str(part).casefold().split()) for part in (text, pair))
    return hashlib.sha256(parts.encode("utf-8", "surrogatepass")).digest()
