"""How each family of tokenizers writes a piece of a word, and what that says about word boundaries."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

WORDPIECE, BYTES, METASPACE, ENDED, WHOLE = "wordpiece", "bytes", "metaspace", "ended", "whole"
_END = "</w>"
_BYTE_TOKEN = re.compile(r"^<0x([0-9A-Fa-f]{2})>$")  # SentencePiece's byte fallback


@dataclass(frozen=True)
class Piece:
    """One entry of a vocabulary.

    Attributes:
        text: as a person reads it, without marker; replacement characters where it is part of a character.
        space: whether a blank comes before it.
        folded: bytes of the text without case, by which occurrences of a word are recognised.
        begins: it begins a word.
        breaks: the token after it begins a word.
        joins: it is a bare marker, and the token after it belongs to the same word.
    """

    text: str
    space: bool
    folded: bytes
    begins: bool
    breaks: bool
    joins: bool


def family_of(tokens: Sequence[str]) -> str:
    """The family of a vocabulary, from the marker that most of its tokens carry."""
    counts = {
        WORDPIECE: sum(token.startswith("##") and len(token) > 2 for token in tokens),
        BYTES: sum(token.startswith("Ġ") for token in tokens),
        METASPACE: sum(token.startswith("▁") for token in tokens),
        ENDED: sum(token.endswith(_END) for token in tokens),
    }
    best = max(counts, key=lambda family: counts[family])
    return best if counts[best] else WHOLE


def read_piece(token: str, family: str) -> Piece:
    """Read one vocabulary entry.

    >>> read_piece("##ing", WORDPIECE).begins, read_piece("Ġthe", BYTES).begins, read_piece(",", METASPACE).begins
    (False, True, True)
    """
    if family == WORDPIECE:
        inside = token.startswith("##") and len(token) > 2
        data, marked = token.removeprefix("##" if inside else "").encode(), not inside
        # A continuation never begins a word, whatever its first character, unless each such character is a word.
        blank = marked and not _is_cjk(token[:1])  # BERT's tokenizer loses blanks; between ideographs there are none
        return _piece(data, space=blank, begins=marked or _is_cjk(token[2:3]))
    if family == BYTES:
        data = bytes(_byte_of().get(character, 63) for character in token)
        return _piece(data.lstrip(b" \n\t\r"), space=data[:1].isspace(), begins=data[:1].isspace() or _opens(data))
    if family == METASPACE:
        match = _BYTE_TOKEN.match(token)
        data = bytes([int(match[1], 16)]) if match else token.lstrip("▁").encode()
        marked = token.startswith("▁")
        return _piece(data, space=marked, begins=marked or _opens(data))
    if family == ENDED:  # CLIP marks the last piece of a word, and loses blanks
        data = bytes(_byte_of().get(character, 63) for character in token.removesuffix(_END))
        piece = _piece(data, space=False, begins=_opens(data))
        return replace(piece, text=f"{piece.text} ", breaks=True) if token.endswith(_END) else piece
    return _piece(token.encode(), space=True, begins=True)


def _piece(data: bytes, *, space: bool, begins: bool) -> Piece:
    text = data.decode("utf-8", errors="replace")
    whole = "�" not in text
    return Piece(
        text=text,
        space=space,
        folded=text.casefold().encode() if whole else data,
        begins=begins,
        breaks=whole and bool(text) and _is_boundary(text[-1]),
        joins=not data and space,
    )


def _opens(data: bytes) -> bool:
    """Whether a token without marker begins a word all the same: punctuation, symbol or CJK character first."""
    text = data.decode("utf-8", errors="replace")
    if text[:1] not in ("", "�"):
        return _is_boundary(text[0])
    # The first bytes of a character whose rest is in the next token. 0xE4-0xE9 open U+4000-U+9FFF; 0xF0 opens emoji and
    # the rarer ideographs; other lead bytes open letters, and 0x80-0xBF continue a character.
    return data[:1] != b"" and (0xE4 <= data[0] <= 0xE9 or data[0] == 0xF0)


def _is_boundary(character: str) -> bool:
    return _is_cjk(character) or unicodedata.category(character)[0] in "PSZC"


def _is_cjk(character: str) -> bool:
    """Ideographs, as BERT's tokenizer separates them; not kana or hangul, which are written in words."""
    if not character:
        return False
    code = ord(character)
    return (
        0x4E00 <= code <= 0x9FFF
        or 0x3400 <= code <= 0x4DBF
        or 0xF900 <= code <= 0xFAFF
        or 0x20000 <= code <= 0x2FA1F
        or 0x30000 <= code <= 0x323AF
    )


@cache
def _byte_of() -> dict[str, int]:
    """Byte-level BPE writes each byte as a printable character; this is the way back (Radford et al. 2019)."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    table = {chr(byte): byte for byte in printable}
    table.update({chr(256 + offset): byte for offset, byte in enumerate(others)})
    return table
