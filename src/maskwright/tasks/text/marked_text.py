"""The text of an example as the model reads it, with what was hidden marked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from maskwright.tasks.text.encoded import EncodedTexts, without_facts
from maskwright.units.vocabulary import SPECIAL, Vocabulary

if TYPE_CHECKING:
    from maskwright.tasks.views import View

TOKENS_SHOWN = 120
"""Longer texts end with how many tokens are left out."""

CLOSING, OPENING = frozenset(",.;:!?)]}%"), frozenset("([{")
BROKEN = "\ufffd"
"""Stands for a part of a character, in byte-level tokens."""


@dataclass(frozen=True)
class Piece:
    """A stretch of text as the model reads it.

    Attributes:
        text: of it.
        hidden: whether it was hidden.
        kind: what it is besides, such as its tag; "" if nothing.
    """

    text: str
    hidden: bool = False
    kind: str = ""


@dataclass(frozen=True)
class MarkedText:
    """A text in pieces.

    Attributes:
        pieces: in order.
        hidden, units: numbers of units hidden and there.
        mask: [L] bool, the tokens that are hidden; None where nothing was to be.
    """

    pieces: tuple[Piece, ...]
    hidden: int = 0
    units: int = 0
    mask: np.ndarray | None = None


def marked(examples: EncodedTexts, row: int, view: View) -> MarkedText:
    """An example as the model reads it under a view, with what is hidden marked."""
    inputs = {name: table.numpy() for name, table in examples.batch([row]).inputs.items()}
    inputs, facts = without_facts(inputs, view.masking)
    ids = inputs["input_ids"][0]
    texts = {"vocabulary": examples.vocabulary, "tokenizer": view.reader}
    if view.masking is None:
        nothing = np.zeros(len(ids), dtype=np.int64)
        return MarkedText(tuple(pieces_of(ids, nothing > 0, nothing, **texts)))
    corrupted = view.masking(
        inputs,
        vocabulary=examples.vocabulary,
        example_ids=examples.example_ids[[row]],
        **vars(view.moment),
        **facts,
    )
    hidden, groups = np.asarray(corrupted.mask)[0], np.asarray(corrupted.groups)[0]
    pieces = pieces_of(ids, hidden, groups, **texts)
    return MarkedText(tuple(pieces), int(corrupted.count[0]), int(corrupted.n_units[0]), hidden)


def pieces_of(
    ids: np.ndarray, hidden: np.ndarray, groups: np.ndarray, *, vocabulary: Vocabulary, tokenizer: Any
) -> list[Piece]:
    """Turn token ids back into text.

    Args:
        ids: [L] without padding.
        hidden: [L] bool.
        groups: [L] the unit of each token; each hidden unit is a piece of its own.
        vocabulary: of the ids.
        tokenizer: puts together characters that are spread over tokens.
    """
    places = np.flatnonzero((vocabulary.flags[ids] & SPECIAL) == 0)
    runs: list[_Run] = []
    for before, place in zip([None, *places[:-1]], places[:TOKENS_SHOWN], strict=False):
        gap = "" if before is None else _gap(vocabulary, ids, before, place)
        if gap:
            _add(runs, _Run(gap, False, -1, []))
        text, unit = vocabulary.pieces[ids[place]].text, int(groups[place])
        _add(runs, _Run(text, bool(hidden[place]), unit, [int(ids[place])]))
    pieces = [Piece(tokenizer.decode(run.ids) if BROKEN in run.text else run.text, run.hidden) for run in runs]
    left = len(places) - TOKENS_SHOWN
    return [*pieces, Piece(f" … and {left} more tokens", False)] if left > 0 else pieces


class _Run:
    """Text that is shown in one piece, growing."""

    def __init__(self, text: str, hidden: bool, unit: int, ids: list[int]):
        self.text, self.hidden, self.unit, self.ids = text, hidden, unit, ids


def _add(runs: list[_Run], new: _Run) -> None:
    last = runs[-1] if runs else None
    if last is not None and last.hidden == new.hidden and (not new.hidden or last.unit == new.unit):
        last.text += new.text
        last.ids += new.ids
    else:
        runs.append(new)


def _gap(vocabulary: Vocabulary, ids: np.ndarray, before: int, place: int) -> str:
    """What stands between two tokens: nothing, a blank, or a bar where the first text of a pair ends."""
    if place - before > 1:
        return " ┃ "
    left, right = vocabulary.pieces[ids[before]], vocabulary.pieces[ids[place]]
    # Word pieces do not say whether a blank stood before punctuation; it is set as in print.
    return " " if right.space and right.text[:1] not in CLOSING and left.text[-1:] not in OPENING else ""
