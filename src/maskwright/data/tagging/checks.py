"""Everything that can be wrong with sentences and their tags, found before anything slow begins."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

from maskwright.data.checks import check_across
from maskwright.data.findings import Findings, shorten
from maskwright.data.splits import Split
from maskwright.data.tagging.rows import joined, listed_rows, sound_rows
from maskwright.data.tagging.schemes import OUTSIDE, Scheme, parts_of
from maskwright.data.tagging.tags import Counts, check_rules, check_set, check_unknown, listed, recognised
from maskwright.errors import DataError, Problem

if TYPE_CHECKING:
    from maskwright.config import DataSection

__all__ = ["check_mentions", "check_sentences"]

Splits = Mapping[str, Split]


def check_sentences(splits: Splits, config: DataSection) -> tuple[Scheme, list[str]]:
    """Check the sentences of all splits that have a file of their own: (scheme of the tags, notes).

    Args:
        splits: with values `tokens` and `tags`; train, and validation and test where they are given.
        config: says whether duplicates are dropped.

    Raises:
        DataError: with all problems.
    """
    findings = Findings()
    sound = {name: list(sound_rows(split, findings)) for name, split in splits.items()}
    sentences = {name: [splits[name].values["tags"][row] for row in rows] for name, rows in sound.items()}
    counts = {name: Counter(tag for tags in some for tag in tags) for name, some in sentences.items()}
    check_set(splits["train"], sum(counts.values(), Counter()), findings)
    check_unknown(splits, counts, findings)
    scheme = recognised(counts["train"], sentences["train"])
    if scheme.strict:
        for name, split in splits.items():
            check_rules(split, sound[name], scheme, findings)
    if config.duplicates == "refuse":
        check_across(splits, findings, lambda split, row: (shorten(joined(split.values["tokens"][row])), "tokens"))
    findings.stop()
    return scheme, _notes(splits, counts, scheme)


def check_mentions(splits: Splits) -> None:
    """Refuse a split in which no word has a tag besides `O`, because nothing can be measured on it.

    Raises:
        DataError: naming its source.
    """
    for name, split in splits.items():
        if all(tag == OUTSIDE for tags in split.values["tags"] for tag in tags):
            what = f"no sentence of {name} has a tag besides {OUTSIDE}, so nothing can be measured on it"
            raise DataError([Problem(split.table.source, what, f"Set data.{name} to sentences with mentions.")])


def _notes(splits: Splits, counts: Counts, scheme: Scheme) -> list[str]:
    types = {(parts_of(tag) or ("", tag))[1] if scheme.lettered else tag for tag in counts["train"]} - {OUTSIDE}
    how = scheme.name if scheme.lettered else "types alone, so each run of one type is a mention"
    notes = [f"tags are {how}; {len(types)} type{'s' * (len(types) > 1)}: {listed(sorted(types))}."]
    for name, split in splits.items():
        notes += _notes_of(name, split, scheme)
        lacking = sorted(set(counts["train"]) - set(counts[name]))
        notes += [f"{name} has no {listed(lacking)}."] if lacking else []
    return [*notes, *_repeats(splits["train"])]


def _notes_of(name: str, split: Split, scheme: Scheme) -> list[str]:
    notes, sentences = [], split.values["tags"]
    broken = [row for row, tags in enumerate(sentences) if any(scheme.faults(tags))]
    if broken:
        word, fault = next(scheme.faults(sentences[broken[0]]))
        meaning = (
            "it is read as a beginning, as conlleval does" if scheme.name == "IOB2" else "the mentions are the same"
        )
        notes.append(
            f"{name}: {split.table.counted(len(broken))} with a tag such as {sentences[broken[0]][word]!r} that "
            f"{fault}, against the rules of {scheme.name}; {meaning}. Rows: {listed_rows(split, broken)}."
        )
    blank = [row for row, words in enumerate(split.values["tokens"]) if any(word.split() != [word] for word in words)]
    if blank:
        rows = listed_rows(split, blank)
        notes.append(f"{name}: {split.table.counted(len(blank))} with a word that holds blanks. Rows: {rows}.")
    return notes


def _repeats(train: Split) -> list[str]:
    """What to know about sentences that train has more than once."""
    tags: dict[bytes, set[tuple[str, ...]]] = {}
    for key, row in zip(train.keys, train.values["tags"], strict=True):
        tags.setdefault(key, set()).add(tuple(row))
    repeated, torn = len(train) - len(tags), sum(len(rows) > 1 for rows in tags.values())
    notes = []
    if repeated:
        verb = "repeats" if repeated == 1 else "repeat"
        notes.append(f"{train.table.counted(repeated)} of train {verb} the words of an earlier one.")
    if torn:
        notes.append(f"{torn:,} sentences of train occur with different tags.")
    return notes
