"""What can be wrong with a set of tags: spelt in two ways, of two schemes, unknown to training, against their rules."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from maskwright.data.findings import Findings, shorten
from maskwright.data.splits import Split
from maskwright.data.tagging.rows import listed_rows
from maskwright.data.tagging.schemes import LETTERED, OUTSIDE, Scheme, parts_of
from maskwright.errors import Problem

__all__ = ["check_rules", "check_set", "check_unknown", "listed", "ordered", "recognised"]

ORDER = "BSUIEL"
"""Letters of a type's tags, in the order in which the tags are numbered."""

Counts = Mapping[str, Counter[str]]
"""Split -> how many words have each tag."""


def ordered(tags: Iterable[str]) -> tuple[str, ...]:
    """Tags in the order of their numbers: `O`, then by type, beginnings first.

    >>> ordered({"I-PER", "B-PER", "O", "B-LOC"})
    ('O', 'B-LOC', 'B-PER', 'I-PER')
    """
    lettered = Scheme.of(tags).lettered

    def place(tag: str) -> tuple[Any, ...]:
        pair = parts_of(tag) if lettered else None
        return (tag != OUTSIDE, *((pair[1], ORDER.index(pair[0])) if pair else (tag, 0)))

    return tuple(sorted(tags, key=place))


def recognised(counts: Counter[str], sentences: Sequence[Sequence[str]]) -> Scheme:
    """The scheme of the training tags. Of IOB1 and IOB2, which have the same tags, the one whose rules break less."""
    scheme, other = Scheme.of(counts), Scheme("IOB1")
    if scheme.name != "IOB2":
        return scheme
    broken = [sum(1 for tags in sentences for _ in one.faults(tags)) for one in (other, scheme)]
    return other if broken[0] < broken[1] else scheme


def check_set(train: Split, counts: Counter[str], findings: Findings) -> None:
    """Find tags that differ only in case, blanks or signs, and sets that are no scheme, or two.

    Args:
        train: whose source is named.
        counts: words of each tag, over all splits.
        findings: where problems go.
    """
    source = train.table.source
    place = f"{source}, column {train.columns.roles['tags']!r}"

    def add(kind: str, what: str, remedy: str) -> None:
        findings.add(kind, source, Problem(place, what, remedy))

    spellings: dict[str, Counter[str]] = {}
    for tag, count in counts.items():
        spellings.setdefault(_normal(tag), Counter())[tag] += count
    for alike in spellings.values():
        (usual, often), *others = alike.most_common()
        for rare, times in others:
            what = (
                f"tag {shorten(rare)} ({_words(times)}) differs from {shorten(usual)} ({often:,}) only in case or signs"
            )
            add("tags spelt in two ways", what, f"Write it {usual!r} everywhere.")
    tags = sorted(set(counts) - {OUTSIDE})
    lettered = [tag for tag in tags if LETTERED.fullmatch(tag)]
    odd, letters = sorted(set(tags) - set(lettered)), {tag[0] for tag in lettered}
    if odd and letters & set("BI"):
        what = f"{listed(odd)} begin with none of B-, I-, E-, S-, L-, U-, and {listed(lettered)} do"
        add("tags of two kinds", what, "Write all tags in one scheme, or all as types alone.")
    if letters & set("ES") and letters & set("LU"):
        what = f"tags begin with letters of BIOES (E, S) and of BILOU (L, U): {', '.join(sorted(letters))}"
        add("tags of two schemes", what, "Write all tags in one scheme.")
    if odd and odd == tags and all(tag[-2:-1] == "-" and LETTERED.fullmatch(tag[-1]) for tag in tags):
        what = f"the letter of the scheme stands behind the type: {listed(tags)}"
        add("tags the other way round", what, "Write it before the type: B-PER.")
    if counts and not tags:
        what = f"every word has the tag {OUTSIDE}, so there is nothing to find"
        add("tags", what, "Is this the column of tags? See data.tags.")


def check_unknown(splits: Mapping[str, Split], counts: Counts, findings: Findings) -> None:
    """Find tags of other splits that cannot be learned, because train lacks them."""
    known = sorted(counts["train"])
    spelt = {_normal(tag) for tag in known}  # tags that train spells in another way have their own message
    for name, split in splits.items():
        for tag in sorted(tag for tag in counts[name] if _normal(tag) not in spelt):
            rows = [row for row, tags in enumerate(split.values["tags"]) if isinstance(tags, list) and tag in tags]
            nearest = difflib.get_close_matches(tag, known, n=1)
            hint = f"Did you mean {nearest[0]!r}?" if nearest else f"Train has {listed(known)}."
            where = f"row{'s' * (len(rows) > 1)} {listed_rows(split, rows)}"
            what = f"the tag {shorten(tag)} ({_words(counts[name][tag])}, {where}) is in {name} but not in train"
            place = split.place(rows[0], split.columns.roles["tags"])
            remedy = f"{hint} Add it to train, or change it."
            findings.add("tags that train lacks", split.table.source, Problem(place, what, remedy))


def check_rules(split: Split, rows: Sequence[int], scheme: Scheme, findings: Findings) -> None:
    """Find tags that break the rules of a strict scheme, by which they are no mention at all."""
    for index in rows:
        tags, words = split.values["tags"][index], split.values["tokens"][index]
        for word, fault in list(scheme.faults(tags))[:1]:
            what = f"the tag {tags[word]!r} of word {word + 1}, {shorten(words[word])}, {fault} ({scheme.name})"
            problem = Problem(
                split.place(index, split.columns.roles["tags"]), what, "Correct the tags of the whole mention."
            )
            kind = "sentences whose tags break the rules of their scheme"
            findings.add(kind, split.table.source, problem, split.row(index))


def _words(count: int) -> str:
    return f"{count:,} word{'s' * (count != 1)}"


def _normal(tag: str) -> str:
    """What tags that mean the same have in common."""
    return tag.strip().casefold().replace("_", "-")


def listed(tags: Sequence[str], most: int = 8) -> str:
    """The first few of some tags or types, in words."""
    return ", ".join(tags[:most]) + (f" and {len(tags) - most:,} more" if len(tags) > most else "")
