"""What is said of sentences before they are encoded: how long they are, their mentions, and what is cut off."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from maskwright.config import RunConfig
from maskwright.data.flat_lists import Coded
from maskwright.data.tagging.rules import FlatTags
from maskwright.data.tagging.schemes import Scheme
from maskwright.tasks import scratch
from maskwright.tasks.tagging.truths import tags_of
from maskwright.tasks.tagging.words import load_word_tokenizer, words_kept

if TYPE_CHECKING:
    from maskwright.data.checked import CheckedData

__all__ = ["described"]

SPECIAL = 2
"""Tokens around a sentence, of tokenizers that are trained here."""


def described(config: RunConfig, data: CheckedData) -> tuple[str, ...]:
    """How long the sentences are, how many mentions of each type there are, and what the model is not shown of them.

    Raises:
        ConfigError: the tokenizer of a saved model cannot be had, or does not know words.
    """
    is_new = scratch.size_of(config.model) is not None
    tokenizer = None if is_new else load_word_tokenizer(config, data.train)
    scheme, notes, is_cut = Scheme.of(data.labels), [], False
    for name, rows in (("train", data.train), ("validation", data.validation), ("test", data.test)):
        tags = tags_of(rows)
        limit = config.data.max_length
        kept = _most_words(tags, limit) if tokenizer is None else words_kept(rows["tokens"], tokenizer, limit)
        types, lost = _mentions(tags, scheme, kept)
        counts = ", ".join(f"{kind} {types[kind]:,}" for kind in sorted(types))
        notes.append(
            f"{name}: {tags.lengths.sum():,} words in {len(tags):,} sentences, {tags.lengths.max():,} in the longest; "
            f"mentions: {counts or 'none'}."
        )
        cut = int((kept < tags.lengths).sum())
        is_cut |= cut > 0
        notes.append(
            f"{name}: {cut:,} of {len(tags):,} sentences ({cut / len(tags):.1%}) are longer than data.max_length="
            f"{limit} tokens and are cut at the end, {(tags.lengths - kept).sum():,} words and {lost:,} mentions with "
            "them."
            if cut
            else f"{name}: no sentence is longer than data.max_length={limit} tokens."
        )
    if is_new:
        notes.append(
            f"Every word was counted as one token, as the tokenizer is trained with the model, and {SPECIAL} more for "
            "each sentence; tokens are as many or more."
        )
    return tuple(notes)


def _most_words(tags: Coded, max_length: int) -> np.ndarray:
    """[N] words of each sentence that the model is shown at most."""
    return np.minimum(tags.lengths, max_length - SPECIAL)


def _mentions(tags: Coded, scheme: Scheme, kept: np.ndarray) -> tuple[Counter[str], int]:
    """(type -> its mentions, mentions of which words are cut off); `kept` [N] words of each sentence are not."""
    types: Counter[str] = Counter()
    lost = 0
    for first, part in tags.parts():
        flat = FlatTags.of(part, scheme)
        numbers = np.bincount(flat.mentions.types, minlength=len(flat.types))
        types.update({kind: number for kind, number in zip(flat.types, numbers.tolist(), strict=True) if number})
        ends = np.cumsum(part.lengths)
        row = np.searchsorted(ends, flat.mentions.first, side="right")
        lost += int((flat.mentions.stop > (ends - part.lengths + kept[first : first + len(part)])[row]).sum())
    return types, lost
