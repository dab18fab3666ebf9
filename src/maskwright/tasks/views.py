"""What people see of an example (`Shown`) and of what models answer (`Answer`), in the report and the preview."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from maskwright.rng import Moment

__all__ = ["Answer", "Shown", "View", "Worded"]


@dataclass(frozen=True)
class View:
    """How an example is shown to a person.

    Attributes:
        reader: of the run.
        masking: what is hidden; None shows it whole.
        moment: of the masks.
        labels: names of the classes.
    """

    reader: Any
    masking: Any
    moment: Moment
    labels: Sequence[str] = ()


@dataclass(frozen=True)
class Answer:
    """What a model answered about one example, for people.

    Attributes:
        text: the answer in words.
        probability: that the model gives it.
        right: whether it is right; None where answers are not simply right or wrong.
        picture: the source of a picture of it, a data: URI.
        pieces: the answer as text in pieces, with `kind` where a piece has one (a tag, a difference).
    """

    text: str
    probability: float | None = None
    right: bool | None = None
    picture: str | None = None
    pieces: tuple[Any, ...] = ()


@dataclass(frozen=True, eq=False)
class Worded:
    """The answers of a batch in words, as they stand in a table of all answers: a column each, of B entries or None.

    Attributes:
        references: right answers, a list or an array of texts.
        answers: the model's, likewise; None where it gives none.
        probabilities: [B] float, that the model gives its answer.
        right: [B] bool, whether it is right; None where answers are not simply right or wrong.
    """

    references: Sequence[str] | np.ndarray | None = None
    answers: Sequence[str | None] | np.ndarray | None = None
    probabilities: np.ndarray | None = None
    right: np.ndarray | None = None


@dataclass(frozen=True)
class Shown:
    """An example as a person sees it: text in pieces, pictures, or a row of a table.

    Attributes:
        pieces: text, each piece with `text`, `hidden` and perhaps `kind`.
        pictures: (title, uint8 [row, col, 3]) each, as the model sees it.
        row: (column, value, hidden) each.
        reference: what the right answer is, in words.
        reference_pieces: the same as text in pieces.
        answers: who -> answer.
        hidden, units: numbers of units hidden and there.
        unit: what one is called, where it is not the masking's word.
        parts: (hidden, there, unit) each, where several kinds of units are hidden.
    """

    pieces: tuple[Any, ...] = ()
    pictures: tuple[tuple[str, np.ndarray], ...] = ()
    row: tuple[tuple[str, str, bool], ...] = ()
    reference: str | None = None
    reference_pieces: tuple[Any, ...] = ()
    answers: Mapping[str, Answer] = field(default_factory=dict)
    hidden: int = 0
    units: int = 0
    unit: str = ""
    parts: tuple[tuple[int, int, str], ...] = ()
