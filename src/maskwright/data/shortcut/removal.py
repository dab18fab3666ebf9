"""What is left of a text when its gaps are closed."""

from __future__ import annotations

import re

from maskwright.data.shortcut.matching import GAP, gapped

__all__ = ["closed", "deleted"]

_RUN = re.compile(rf"{GAP}(?:[\s,;:/&+|-]*{GAP})+")
_ENCLOSED = re.compile(
    "|".join(
        rf"{re.escape(left)}\s*{GAP}\s*{re.escape(right)}"
        for left, right in ("()", "[]", "{}", "<>", '""', "''", "“”", "„“", "‘’", "«»", "‹›", "（）", "【】", "「」")
    )
)

_LOOSE = (
    # "Advert: buy now", "Yes. Advert! Buy now": the mark behind a word that begins a text or a sentence.
    (re.compile(rf"(^\s*|[.!?]\s+){GAP}\s*[:,;.!?…–—-]+"), rf"\1{GAP}"),
    (re.compile(rf"{GAP}['’]s\b", re.IGNORECASE), GAP),
    # "numpy.linalg", "ask-numpy": what ties it to its neighbour.
    (re.compile(rf"{GAP}[._:/\\@#-]+(?=\w)"), GAP),
    (re.compile(rf"(?<=\w)[._:/\\@#-]+{GAP}(?!\w)"), GAP),
    # "buy, advert, now": one of two commas.
    (re.compile(rf"([,;:–—-])(\s*){GAP}\s*\1"), rf"\1\2{GAP}"),
    # "buy now, advert.", "buy now - advert": the mark before it, where nothing follows.
    (re.compile(rf"\s*[,;:–—-]\s*{GAP}(?=\s*[.!?;:)\]]|\s*$)"), GAP),
)

_HOLE = re.compile(rf"(\s*){GAP}(\s*)(?=(\S?))")


def deleted(text: str, pattern: re.Pattern[str]) -> str:
    """The text without the shortcut, and without marks and blanks that belonged to it alone.

    >>> from maskwright.data.shortcut.matching import word_pattern
    >>> deleted("Advert: buy a boat (advert), now.", word_pattern(["advert"]))
    'buy a boat, now.'
    """
    # Closing a gap inside a word may join its ends into the shortcut again; each pass shortens the text.
    while (marked := gapped(text, pattern)) is not None:
        text = closed(marked)
    return text


def closed(marked: str) -> str:
    """A text with gaps, with the gaps closed.

    >>> closed(f"see {GAP}.linalg, or ask {GAP}.")
    'see linalg, or ask.'
    """
    before, marked = "", _RUN.sub(GAP, marked)
    while before != marked:
        before, marked = marked, _RUN.sub(GAP, _ENCLOSED.sub(GAP, marked))
    for loose, kept in _LOOSE:
        marked = loose.sub(kept, marked)
    return _HOLE.sub(_blanks, marked)


def _blanks(hole: re.Match[str]) -> str:
    """What blanks stay where a gap was: none at an edge, at a bracket or before a mark, else those on one side."""
    before, after, following = hole.groups()
    start = hole.start()
    if not following or start == 0 or following in ".,;:!?…)]}”’»" or hole.string[start - 1] in "([{“‘«":
        return ""
    return after if "\n" in after else before or after
