"""What can be wrong with words and tags besides their lists: nothing in a word, tags of two kinds, broken rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from maskwright.data.arrow import compute
from maskwright.data.column import Values
from maskwright.data.findings import Findings, listed, shorten
from maskwright.data.flat_lists import Coded, holds_texts, list_blocks, list_lengths, rows_with, texts_with_bytes
from maskwright.data.sequences import sequence_fault, sequence_suspects
from maskwright.data.splits import Fault, Split
from maskwright.data.tagging.roles import TOKENS
from maskwright.data.tagging.rules import FlatTags, faults_of
from maskwright.data.tagging.schemes import LETTERED, OUTSIDE, Scheme, parts_of
from maskwright.errors import Problem

__all__ = ["TagChecks", "check_words", "ordered", "recognised", "summary"]

ORDER = "BSUIEL"
"""Letters of a type's tags, in the order in which the tags are numbered."""

BLANKS = "[\\t-\\r\\x1c-\\x20\\x85\\xa0\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}]"
"""What `str.split` splits at."""

PARTS_OF_BLANKS = np.isin(np.arange(256), [*range(0x09, 0x0E), *range(0x1C, 0x21), 0xC2, 0xE1, 0xE2, 0xE3])
"""[256] bool: the first bytes of `BLANKS` in UTF-8; signs that are no blanks begin with some of them too."""

Splits = Mapping[str, Split]


def check_words(split: Split, findings: Findings) -> None:
    """Find words without a character, and variants that have not as many words as their sentence."""
    words = split.values("tokens")
    split.check(split.columns.roles["tokens"], words, _empty_word, findings, _rows_with_blanks(words))
    for group, variants in split.variants.items():
        _check_variants(split, split.columns.variants[group], variants, findings)


def _check_variants(split: Split, column: str, variants: Values, findings: Findings) -> None:
    words = split.values("tokens")
    is_suspect = list_lengths(variants) != list_lengths(words)
    is_suspect[sequence_suspects(variants, TOKENS)] = True
    is_suspect[_rows_with_blanks(variants)] = True
    for index in np.flatnonzero(is_suspect).tolist():
        fault = _fault_of_variant(variants[index], words[index])
        if fault is not None:
            kind, what, remedy = fault
            problem = Problem(split.place(index, column), what, remedy)
            findings.add(f"{kind} in column {column!r}", split.table.source, problem, split.row(index))


def _rows_with_blanks(values: Values) -> np.ndarray:
    """Positions of the rows that have an empty word or one that holds a blank; in columns of other values, all rows."""
    if not holds_texts(values.column):
        return np.arange(len(values))
    positions = [np.zeros(0, np.int64)]
    for first, words, lengths in list_blocks(values):
        has_blank = np.asarray(compute().fill_null(compute().equal(compute().binary_length(words), 0), False)).copy()
        suspects = np.flatnonzero(texts_with_bytes(words, PARTS_OF_BLANKS))
        if len(suspects):
            has_blank[suspects] = np.asarray(compute().match_substring_regex(words.take(suspects), BLANKS))
        if has_blank.any():
            positions.append(first + np.flatnonzero(rows_with(has_blank, lengths)))
    return np.concatenate(positions)


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


@dataclass(frozen=True)
class TagChecks:
    """Looks at the tags of all splits.

    Attributes:
        names: of the tags, where the column holds their numbers.
    """

    names: tuple[str, ...] | None = None

    def __call__(self, splits: Splits, findings: Findings) -> None:
        """Find numbers without a name, sets of tags that are no scheme, broken rules, and splits without mentions."""
        tags = {name: Coded.of(split.values("tags")) for name, split in splits.items()}
        if self.names is not None:
            for name, split in splits.items():
                self._check_numbers(split, tags[name], findings)
            tags = {name: named(one, self.names) for name, one in tags.items()}
        every = _counts(tags)
        _check_set(splits["train"], every, findings)
        scheme = recognised(every, tags["train"])
        for name, split in splits.items():
            if scheme.strict:
                _check_rules(split, tags[name], scheme, self.names, findings)
        _check_mentions(splits, tags, findings)

    def _check_numbers(self, split: Split, tags: Coded, findings: Findings) -> None:
        """Find numbers of tags that have no name."""
        names = self.names or ()

        def fault_of(row: Any) -> Fault | None:
            for place, tag in enumerate(row if isinstance(row, list) else (), start=1):
                if _named(str(tag), names) is None:
                    what = f"tag {place} is {str(tag)!r}; expected a number from 0 to {len(names) - 1} (data.tag_names)"
                    return "tags without a name", what, "Name all tags, or remove data.tag_names."
            return None

        unnamed = tags.rows_of(name for name in tags.names if _named(name, names) is None)
        split.check(split.columns.roles["tags"], split.values("tags"), fault_of, findings, unnamed)


def named(tags: Coded, names: Sequence[str]) -> Coded:
    """Tags with their names in place of their numbers."""
    return tags.renamed([_named(number, names) for number in tags.names])


def _named(number: str, names: Sequence[str]) -> str | None:
    return names[int(number)] if number.isdecimal() and int(number) < len(names) else None


