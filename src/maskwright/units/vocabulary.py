"""Facts about every token id, made once per tokenizer.

Where words begin is read off the vocabulary, not off character offsets: it then works on ids alone, for packed,
pre-tokenised and streamed data, with columns removed, and costs one table look-up per token. The rule is one for all
families of tokenizers: a token begins a word if it carries the family's marker (no `##`, a leading space), or begins
with punctuation, a symbol or a CJK character, or follows a token that ends with one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from maskwright.backend.arrays import Array, at_least_zero, is_torch, largest, like
from maskwright.backend.codes import IGNORED
from maskwright.errors import MaskingError
from maskwright.units.pieces import Piece, family_of, read_piece

SPECIAL, BEGINS, BREAKS, JOINS = 1, 2, 4, 8
"""Bits of `flags`: special token; begins a word; the next token begins a word; the next token belongs to this word."""

_SENTINEL = re.compile(r"^▁?<extra_id_(\d+)>$")
_RESERVED = re.compile(r"^[\[<](unused|extra_id_|reserved_special_token_|madeupword)[_\d]*[\]>]$", re.IGNORECASE)
_BASE = 0x5851F42D4C957F2D  # odd, so that multiplication by it is one-to-one modulo 2**64
_LONGEST_WORD = 4096


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """What masking has to know about a tokenizer's ids.

    Attributes:
        size: number of ids.
        flags: [size] uint8, see `SPECIAL`, `BEGINS`, `BREAKS`, `JOINS`.
        ordinary_ids: [K] int64, ids that may stand in for a word: neither special nor reserved.
        text_hash: [size] int64, hash of the token's text without marker and case; hashes of the pieces of a word add up
            to the hash of the word, however it was cut.
        text_length: [size] int64, bytes of that text.
        pieces: the token's texts, for display.
        mask_id: id of the mask token, or None.
        pad_id: id of the padding token, or None.
        sentinel_ids: [S] int64, ids of `<extra_id_0>`, `<extra_id_1>`, ... in order of their numbers.
        segmenter: splits a text into words where the writing has no blanks, or None.
        pads_left: the tokenizer puts padding before the text.
    """

    size: int
    flags: np.ndarray
    ordinary_ids: np.ndarray
    text_hash: np.ndarray
    text_length: np.ndarray
    pieces: tuple[Piece, ...]
    mask_id: int | None
    pad_id: int | None
    sentinel_ids: np.ndarray = field(default_factory=partial(np.zeros, 0, dtype=np.int64))
    segmenter: Callable[[str], Sequence[str]] | None = None
    pads_left: bool = False
    _moved: dict[Any, Array] = field(default_factory=dict, repr=False)

    @classmethod
    def from_tokenizer(cls, tokenizer: Any, segmenter: Callable[[str], Sequence[str]] | None = None) -> Vocabulary:
        """Read the tables off a Transformers tokenizer.

        Args:
            tokenizer: any `PreTrainedTokenizerBase`.
            segmenter: for Chinese and other scripts without blanks: text -> words that add up to the text. Without
                one, each CJK character is a word. It runs once per text and is as slow as it is.
        """
        if not hasattr(tokenizer, "get_vocab"):
            shown = repr(tokenizer) if isinstance(tokenizer, str) else type(tokenizer).__name__
            raise MaskingError(f"expected a tokenizer, given {shown}; load one: AutoTokenizer.from_pretrained(...).")
        size = max(tokenizer.get_vocab().values(), default=-1) + 1  # not len(tokenizer): ids may have gaps
        tokens = [token or "" for token in tokenizer.convert_ids_to_tokens(list(range(size)))]
        special = set(tokenizer.all_special_ids)
        special |= {index for index, token in tokenizer.added_tokens_decoder.items() if token.special}
        special -= _unknown_word(tokenizer)
        numbered = [(int(match[1]), index) for index, token in enumerate(tokens) if (match := _SENTINEL.match(token))]
        sentinels = [index for _, index in sorted(numbered)]
        special |= set(sentinels)
        family = family_of([token for index, token in enumerate(tokens) if index not in special])
        pieces = tuple(read_piece(token, family) for token in tokens)
        strange = special | _unknown_word(tokenizer)
        ordinary = [i for i, token in enumerate(tokens) if token and i not in strange and not _RESERVED.match(token)]
        hashes, lengths = zip(*(_text_hash(piece.folded) for piece in pieces), strict=True)
        return cls(
            size=size,
            flags=np.array([_flags(piece, index in special) for index, piece in enumerate(pieces)], dtype=np.uint8),
            ordinary_ids=np.array(ordinary, dtype=np.int64),
            text_hash=np.array(hashes, dtype=np.uint64).view(np.int64),
            text_length=np.array(lengths, dtype=np.int64),
            pieces=pieces,
            mask_id=tokenizer.mask_token_id,
            pad_id=tokenizer.pad_token_id,
            sentinel_ids=np.array(sentinels, dtype=np.int64),
            segmenter=segmenter,
            pads_left=getattr(tokenizer, "padding_side", "right") == "left",
        )

    def table(self, name: str, reference: Array) -> Array:
        """One of the tables (`powers` too) on the back end and device of `reference`; kept there once moved."""
        table = powers() if name == "powers" else getattr(self, name)
        if not is_torch(reference):
            return table
        key = (name, reference.device)
        if key not in self._moved:
            self._moved[key] = like(table, reference)
        return self._moved[key]

    def look_up(self, name: str, ids: Array) -> Array:
        """The table's entries for an array of ids.

        Raises:
            MaskingError: an id outside the vocabulary, such as the label -100.
        """
        table = self.table(name, ids)
        if 0 in ids.shape:
            return table[ids]
        if int(ids.min()) < 0 or (is_torch(ids) and int(ids.max()) >= self.size):
            self._refuse(ids)
        try:
            return table[ids] if is_torch(ids) else table.take(ids)
        except IndexError:
            self._refuse(ids)
            raise

    def check(self, ids: Array) -> None:
        """Refuse ids outside the vocabulary, as `look_up` does."""
        if 0 in ids.shape:
            return
        if isinstance(ids, np.ndarray) and ids.dtype == np.int64:
            wrong = int(ids.view(np.uint64).max()) >= self.size  # a negative number is a large one there
        else:
            wrong = int(ids.min()) < 0 or int(ids.max()) >= self.size
        if wrong:
            self._refuse(ids)

    def _refuse(self, ids: Array) -> None:
        low, high = int(ids.min()), int(ids.max())
        wrong = low if low < 0 else high
        hint = " -100 marks labels that the loss ignores; it is not a token." if wrong == IGNORED else ""
        raise MaskingError(f"input_ids: expected ids from 0 to {self.size - 1}, found {wrong}.{hint}")

    def __getstate__(self) -> dict[str, Any]:
        # Copies on devices stay where they are; the receiver makes its own.
        return {**self.__dict__, "_moved": {}}


def _unknown_word(tokenizer: Any) -> set[int]:
    """The token of unknown words, which stands for a word of the text and can be hidden like one."""
    structure = ("pad", "cls", "sep", "bos", "eos", "mask")
    others = {getattr(tokenizer, f"{name}_token_id", None) for name in structure}
    return {tokenizer.unk_token_id} - others - {None}


def powers() -> np.ndarray:
    """[4096] int64, powers of the hash base modulo 2**64."""
    out = [1]
    for _ in range(_LONGEST_WORD - 1):
        out.append(out[-1] * _BASE & ((1 << 64) - 1))
    return np.array(out, dtype=np.uint64).view(np.int64)


def _text_hash(data: bytes) -> tuple[int, int]:
    total, power = 0, 1
    for byte in data:
        total += (byte + 1) * power
        power = power * _BASE & ((1 << 64) - 1)
    return total & ((1 << 64) - 1), len(data)


def _flags(piece: Piece, special: bool) -> int:
    if special:
        return SPECIAL
    return BEGINS * piece.begins | BREAKS * piece.breaks | JOINS * piece.joins


def sentinels(number: Array, vocabulary: Any) -> Array:
    """The ids of the sentinels of these numbers, counted from 1; anything where the number is 0.

    Raises:
        MaskingError: a tokenizer that has fewer.
    """
    ids = vocabulary.table("sentinel_ids", number)
    most = largest(number.reshape(-1))
    if most > ids.shape[0] or not ids.shape[0]:
        raise MaskingError(
            f"sentinel: {most} sentinels are needed and the tokenizer has {ids.shape[0]} (<extra_id_0>, ...). Add some "
            "to the tokenizer as special tokens, hide fewer and longer spans, or use law: single."
        )
    return ids[at_least_zero(number - 1)]


def single_id(vocabulary: Any) -> int:
    """The token that stands for any run: the mask token, or else the first sentinel."""
    if vocabulary.mask_id is not None:
        return vocabulary.mask_id
    if not len(vocabulary.sentinel_ids):
        raise MaskingError("sentinel: this tokenizer has neither a mask token nor <extra_id_0>; add a mask token.")
    return int(vocabulary.sentinel_ids[0])
