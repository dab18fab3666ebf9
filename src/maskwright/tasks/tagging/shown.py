"""A sentence for people: what of it was hidden, which mentions there are, and which each model found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from maskwright.data.tagging.schemes import Tagging
from maskwright.tasks.tagging.words import NO_WORD
from maskwright.tasks.text.encoded import EncodedTexts
from maskwright.tasks.text.marked_text import CLOSING, OPENING, TOKENS_SHOWN, MarkedText, Piece, marked
from maskwright.tasks.views import Answer, Shown, Worded

if TYPE_CHECKING:
    from maskwright.tasks.views import View

__all__ = ["mention_pieces", "shown", "worded"]


def shown(examples: EncodedTexts, row: int, view: View, predictions: Mapping[str, Tagging]) -> Shown:
    """A sentence as the model reads it, and its words with the mentions that there are and that each model found."""
    text, truth = marked(examples, row, view), examples.right[row]
    words = examples.right.words(row)
    gone = hidden_words(examples, row, text, len(truth.tags))
    answers = {
        who: Answer(
            text=in_words(words, answer),
            right=answer.mentions == truth.mentions,
            pieces=mention_pieces(words, answer, gone),
        )
        for who, answer in predictions.items()
    }
    return Shown(
        pieces=text.pieces,
        reference=in_words(words, truth),
        reference_pieces=mention_pieces(words, truth, np.zeros_like(gone)),
        answers=answers,
        hidden=text.hidden,
        units=text.units,
    )


def worded(
    examples: EncodedTexts, rows: Sequence[int], predictions: Sequence[Tagging], labels: Sequence[str]
) -> Worded:
    """The mentions of each sentence in a line, those that there are and those that the model found."""
    del labels
    sentences, truths = examples.right.sentences(rows), examples.references(rows)
    return Worded(
        references=[in_words(words, truth) for words, truth in zip(sentences, truths, strict=True)],
        answers=[in_words(words, answer) for words, answer in zip(sentences, predictions, strict=True)],
        right=np.array([one.mentions == truth.mentions for one, truth in zip(predictions, truths, strict=True)]),
    )


def hidden_words(examples: EncodedTexts, row: int, text: MarkedText, count: int) -> np.ndarray:
    """[words] bool, some token of the word is hidden."""
    gone = np.zeros(count, dtype=bool)
    if text.mask is not None and examples.words is not None:
        words = examples.words[row][text.mask]
        gone[words[words != NO_WORD]] = True
    return gone


def in_words(words: Sequence[str], tagging: Tagging) -> str:
    """The mentions in a line.

    >>> in_words(["Anna", "saw", "Paris"], Tagging(("B-PER", "O", "B-LOC"), frozenset({("LOC", 2, 3), ("PER", 0, 1)})))
    'PER: Anna; LOC: Paris'
    """
    mentions = [f"{kind}: {' '.join(words[start:stop])}" for kind, start, stop in tagging.in_order]
    return "; ".join(mentions) or "no mention"


def mention_pieces(words: Sequence[str], tagging: Tagging, gone: np.ndarray) -> tuple[Piece, ...]:
    """The words in pieces, those of a mention with its type.

    Args:
        words: of the sentence.
        tagging: whose mentions are marked.
        gone: [words] bool, hidden.
    """
    kinds, pieces = {}, []
    for kind, start, stop in tagging.in_order:
        kinds |= dict.fromkeys(range(start, stop), (start, kind))
    for word, text in enumerate(words[:TOKENS_SHOWN]):
        mention, kind = kinds.get(word, (-1, ""))
        before = kinds.get(word - 1, (-1, ""))[0] if word else None
        blank = "" if not word or text[:1] in CLOSING or words[word - 1][-1:] in OPENING else " "
        joins = word > 0 and (before, bool(gone[word - 1])) == (mention, bool(gone[word]))
        if joins:
            last = pieces.pop()
            pieces.append(Piece(last.text + blank + text, last.hidden, last.kind))
            continue
        if blank:
            pieces.append(Piece(blank))
        pieces.append(Piece(text, bool(gone[word]), kind))
    left = len(words) - TOKENS_SHOWN
    return (*pieces, Piece(f" … and {left} more words")) if left > 0 else tuple(pieces)
