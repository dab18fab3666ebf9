"""What can be wrong with a row: words and tags that are no lists of text, or not as many of one as of the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from maskwright.data.findings import Findings, shorten
from maskwright.data.splits import Split
from maskwright.errors import Problem

__all__ = ["joined", "listed_rows", "sound_rows"]

ROWS_LISTED = 10

Fault = tuple[str, str, str]
"""Kind, what is wrong, and what to do."""

KEYS = {"word": "data.tokens", "tag": "data.tags"}


def sound_rows(split: Split, findings: Findings) -> Iterator[int]:
    """The rows whose words and tags are lists of text of one length; what is wrong with the others is kept."""
    columns, source = split.columns.roles, split.table.source
    for index, (words, tags) in enumerate(zip(split.values["tokens"], split.values["tags"], strict=True)):
        faults = [(columns["tokens"], fault) for fault in _faults(words, "word")]
        faults += [(columns["tags"], fault) for fault in _faults(tags, "tag")]
        if not faults and len(words) != len(tags):
            what = f"there are {len(words):,} words and {len(tags):,} tags"
            fault = ("sentences with other numbers of words and tags", what, "Give each word one tag.")
            faults.append((columns["tags"], fault))
        if not faults:
            faults += _faults_of_variants(split, index, len(words))
        for column, (kind, what, remedy) in faults:
            findings.add(kind, source, Problem(split.place(index, column), what, remedy), split.row(index))
        if not faults:
            yield index


def _faults_of_variants(split: Split, index: int, length: int) -> Iterator[tuple[str, Fault]]:
    for name, rows in split.variants.items():
        column, words = split.columns.variants[name], rows[index]
        faults = _faults(words, "word")
        yield from ((column, fault) for fault in faults)
        if not faults and len(words) != length:
            what = f"the variant has {len(words):,} words, and the sentence {length:,}"
            remedy = "A variant has as many words as the sentence, because it has its tags."
            yield column, ("variants with another number of words", what, remedy)


def _faults(values: Any, noun: str) -> list[Fault]:
    """The first thing that is wrong with a row's words, or tags; nothing if nothing is."""
    if not isinstance(values, list | tuple):
        what = f"expected a list of {noun}s, found {type(values).__name__} {shorten(values)}"
        remedy = f'Write a list, such as ["a", "b"], or name another column ({KEYS[noun]}).'
        return [(f"rows without a list of {noun}s", what, remedy)]
    if not values:
        return [("empty sentences", f"the list of {noun}s is empty", "Fill it in or remove the row.")]
    faults = (_fault(value, noun, number) for number, value in enumerate(values, start=1))
    return [fault for fault in faults if fault is not None][:1]


def _fault(value: Any, noun: str, number: int) -> Fault | None:
    if isinstance(value, int) and noun == "tag":
        remedy = "Write names, or give the names in the order of the numbers (data.tag_names: [O, B-PER, ...])."
        return ("tags that are numbers", f"tag {number} is the number {value!r}", remedy)
    if not isinstance(value, str):
        what = f"{noun} {number} is {type(value).__name__} {shorten(value)}, not text"
        return (f"{noun}s that are not text", what, "Write it as text.")
    if not value.strip():
        what = f"{noun} {number} is {'empty' if not value else f'only blanks: {shorten(value)}'}"
        return (f"empty {noun}s", what, "Fill it in, or remove the word with its tag.")
    return None


def joined(words: Any) -> str:
    """A sentence as text."""
    return " ".join(map(str, words)) if isinstance(words, list | tuple) else str(words)


def listed_rows(split: Split, indices: Sequence[int]) -> str:
    """The first few row numbers, from 1, for messages."""
    names = [split.row(index) for index in indices[:ROWS_LISTED]]
    listed = ", ".join(f"{name + 1}" if isinstance(name, int) else name for name in names)
    return listed + (", ..." if len(indices) > ROWS_LISTED else "")
