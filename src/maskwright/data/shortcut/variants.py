"""The test texts without the shortcut, in three ways, as variants of the data."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from maskwright.data.checked import CheckedData, variant_column
from maskwright.data.column import Column
from maskwright.data.columns import missing_column
from maskwright.data.findings import Findings, shorten
from maskwright.data.shortcut.matching import GAP, gapped, word_pattern
from maskwright.data.shortcut.removal import deleted
from maskwright.data.shortcut.section import DELETED, MASKED, NEUTRAL, VARIANTS, Shortcut
from maskwright.data.splits import Fault, Split
from maskwright.errors import DataError, Problem

__all__ = ["readable", "unreadable_notes", "with_shortcut_variants"]

Texts = dict[str, list[str | None]]
"""Variant -> a text for each row of the table; None in rows of other splits."""


def with_shortcut_variants(split: Split, roles: tuple[str, ...], shortcut: Shortcut) -> tuple[Split, tuple[str, ...]]:
    """Add the three variants to a test split: (the split, notes).

    Args:
        split: checked and converted.
        roles: that hold texts, the varied one first.
        shortcut: of the configuration.

    Raises:
        DataError: no row has the shortcut, or a row's own words cannot be used.
    """
    patterns = list(_patterns(split, shortcut))
    made, has, empty = {role: _no_texts(split) for role in roles}, [False] * len(split), 0
    for role in roles:
        for index, text in enumerate(split.values(role)):
            ways = _ways(text, patterns[index], shortcut.neutral)
            has[index] = has[index] or ways.found
            empty += not re.search(r"\w", ways.texts[DELETED])
            for name, changed in ways.texts.items():
                made[role][name][split.rows[index]] = changed
    if not any(has):
        raise DataError([_nowhere(split, roles, shortcut)])
    columns = {role: {name: Column.of(texts) for name, texts in made[role].items()} for role in roles}
    first, others = roles[0], {role: columns[role] for role in roles[1:]}
    named = replace(
        split.columns, variants={**split.columns.variants, **dict.fromkeys(VARIANTS, split.columns.roles[first])}
    )
    varied = {**split.variant_columns, **columns[first]}
    return replace(split, columns=named, variant_columns=varied, other_variants=others), _notes(split, has, empty)


@dataclass(frozen=True)
class _Ways:
    """A text without the shortcut: by variant, and whether it had it."""

    texts: Mapping[str, str]
    found: bool


def _ways(text: str, pattern: re.Pattern[str] | None, neutral: str) -> _Ways:
    marked = None if pattern is None else gapped(text, pattern)
    if pattern is None or marked is None:
        return _Ways(dict.fromkeys(VARIANTS, text), False)
    return _Ways({DELETED: deleted(text, pattern), MASKED: marked, NEUTRAL: marked.replace(GAP, neutral)}, True)


def _no_texts(split: Split) -> Texts:
    return {name: [None] * split.table.rows for name in VARIANTS}


def _patterns(split: Split, shortcut: Shortcut) -> Iterator[re.Pattern[str] | None]:
    """What finds the shortcut in each row; None where a row names no words."""
    fixed = shortcut.fixed_pattern()
    if shortcut.column is None:
        yield from (fixed for _ in range(len(split)))
        return
    problem = missing_column(split.table, shortcut.column, "data.shortcut.column")
    if problem is not None:
        raise DataError([problem])
    cells, findings = split.table.column(shortcut.column).at(split.rows), Findings()
    split.check(shortcut.column, cells, _CellFault(shortcut.neutral), findings)
    findings.stop()
    for cell in cells:
        words = _words(cell)
        yield _pattern_of(tuple(words)) if words else None


@lru_cache(maxsize=4096)
def _pattern_of(words: tuple[str, ...]) -> re.Pattern[str]:
    return word_pattern(words)


def _words(cell: Any) -> list[str]:
    return [word for word in ([cell] if isinstance(cell, str) else cell or []) if word.strip()]


@dataclass(frozen=True)
class _CellFault:
    """What is wrong with a row's own words; None if nothing is."""

    neutral: str

    def __call__(self, cell: Any) -> Fault | None:
        parts = cell if isinstance(cell, list) else [] if cell is None else [cell]
        if not all(isinstance(part, str) for part in parts):
            what = f"expected a word or a list of words, found {shorten(cell)}"
            return "shortcuts that are not words", what, "Write the words as the text has them."
        words = _words(cell)
        if words and _pattern_of(tuple(words)).search(self.neutral):
            what = f"{self.neutral!r} is put in the place of the shortcut, and is among its words: {shorten(cell)}"
            return "shortcuts that are the neutral word", what, "Set data.shortcut.neutral to another word."
        return None


def _nowhere(split: Split, roles: tuple[str, ...], shortcut: Shortcut) -> Problem:
    named = shortcut.words or ([shortcut.pattern] if shortcut.pattern else [f"the words of column {shortcut.column!r}"])
    shown = ", ".join(map(shorten, named[:5])) if shortcut.column is None else named[0]
    rest = f" and {len(named) - 5} more" if len(named) > 5 else ""
    columns = " and ".join(repr(split.columns.roles[role]) for role in roles)
    whole = "" if shortcut.words is None else " Words are looked for whole; for parts of words give {pattern: ...}."
    what = f"the shortcut, {shown}{rest}, is in none of the {len(split):,} texts of {split.name} (column {columns})"
    return Problem(split.table.source, what, f"Write data.shortcut as the texts have it, or remove it.{whole}")


def _notes(split: Split, has: list[bool], empty: int) -> tuple[str, ...]:
    counted, without, rest = split.table.counted, len(has) - sum(has), ""
    if without:
        rest = f"; {counted(without)} without it {'is' if without == 1 else 'are'} the same in every variant"
    ways = f"{', '.join(f'“{name}”' for name in VARIANTS[:-1])} and “{VARIANTS[-1]}”"
    share = f"{sum(has):,} of {counted(len(has))}"
    notes = [f"{split.name}: the shortcut (data.shortcut) is in {share}; variants without it: {ways}{rest}."]
    if empty:
        texts = "1 text; models read it" if empty == 1 else f"{empty:,} texts; models read them"
        notes.append(f"{split.name}: in “{DELETED}”, no word is left of {texts} empty.")
    return tuple(notes)


def readable(data: CheckedData, mask: str | None) -> CheckedData:
    """The data with the mask token in the gaps of the masked variant, or without that variant where there is none.

    Args:
        data: checked.
        mask: what a tokenizer reads as its mask token; None if it has none.
    """
    if MASKED not in data.variants:
        return data
    if mask is None:
        names = tuple(name for name in data.variants if name != MASKED)
        return replace(data, variants=names, notes=(*data.notes, *unreadable_notes(mask)))
    roles = [None, *data.columns]
    columns = [name for role in roles if (name := variant_column(MASKED, role)) in data.test.column_names]
    test = data.test.map(
        _filled,
        batched=True,
        fn_kwargs={"columns": columns, "mask": mask},
        keep_in_memory=True,
        load_from_cache_file=False,
        new_fingerprint=f"{data.test._fingerprint}-{mask}",
    )
    return replace(data, test=test)


def unreadable_notes(mask: str | None) -> tuple[str, ...]:
    """What to know of variants that a tokenizer cannot read; `mask` as in `readable`."""
    return () if mask is not None else (f"the tokenizer has no mask token, so the variant “{MASKED}” is left out.",)


def _filled(rows: Mapping[str, Any], columns: list[str], mask: str) -> dict[str, list[str]]:
    return {name: [text.replace(GAP, mask) for text in rows[name]] for name in columns}
