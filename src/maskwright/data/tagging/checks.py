"""What can be wrong with words and tags besides their lists: nothing in a word, tags of two kinds, broken rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from maskwright.data.findings import Findings, shorten
from maskwright.data.sequences import sequence_fault
from maskwright.data.splits import Fault, Split
from maskwright.data.tagging.roles import TOKENS
from maskwright.data.tagging.schemes import LETTERED, OUTSIDE, Scheme, parts_of
from maskwright.errors import Problem

__all__ = ["check_tags", "check_words", "ordered"]

ROWS_LISTED = 10

ORDER = "BSUIEL"
"""Letters of a type's tags, in the order in which the tags are numbered."""

Splits = Mapping[str, Split]


def check_words(split: Split, findings: Findings) -> None:
    """Find words without a character, and variants that have not as many words as their sentence."""
    column = split.columns.roles["tokens"]
    split.check(column, split.values("tokens"), _empty_word, findings)
    for group, rows in split.variants.items():
        column = split.columns.variants[group]
        for index, (variant, words) in enumerate(zip(rows, split.values("tokens"), strict=True)):
            fault = _fault_of_variant(variant, words)
            if fault is not None:
                kind, what, remedy = fault
                problem = Problem(split.place(index, column), what, remedy)
                findings.add(f"{kind} in column {column!r}", split.table.source, problem, split.row(index))


def _empty_word(words: Any) -> Fault | None:
    texts = words if isinstance(words, list) else ()
    for number, word in enumerate(texts, start=1):
        if isinstance(word, str) and not word.strip():
            what = f"word {number} is {'empty' if not word else f'only blanks: {shorten(word)}'}"
            return "empty words", what, "Fill it in, or remove the word with its tag."
    return None


def _fault_of_variant(variant: Any, words: Any) -> Fault | None:
    fault = sequence_fault(variant, TOKENS) or _empty_word(variant)
    if fault is not None or not isinstance(words, list) or len(variant) == len(words):
        return fault
    what = f"the variant has {len(variant):,} words, the sentence {len(words):,}"
    return "variants of another length", what, "A variant has as many words as the sentence, because it has its tags."


def check_tags(splits: Splits) -> tuple[Scheme, tuple[str, ...], list[str]]:
    """Check the tags of parted splits: (their scheme, all tags in the order of their numbers, notes).

    Raises:
        DataError: with all problems.
    """
    findings = Findings()
    counts = {name: Counter(tag for tags in split.values("tags") for tag in tags) for name, split in splits.items()}
    every = sum(counts.values(), Counter())
    _check_set(splits["train"], every, findings)
    scheme = recognised(every, splits["train"].values("tags"))
    for name, split in splits.items():
        if scheme.strict:
            _check_rules(split, scheme, findings)
        if not set(counts[name]) - {OUTSIDE}:
            what = f"no word of {name} has a tag besides {OUTSIDE}, so there is nothing to find"
            problem = Problem(split.table.source, what, f"See data.tags, or name another file (data.{name}).")
            findings.add("no mention", split.table.source, problem)
    findings.stop()
    return scheme, ordered(every), _notes(splits, counts, scheme)


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


def recognised(tags: Iterable[str], sentences: Iterable[Sequence[str]]) -> Scheme:
    """The scheme of a set of tags. Of IOB1 and IOB2, which have the same tags, the one whose rules break less."""
    scheme, other = Scheme.of(tags), Scheme("IOB1")
    if scheme.name != "IOB2":
        return scheme
    broken = [0, 0]
    for sentence in sentences:
        for place, one in enumerate((other, scheme)):
            broken[place] += sum(1 for _ in one.faults(sentence))
    return other if broken[0] < broken[1] else scheme


