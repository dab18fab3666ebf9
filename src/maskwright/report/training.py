"""How the models were trained: what the page says of their courses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from maskwright.evaluate.scored import MODEL, TWIN

DRAWN = 200
"""Points of a curve that are drawn at most; of more, means of stretches of equal length."""


@dataclass(frozen=True)
class Course:
    """The training of one model, of the first run.

    Attributes:
        who: model or twin.
        loss: (step, loss), what was trained on.
        validation: (step, score).
        higher_is_better: of the score.
    """

    who: str
    loss: list[tuple[float, float | None]]
    validation: list[tuple[float, float | None]]
    higher_is_better: bool

    @property
    def steps(self) -> float | None:
        """The last step."""
        return max((step for step, _ in (*self.loss, *self.validation)), default=None)

    @property
    def known(self) -> list[tuple[float, float]]:
        """Validations whose score is defined."""
        return [(step, score) for step, score in self.validation if score is not None]

    @property
    def best(self) -> tuple[float, float] | None:
        """Step and score of the best validation, the first of several."""
        sign = 1 if self.higher_is_better else -1
        return max(self.known, key=lambda point: (sign * point[1], -point[0]), default=None)

    @property
    def still_improving(self) -> bool:
        """Whether the last validation is the best, and better than every one before."""
        return len(self.known) > 1 and self.best == self.known[-1]


def courses(document: Mapping[str, Any]) -> list[Course]:
    """The trainings of model and twin; none where their metrics are gone."""
    training, higher = document.get("training") or {}, document["metric"]["higher_is_better"]
    known = [(who, one) for who in (MODEL, TWIN) if (one := training.get(who)) is not None]
    return [Course(who, _points(one["loss"]), _points(one["validation"]), higher) for who, one in known]


def _points(curve: Sequence[Sequence[float | None]]) -> list[tuple[float, float | None]]:
    return [(step, value) for step, value in curve if step is not None]


def thinned(points: list[tuple[float, float | None]]) -> list[tuple[float, float]]:
    """Points whose value is known; of more than `DRAWN`, the mean of every stretch.

    >>> thinned([(1, 0.5), (2, None), (3, 0.25)])
    [(1, 0.5), (3, 0.25)]
    >>> len(thinned([(step, 1.0) for step in range(1001)]))
    167
    """
    known = [(x, y) for x, y in points if y is not None]
    length = -(-len(known) // DRAWN)
    if length < 2:
        return known
    stretches = [known[start : start + length] for start in range(0, len(known), length)]
    return [(sum(x for x, _ in some) / len(some), sum(y for _, y in some) / len(some)) for some in stretches]
