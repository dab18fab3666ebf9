"""Where a shortcut is in a text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

GAP = "\ufdd0"
"""Marks where a shortcut was. Unicode keeps this code point for use inside programs; no text has it."""

_UNSPACED = (
    r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
"""Scripts that are written without blanks between words, so that a word has no borders to look for."""

_LETTER = r"\w\u0300-\u036f"
"""Inside a word; with the accents that follow their letter."""

_WITH_BORDER = re.compile(rf"(?![{_UNSPACED}])[{_LETTER}]")


def word_pattern(words: Iterable[str]) -> re.Pattern[str]:
    """What finds words and phrases whole, in any case, and the longest where several begin.

    A blank in a phrase stands for any blanks, and an accent may be written either way.

    >>> word_pattern(["New York", "New York City"]).findall("new  york city, New Yorker")
    ['new  york city']
    """
    forms = {unicodedata.normalize(form, " ".join(word.split())) for word in words for form in ("NFC", "NFD")}
    ordered = sorted(forms, key=lambda form: (-len(form), form))
    return re.compile("|".join(map(_whole, ordered)), re.IGNORECASE)


def _whole(word: str) -> str:
    inside = r"\s+".join(re.escape(part) for part in word.split())
    before = rf"(?<![{_LETTER}])" if _WITH_BORDER.match(word[0]) else ""
    after = rf"(?![{_LETTER}])" if _WITH_BORDER.match(word[-1]) else ""
    return before + inside + after


def gapped(text: str, pattern: re.Pattern[str]) -> str | None:
    """The text with a gap in every place where the shortcut is; None if it is nowhere.

    >>> gapped("Spam, and more SPAM.", word_pattern(["spam"])).replace(GAP, "_")
    '_, and more _.'
    """
    marked, number = pattern.subn(lambda match: GAP if match.group() else "", text)
    return marked if number and GAP in marked else None