def _check_set(train: Split, counts: Counter[str], findings: Findings) -> None:
    """Find tags that differ only in case, blanks or signs, and sets that are no scheme, or two."""
    source = train.table.source
    place = f"{source}, column {train.columns.roles['tags']!r}"

    def add(kind: str, what: str, remedy: str) -> None:
        findings.add(kind, source, Problem(place, what, remedy))

    spellings: dict[str, Counter[str]] = {}
    for tag, count in counts.items():
        spellings.setdefault(tag.strip().casefold().replace("_", "-"), Counter())[tag] += count
    for alike in spellings.values():
        (usual, often), *others = alike.most_common()
        for rare, times in others:
            what = (
                f"tag {shorten(rare)} ({times:,} times) differs from {shorten(usual)} ({often:,}) only in case or signs"
            )
            add("tags spelt in two ways", what, f"Write it {usual!r} everywhere.")
    tags = sorted(set(counts) - {OUTSIDE})
    lettered = [tag for tag in tags if LETTERED.fullmatch(tag)]
    odd, letters = sorted(set(tags) - set(lettered)), {tag[0] for tag in lettered}
    if odd and letters & set("BI"):
        what = f"{_listed(odd)} begin with none of B-, I-, E-, S-, L-, U-, and {_listed(lettered)} do"
        add("tags of two kinds", what, "Write all tags in one scheme, or all as types alone.")
    if letters & set("ES") and letters & set("LU"):
        what = f"tags begin with letters of BIOES (E, S) and of BILOU (L, U): {', '.join(sorted(letters))}"
        add("tags of two schemes", what, "Write all tags in one scheme.")
    if odd and odd == tags and all(tag[-2:-1] == "-" and LETTERED.fullmatch(tag[-1]) for tag in tags):
        what = f"the letter of the scheme stands behind the type: {_listed(tags)}"
        add("tags the other way round", what, "Write it before the type: B-PER.")
    if tags and all(tag.isdecimal() for tag in tags):
        what = f"tags are numbers: {_listed(tags)}"
        add("numbers", what, "Give their names in the order of the numbers (data.tag_names: [O, B-PER, ...]).")


def _check_rules(split: Split, scheme: Scheme, findings: Findings) -> None:
    """Find tags that break the rules of a strict scheme, by which they are no mention at all."""

    def fault_of(tags: Sequence[str]) -> Fault | None:
        word, fault = next(scheme.faults(tags), (0, ""))
        what = f"the tag {tags[word]!r} of word {word + 1} {fault} ({scheme.name})"
        return ("sentences with broken mentions", what, "Correct the tags of the whole mention.") if fault else None

    split.check(split.columns.roles["tags"], split.values("tags"), fault_of, findings)


def _notes(splits: Splits, counts: Mapping[str, Counter[str]], scheme: Scheme) -> list[str]:
    every = sum(counts.values(), Counter())
    types = {(parts_of(tag) or ("", tag))[1] if scheme.lettered else tag for tag in every} - {OUTSIDE}
    how = scheme.name if scheme.lettered else "types alone, so each run of one type is a mention"
    notes = [f"tags are {how}; {len(types)} type{'s' * (len(types) > 1)}: {_listed(sorted(types))}."]
    for name, split in splits.items():
        notes += _notes_of(name, split, scheme)
        lacking = sorted(set(every) - set(counts[name]))
        notes += [f"{name} has no {_listed(lacking)}."] if lacking else []
    return notes


def _notes_of(name: str, split: Split, scheme: Scheme) -> list[str]:
    notes = []
    broken = {row: next(scheme.faults(tags), None) for row, tags in enumerate(split.values("tags"))}
    broken = {row: fault for row, fault in broken.items() if fault is not None}
    if broken:
        row, (word, fault) = next(iter(broken.items()))
        meaning = (
            "it is read as a beginning, as conlleval does" if scheme.name == "IOB2" else "the mentions are the same"
        )
        notes.append(
            f"{name}: {split.table.counted(len(broken))} with a tag such as {split.values('tags')[row][word]!r} that "
            f"{fault}, against the rules of {scheme.name}; {meaning}. Rows: {_rows(split, list(broken))}."
        )
    blank = [row for row, words in enumerate(split.values("tokens")) if any(word.split() != [word] for word in words)]
    if blank:
        rows = _rows(split, blank)
        notes.append(f"{name}: {split.table.counted(len(blank))} with a word that holds blanks. Rows: {rows}.")
    return notes


def _rows(split: Split, indices: Sequence[int]) -> str:
    names = [split.row(index) for index in indices[:ROWS_LISTED]]
    listed = ", ".join(f"{name + 1}" if isinstance(name, int) else name for name in names)
    return listed + (", ..." if len(indices) > ROWS_LISTED else "")


def _listed(tags: Sequence[str], most: int = 8) -> str:
    return ", ".join(tags[:most]) + (f" and {len(tags) - most:,} more" if len(tags) > most else "")