def summary(splits: Splits) -> tuple[Scheme, tuple[str, ...], list[str]]:
    """Of checked and parted splits: (the scheme, all tags in the order of their numbers, notes).

    Raises:
        DataError: nothing is to be found in a split.
    """
    tags = {name: Coded.of(split.values("tags")) for name, split in splits.items()}
    findings = Findings()
    _check_mentions(splits, tags, findings)
    findings.stop()
    every = _counts(tags)
    scheme = recognised(every, tags["train"])
    return scheme, ordered(every), _notes(splits, tags, scheme)


def _counts(tags: Mapping[str, Coded]) -> Counter[str]:
    return sum((Counter(one.counts) for one in tags.values()), Counter())


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


def recognised(tags: Iterable[str], sentences: Coded) -> Scheme:
    """The scheme of a set of tags. Of IOB1 and IOB2, which have the same tags, the one whose rules break less."""
    scheme, other = Scheme.of(tags), Scheme("IOB1")
    if scheme.name != "IOB2":
        return scheme
    broken, broken_of_other = (
        sum(np.count_nonzero(FlatTags.of(part, one).faults) for _, part in sentences.parts()) for one in (scheme, other)
    )
    return other if broken_of_other < broken else scheme


def _check_set(train: Split, counts: Mapping[str, int], findings: Findings) -> None:
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
        what = f"{listed(odd)} begin with none of B-, I-, E-, S-, L-, U-, and {listed(lettered)} do"
        add("tags of two kinds", what, "Write all tags in one scheme, or all as types alone.")
    if letters & set("ES") and letters & set("LU"):
        what = f"tags begin with letters of BIOES (E, S) and of BILOU (L, U): {', '.join(sorted(letters))}"
        add("tags of two schemes", what, "Write all tags in one scheme.")
    if odd and odd == tags and all(tag[-2:-1] == "-" and LETTERED.fullmatch(tag[-1]) for tag in tags):
        what = f"the letter of the scheme stands behind the type: {listed(tags)}"
        add("tags the other way round", what, "Write it before the type: B-PER.")
    if tags and all(tag.isdecimal() for tag in tags):
        what = f"tags are numbers: {listed(tags)}"
        add("numbers", what, "Give their names in the order of the numbers (data.tag_names: [O, B-PER, ...]).")


def _check_rules(split: Split, tags: Coded, scheme: Scheme, names: Sequence[str] | None, findings: Findings) -> None:
    """Find tags that break the rules of a strict scheme, by which they are no mention at all."""

    def fault_of(row: Any) -> Fault | None:
        texts = [str(tag) if names is None else _named(str(tag), names) or "" for tag in row]
        word, fault = next(iter(faults_of(texts, scheme)), (0, ""))
        what = f"the tag {texts[word]!r} of word {word + 1} {fault} ({scheme.name})"
        return ("sentences with broken mentions", what, "Correct the tags of the whole mention.") if fault else None

    broken = _broken(tags, scheme)
    split.check(split.columns.roles["tags"], split.values("tags"), fault_of, findings, broken)


def _broken(tags: Coded, scheme: Scheme) -> np.ndarray:
    """Positions of the sentences with a tag that breaks the rules."""
    rows = [
        first + np.flatnonzero(rows_with(FlatTags.of(part, scheme).faults > 0, part.lengths))
        for first, part in tags.parts()
    ]
    return np.concatenate(rows) if rows else np.zeros(0, np.int64)


def _check_mentions(splits: Splits, tags: Mapping[str, Coded], findings: Findings) -> None:
    """Find splits that have tags, and no other than `O`."""
    for name, split in splits.items():
        if set(tags[name].counts) == {OUTSIDE}:
            what = f"no word of {name} has a tag besides {OUTSIDE}, so there is nothing to find"
            problem = Problem(split.table.source, what, f"See data.tags, or name another file (data.{name}).")
            findings.add("no mention", split.table.source, problem)


def _notes(splits: Splits, tags: Mapping[str, Coded], scheme: Scheme) -> list[str]:
    every = _counts(tags)
    types = {(parts_of(tag) or ("", tag))[1] if scheme.lettered else tag for tag in every} - {OUTSIDE}
    how = scheme.name if scheme.lettered else "types alone, so each run of one type is a mention"
    notes = [f"tags are {how}; {len(types)} type{'s' * (len(types) > 1)}: {listed(sorted(types))}."]
    for name, split in splits.items():
        notes += _notes_of(name, split, _broken(tags[name], scheme), scheme)
        lacking = sorted(set(every) - set(tags[name].counts))
        notes += [f"{name} has no {listed(lacking)}."] if lacking else []
    return notes


def _notes_of(name: str, split: Split, broken: np.ndarray, scheme: Scheme) -> list[str]:
    notes = []
    if len(broken):
        row = split.values("tags")[broken[0]]
        word, fault = faults_of(row, scheme)[0]
        meaning = (
            "it is read as a beginning, as conlleval does" if scheme.name == "IOB2" else "the mentions are the same"
        )
        notes.append(
            f"{name}: {split.table.counted(len(broken))} with a tag such as {row[word]!r} that {fault}, against the "
            f"rules of {scheme.name}; {meaning}. Rows: {split.listed(broken)}."
        )
    blank = _rows_with_blanks(split.values("tokens"))
    if not holds_texts(split.content["tokens"]):
        sentences = split.values("tokens")
        blank = np.array([row for row in blank if any(word.split() != [word] for word in sentences[row])])
    if len(blank):
        rows = split.listed(blank)
        notes.append(f"{name}: {split.table.counted(len(blank))} with a word that holds blanks. Rows: {rows}.")
    return notes
