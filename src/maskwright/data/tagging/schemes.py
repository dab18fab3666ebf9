"""How tags say where a mention begins and ends: IOB1, IOB2, BIOES, BILOU, or by their types alone (IO).

Sources: Ramshaw and Marcus 1995, Text chunking using transformation-based learning (IOB1); Ratnaparkhi 1998 (IOB2);
Ratinov and Roth 2009, Design challenges and misconceptions in named entity recognition (BILOU, the same as BIOES).
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from maskwright.errors import ConfigError

__all__ = ["OUTSIDE", "Mention", "Scheme", "Tagging", "check_seqeval", "parts_of"]

OUTSIDE = "O"
"""The tag of words outside of mentions."""

UNTYPED = "_"
"""Type of mentions whose tags are a letter alone."""

LETTERED = re.compile(r"([BIESLU])(?:-(.+))?")

BEGINS, ENDS = "BSU", "ESLU"
"""Letters with which a mention begins and ends, where each of its words says so."""

NEEDS_SEQEVAL = "token-classification needs seqeval, which reads mentions off tags: pip install 'maskwright[tagging]'."

REMEMBERED = 200_000
"""Sentences whose mentions are kept: a test sentence is asked about under many masks, and mostly answered alike."""

Mention = tuple[str, int, int]
"""Type, first word, and the word behind the last."""


def parts_of(tag: str) -> tuple[str, str] | None:
    """Letter and type of a tag that begins with a letter of a scheme; None of any other.

    >>> parts_of("B-PER"), parts_of("I"), parts_of("PER")
    (('B', 'PER'), ('I', '_'), None)
    """
    match = LETTERED.fullmatch(tag)
    return None if match is None else (match[1], match[2] or UNTYPED)


@dataclass(frozen=True)
class Scheme:
    """How the tags of a data set are written.

    Attributes:
        name: IOB1, IOB2, BIOES, BILOU or IO.
        lettered: tags begin with a letter of the scheme; otherwise each tag is a type, and its runs are mentions.
    """

    name: str
    lettered: bool = True

    @classmethod
    def of(cls, tags: Iterable[str]) -> Scheme:
        """The scheme of a set of tags; IOB1 is read as IOB2, which makes the same mentions.

        >>> Scheme.of(["O", "B-PER", "E-PER", "S-PER"]).name, Scheme.of(["NOUN", "VERB"]).lettered
        ('BIOES', False)
        """
        found = [parts_of(tag) for tag in set(tags) - {OUTSIDE}]
        if not found or None in found:
            return cls("IO", lettered=False)
        letters = {part[0] for part in found if part is not None}
        if letters & set("LU"):
            return cls("BILOU")
        if letters & set("ES"):
            return cls("BIOES")
        return cls("IOB2" if "B" in letters else "IO")

    @property
    def strict(self) -> bool:
        """A mention has to begin and to end with its letters, or it is none."""
        return self.name in ("BIOES", "BILOU")

    def faults(self, tags: Sequence[str]) -> Iterator[tuple[int, str]]:
        """(word, what is wrong with its tag) wherever tags break the rules of the scheme."""
        pairs = [parts_of(tag) if self.lettered else None for tag in tags]
        for number, (pair, before) in enumerate(zip(pairs, [None, *pairs[:-1]], strict=True)):
            fault = _fault(self, pair, before, pairs[number + 1] if number + 1 < len(pairs) else None)
            if fault is not None:
                yield number, fault


def _fault(
    scheme: Scheme, pair: tuple[str, str] | None, before: tuple[str, str] | None, after: tuple[str, str] | None
) -> str | None:
    if pair is None or scheme.name == "IO":
        return None
    letter, kind = pair
    if scheme.name == "IOB1":
        touches = before is not None and before[1] == kind
        return None if letter == "I" or touches else "begins a mention that no other of its type touches"
    goes_on = before is not None and before[1] == kind and not (scheme.strict and before[0] in ENDS)
    if letter not in BEGINS and not goes_on:
        return "starts inside a mention"
    if not scheme.strict or letter in ENDS:
        return None
    followed = after is not None and after[1] == kind and after[0] not in BEGINS
    return None if followed else "begins or continues a mention that is not ended"


@dataclass(frozen=True)
class Tagging:
    """The tags of a sentence.

    Attributes:
        tags: one for each word.
        mentions: what they say, without order.
    """

    tags: tuple[str, ...]
    mentions: frozenset[Mention]

    @classmethod
    def of(cls, tags: Iterable[str], scheme: Scheme) -> Tagging:
        """Read the mentions off tags as seqeval does: strictly where the scheme is BIOES or BILOU, else as conlleval.

        Raises:
            ConfigError: seqeval is not installed.

        >>> sorted(Tagging.of(["B-PER", "I-PER", "O", "I-LOC"], Scheme("IOB2")).mentions)
        [('LOC', 3, 4), ('PER', 0, 2)]
        >>> sorted(Tagging.of(["B-PER", "I-PER", "O", "S-LOC"], Scheme("BIOES")).mentions)
        [('LOC', 3, 4)]
        """
        tags = tuple(tags)
        return cls(tags, _mentions(tags, scheme))

    @property
    def in_order(self) -> list[Mention]:
        """The mentions from the first to the last word."""
        return sorted(self.mentions, key=lambda mention: mention[1:])


@lru_cache(maxsize=REMEMBERED)
def _mentions(tags: tuple[str, ...], scheme: Scheme) -> frozenset[Mention]:
    check_seqeval()
    from seqeval.metrics.sequence_labeling import get_entities
    from seqeval.scheme import BILOU, IOBES, Entities

    if scheme.strict:
        (entities,) = Entities([list(tags)], BILOU if scheme.name == "BILOU" else IOBES).entities
        return frozenset((one.tag, one.start, one.end) for one in entities)
    written = tags if scheme.lettered else [tag if tag == OUTSIDE else f"I-{tag}" for tag in tags]
    return frozenset((kind, start, last + 1) for kind, start, last in get_entities(list(written)))


def check_seqeval() -> None:
    """Refuse to go on where seqeval is missing.

    Raises:
        ConfigError: with what to install.
    """
    if importlib.util.find_spec("seqeval") is None:
        raise ConfigError(NEEDS_SEQEVAL)
