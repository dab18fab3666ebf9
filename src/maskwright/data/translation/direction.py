"""Sources and targets the wrong way round: found by the letters of the two sides, and by their commonest words.

Two kinds of evidence. Where columns are named after languages, the commonest words of these languages say whether each
column is in its own. And the letters of the training split, three at a time, say of every row which of its sides reads
like the sources of that split and which like its targets.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["Letters", "language_of", "names_exchanged"]

COMMON_WORDS = {
    "cs": "a se na je že to který pro jako při aby nebo jsou",
    "da": "og det at en den til er som på med ikke af for",
    "de": "der die und das von zu den mit für ist ein eine nicht",
    "en": "the of and to for is with that this from by are an",
    "es": "el los las y que para una del con por se como es",
    "fi": "ja on ei se että oli myös kun tai ovat joka niin",
    "fr": "le les des et du une est pour dans que sur par avec",
    "hu": "a az és hogy nem egy is ez meg vagy van volt",
    "it": "il di che e per una del della con non gli sono nel",
    "nl": "het een van en dat voor niet zijn met op ook aan te",
    "pl": "i w na z do nie się jest że dla jak oraz przez",
    "pt": "o os um uma de do da que para com não é em",
    "ro": "și în de la cu pentru că este un din nu pe care",
    "ru": "и в не на с что по для как из это от к",
    "sv": "och att det som en på är av för med den till inte",
    "tr": "ve bir bu için ile de da olarak daha çok gibi ne",
    "uk": "і в не на з що та до для як є від це",
}
"""Language -> words that hardly any text in it lacks."""

ROWS_READ = 2_000
"""Rows of which the words are counted."""

ENOUGH_WORDS = 20
"""Common words below which nothing is said."""

TABLE_BITS = 16


def language_of(column: str) -> str | None:
    """The language that a column is named after, if its common words are known.

    >>> language_of("translation.en"), language_of("fr_FR"), language_of("text")
    ('en', 'fr', None)
    """
    last = re.split(r"[._-]", column.rpartition(".")[2].casefold())[0]
    return last if last in COMMON_WORDS else None


def names_exchanged(source: tuple[str, Sequence[str]], target: tuple[str, Sequence[str]]) -> str | None:
    """What says that source and target, called after languages, are each in the other's; None if nothing does.

    Args:
        source: what it is called, and texts.
        target: likewise.

    >>> names_exchanged(("en", ["le nom des fichiers et des dossiers"] * 9), ("fr", ["the name of the files"] * 9))
    "the source, called 'en', has 36 common words of fr and 0 of en; the target, called 'fr', 27 of en and 0 of fr"
    """
    languages = language_of(source[0]), language_of(target[0])
    if None in languages or languages[0] == languages[1]:
        return None
    own, other = (set(COMMON_WORDS[str(language)].split()) for language in languages)
    sides = (texts[:ROWS_READ] for _, texts in (source, target))
    counts = [Counter(word for text in texts for word in text.casefold().split()) for texts in sides]
    first, second = ([sum(count[word] for word in words) for words in (own, other)] for count in counts)
    wrong = first[1] > 2 * first[0] and second[0] > 2 * second[1] and first[1] + second[0] >= ENOUGH_WORDS
    if not wrong:
        return None
    one, two = languages
    return (
        f"the source, called {source[0]!r}, has {first[1]:,} common words of {two} and {first[0]:,} of {one}; the "
        f"target, called {target[0]!r}, {second[0]:,} of {one} and {second[1]:,} of {two}"
    )


@dataclass(frozen=True, eq=False)
class Letters:
    """How much more likely three letters in a row are in the sources of a split than in its targets.

    Attributes:
        log_ratio: [65536] nats, by a hash of three bytes.
    """

    log_ratio: np.ndarray

    @classmethod
    def of(cls, pairs: Iterable[tuple[Sequence[str], Sequence[str]]]) -> Letters:
        """Count a split, given as sources and targets of some rows after the other."""
        counts = np.ones((2, 1 << TABLE_BITS))
        for sides in pairs:
            for side, texts in enumerate(sides):
                codes, inside, _ = _trigrams(texts)
                counts[side] += np.bincount(codes[inside], minlength=1 << TABLE_BITS)
        one, other = np.log(counts / counts.sum(axis=1, keepdims=True))
        return cls(one - other)

    def evidence(self, sources: Sequence[str], targets: Sequence[str]) -> np.ndarray:
        """[N] nats for rows as they are against rows turned round; below 0 a row rather looks turned round.

        >>> letters = Letters.of([(["the cat", "the dog", "this house"], ["le chat", "le chien", "la maison"])])
        >>> (letters.evidence(["the mouse", "la souris"], ["la souris", "the mouse"]) > 0).tolist()
        [True, False]
        """
        return self._sums(sources) - self._sums(targets)

    def _sums(self, texts: Sequence[str]) -> np.ndarray:
        codes, inside, starts = _trigrams(texts)
        if not len(texts):
            return np.zeros(0)
        return np.add.reduceat(np.where(inside, self.log_ratio[codes], 0.0), starts)


def _trigrams(texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Three bytes in a row, of all texts one behind the other.

    Returns:
        [n] codes; [n] bool, whether all three are of one text; [texts] where each text begins.
    """
    # A blank before and behind each, so that how words begin and end counts; no trigram reaches into the next.
    folded = [f" {text.casefold()} ".replace("\0", " ").encode("utf-8", "replace") for text in texts]
    letters = np.frombuffer(b"\0".join([*folded, b"\0"]), dtype=np.uint8)
    starts = np.cumsum([0, *(len(text) + 1 for text in folded)])[:-1]
    is_letter, wide = letters != 0, letters.astype(np.uint32)
    inside = is_letter[:-2] & is_letter[1:-1] & is_letter[2:]
    packed = wide[:-2] << 16
    packed |= wide[1:-1] << 8
    packed |= wide[2:]
    packed *= np.uint32(0x9E3779B1)  # the product keeps its lowest 32 bits
    packed >>= np.uint32(32 - TABLE_BITS)
    return packed, inside, starts
