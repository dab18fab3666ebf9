"""Which scheme tags follow (IOB1, IOB2, BIOES, BILOU, types alone), and the mentions of one sentence for its score.

Sources: Ramshaw and Marcus 1995, Text chunking using transformation-based learning (IOB1); Ratnaparkhi 1998 (IOB2);
Ratinov and Roth 2009, Design challenges and misconceptions in named entity recognition (BILOU, the same as BIOES).
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterable
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

REMEMBERED = 2_048
"""Tags of sentences whose mentions are kept, 2.4 kB each: answers to one sentence come close together, mostly alike."""

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
