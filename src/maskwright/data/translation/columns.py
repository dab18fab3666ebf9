"""Where source and target are: files that end with their names, keys in a column, or the only two columns."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from maskwright.data.guess import plain_name
from maskwright.data.readers.table_file import extensions
from maskwright.data.shortcut.section import reserved_columns
from maskwright.data.tables import Table
from maskwright.data.translation.section import ROLES, TranslationSection

__all__ = ["languages", "with_columns", "with_files"]

SPLITS = ("train", "validation", "test")
PLACES = {"source": "its place before the other", "target": "its place behind the other"}


def with_files(section: TranslationSection) -> TranslationSection:
    """The section with two files in place of what they begin with: `train` becomes `train.en` and `train.fr`."""
    if section.dataset is not None or section.source is None or section.target is None:
        return section
    endings = {"source": section.source, "target": section.target}
    changes: dict[str, Any] = {}
    for split in SPLITS:
        beginning = getattr(section, split)
        if not isinstance(beginning, str) or Path(beginning).suffix.lower() in extensions():
            continue
        files = {role: f"{beginning}.{ending}" for role, ending in endings.items()}
        if all(Path(file).is_file() for file in files.values()):
            changes[split] = files
    return section.model_copy(update=changes)


def with_columns(
    section: TranslationSection, tables: Mapping[str, Table]
) -> tuple[TranslationSection, tuple[str, ...]]:
    """The section with columns by their whole names, and those that stand out though it names none; and notes."""
    asked = [table for table in tables.values() if table.roles is None]
    if not asked:
        return section, ()
    table = asked[0]
    named = {role: name for role in PLACES if (name := getattr(section, role)) is not None}
    columns = {role: whole_name(table, name) for role, name in named.items()}
    variants = {group: whole_name(table, name) for group, name in section.variants.items()}
    notes = []
    if len(columns) < len(PLACES):
        guessed = _by_place(table, columns, {*reserved_columns(section), *variants.values()})
        notes = [
            f"data.{role} is not set; column {column!r} was taken, for {PLACES[role]}."
            for role, column in guessed.items()
            if role not in columns
        ]
        columns = {**guessed, **columns}
    return section.model_copy(update={**columns, "variants": variants}), tuple(notes)


def whole_name(table: Table, name: str) -> str:
    """A column by its name, or by a key that one column of objects has: `en` for `translation.en`.

    >>> whole_name(Table("a.jsonl", {"translation": [{"en": "one", "fr": "un"}]}, 1), "fr")
    'translation.fr'
    """
    if table.has(name):
        return name
    inside = [f"{outer}.{name}" for outer in table.header if name in table.column(outer).fields]
    return inside[0] if len(inside) == 1 else name


def _by_place(table: Table, named: Mapping[str, str], others: set[str]) -> dict[str, str]:
    """The two keys of the only column of objects, or the only two columns, in their order; {} if there are none.

    Columns that are called after their roles are found by their names, later.
    """
    usual = {name for role in ROLES for name in (role.name, *role.names)}
    if any(plain_name(column) in usual for column in table.header):
        return {}
    nested = [f"{outer}.{key}" for outer in table.header for key in table.column(outer).fields]
    flat = [column for column in table.header if column not in others]
    pair = nested if len(nested) == 2 else flat if not nested else []
    if len(pair) != 2 or not set(named.values()) <= set(pair):
        return {}
    if not named:
        return dict(zip(PLACES, pair, strict=True))
    role = next(role for role in PLACES if role not in named)
    return {role: next(column for column in pair if column not in named.values())}


def languages(section: TranslationSection, columns: Mapping[str, str]) -> dict[str, str]:
    """Role -> what its language seems to be called: the last part of a column's name, or the ending of a file.

    >>> languages(TranslationSection(), {"source": "translation.en", "target": "fr"})
    {'source': 'en', 'target': 'fr'}
    """
    if isinstance(section.train, Mapping):
        return {role: Path(file).suffix.removeprefix(".") for role, file in section.train.items()}
    return {role: columns[role].rpartition(".")[2] for role in PLACES}
