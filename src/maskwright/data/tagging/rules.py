"""Which neighbouring tags make one mention, and which break the rules of their scheme, of many sentences at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from maskwright.data.flat_lists import Coded
from maskwright.data.tagging.schemes import BEGINS, ENDS, OUTSIDE, Scheme, parts_of

__all__ = ["FlatTags", "Mentions", "faults_of"]

RULES = (
    "",
    "starts inside a mention",
    "begins or continues a mention that is not ended",
    "begins a mention that no other of its type touches",
)
"""What is wrong with a tag, by its number in `FlatTags.faults`."""

_NO_LETTER, _NO_TYPE = 0, -1


@dataclass(frozen=True, eq=False)
class Mentions:
    """The mentions of some sentences, from the first on.

    Attributes:
        first: [mentions] int64, place of the first word among all words.
        stop: [mentions] int64, the place behind the last word.
        types: [mentions] int64, a position in the `types` of `FlatTags`.
    """

    first: np.ndarray
    stop: np.ndarray
    types: np.ndarray


@dataclass(frozen=True, eq=False)
class FlatTags:
    """The tags of some sentences, one behind the other.

    Attributes:
        scheme: of the tags.
        types: names of the types of mentions.
        letters: [tags] uint8, the letter with which a tag begins, by its number in ASCII; 0 outside of mentions.
        kinds: [tags] int64, the type as a position in `types`; -1 outside of mentions.
        is_first: [tags] bool, the first of its sentence.

    >>> tags = FlatTags.of(Coded.of_lists([["B-PER", "I-PER", "O"], ["I-LOC"]]), Scheme("IOB2"))
    >>> tags.mentions.first.tolist(), tags.mentions.stop.tolist(), tags.faults.tolist()
    ([0, 3], [2, 4], [0, 0, 0, 1])
    """

    scheme: Scheme
    types: tuple[str, ...]
    letters: np.ndarray
    kinds: np.ndarray
    is_first: np.ndarray

    @classmethod
    def of(cls, tags: Coded, scheme: Scheme) -> FlatTags:
        """Letters and types of the tags of a scheme."""
        pairs = [_parts(name, scheme) for name in tags.names]
        types = tuple(dict.fromkeys(pair[1] for pair in pairs if pair is not None))
        # The last place stands for tags that are missing.
        letter = [_NO_LETTER if pair is None else ord(pair[0]) for pair in (*pairs, None)]
        kind = [_NO_TYPE if pair is None else types.index(pair[1]) for pair in (*pairs, None)]
        is_first = np.zeros(len(tags.codes) + 1, dtype=bool)
        is_first[np.cumsum(tags.lengths) - tags.lengths] = True
        return cls(
            scheme,
            types,
            np.array(letter, dtype=np.uint8)[tags.codes],
            np.array(kind, dtype=np.int64)[tags.codes],
            is_first[:-1],
        )

    @cached_property
    def faults(self) -> np.ndarray:
        """[tags] int64, which of `RULES` a tag breaks; 0 for none."""
        name, inside, letters = self.scheme.name, self.kinds != _NO_TYPE, self.letters
        wrong = np.zeros(len(letters), dtype=np.int64)
        if name == "IO" or not len(letters):
            return wrong
        if name == "IOB1":
            wrong[inside & (letters != ord("I")) & ~self._touches] = 3
            return wrong
        goes_on = self._touches
        if self.scheme.strict:
            goes_on = goes_on & ~_among(self._before(letters, _NO_LETTER), ENDS)
            after = np.where(self._is_last, _NO_LETTER, np.append(letters[1:], np.uint8(_NO_LETTER)))
            followed = np.append(self._touches[1:], False) & ~_among(after, BEGINS)
            wrong[inside & ~_among(letters, ENDS) & ~followed] = 2
        wrong[inside & ~_among(letters, BEGINS) & ~goes_on] = 1
        return wrong

    @cached_property
    def mentions(self) -> Mentions:
        """As seqeval reads them: strictly where the scheme is BIOES or BILOU, else as conlleval does."""
        letters = self.letters
        if self.scheme.strict:
            joined = self._touches & _among(self._before(letters, _NO_LETTER), "BI") & _among(letters, "IEL")
        else:
            joined = self._touches & (letters != ord("B"))
        first = np.flatnonzero(~joined)
        stop = np.append(first[1:], len(letters))[: len(first)]
        whole = self.kinds[first] != _NO_TYPE
        if self.scheme.strict:
            whole &= _among(letters[first], BEGINS) & _among(letters[stop - 1], ENDS)
        return Mentions(first[whole], stop[whole], self.kinds[first[whole]])

    @cached_property
    def _touches(self) -> np.ndarray:
        """[tags] bool: the word before is in a mention of the same type."""
        return (self.kinds != _NO_TYPE) & (self.kinds == self._before(self.kinds, _NO_TYPE))

    @property
    def _is_last(self) -> np.ndarray:
        return np.append(self.is_first[1:], True)

    def _before(self, values: np.ndarray, none: int) -> np.ndarray:
        """The value of the tag before, in the same sentence."""
        return np.where(self.is_first, none, np.append(values[:1], values[:-1])).astype(values.dtype)


def faults_of(tags: Sequence[str], scheme: Scheme) -> list[tuple[int, str]]:
    """(word, what is wrong with its tag) wherever the tags of a sentence break the rules of a scheme.

    >>> faults_of(["B-PER", "O", "I-PER"], Scheme("IOB2"))
    [(2, 'starts inside a mention')]
    """
    faults = FlatTags.of(Coded.of_lists([list(tags)]), scheme).faults
    return [(int(word), RULES[faults[word]]) for word in np.flatnonzero(faults)]


def _parts(name: str, scheme: Scheme) -> tuple[str, str] | None:
    """Letter and type of a tag; types alone are read as if each began with `I`."""
    if scheme.lettered:
        return parts_of(name)
    return None if name == OUTSIDE else ("I", name)


def _among(letters: np.ndarray, sought: str) -> np.ndarray:
    table = np.zeros(256, dtype=bool)
    table[[ord(letter) for letter in sought]] = True
    return table[letters]
