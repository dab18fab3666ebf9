"""What the models answer: how often each class, and which class in place of which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from maskwright.evaluate.scored import MODEL, TWIN

COLLAPSED = 0.8
"""A model that answers one class in more than this share of cases is marked."""

MATRIX_CLASSES = 12
"""Up to so many classes there are matrices; of more, the most frequent mistakes are listed."""

MISTAKES = 10
"""So many of them."""


HIDDEN = " hidden"
"""How the name of a condition ends under which something was hidden."""


@dataclass(frozen=True, eq=False)
class Answered:
    """The answers of one model under one condition.

    Attributes:
        condition: in words.
        who: model or twin.
        counts: [k, k] how often a class (row) was answered by another (column); over all draws and runs.
        labels: names of the classes.
    """

    condition: str
    who: str
    counts: np.ndarray
    labels: Sequence[str]

    @property
    def masked(self) -> bool:
        """Whether something was hidden."""
        return self.condition.endswith(HIDDEN)

    @property
    def shares(self) -> np.ndarray:
        """[k] how often each class is answered, of all answers."""
        return self.counts.sum(axis=0) / max(self.counts.sum(), 1)

    @property
    def true_shares(self) -> np.ndarray:
        """[k] how often each class is right."""
        return self.counts.sum(axis=1) / max(self.counts.sum(), 1)

    @property
    def most(self) -> int:
        """The class that is answered most often."""
        return int(self.shares.argmax())

    @property
    def most_label(self) -> str:
        """Its name."""
        return self.labels[self.most]

    @property
    def most_share(self) -> float:
        """The share of cases in which it is answered."""
        return float(self.shares[self.most])

    @property
    def most_true_share(self) -> float:
        """The share of cases in which it is right."""
        return float(self.true_shares[self.most])

    @property
    def collapsed(self) -> bool:
        """Whether one class is answered in nearly all cases."""
        return self.most_share > COLLAPSED

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The matrix by rows: label, number of cases, and of every answer its count and share of the row."""
        sums = self.counts.sum(axis=1)
        return [
            {
                "label": label,
                "n": int(n),
                "cells": [{"count": int(count), "share": float(count / n) if n else 0.0} for count in line],
            }
            for label, n, line in zip(self.labels, sums, self.counts, strict=True)
        ]

    @property
    def mistakes(self) -> list[dict[str, Any]]:
        """The most frequent wrong answers: the right label, the answer, and how often."""
        wrong = np.where(np.eye(len(self.labels), dtype=bool), 0, self.counts)
        order = np.argsort(-wrong, axis=None, kind="stable")[:MISTAKES]
        places = [np.unravel_index(place, wrong.shape) for place in order]
        return [
            {"label": self.labels[true], "answer": self.labels[said], "count": int(wrong[true, said])}
            for true, said in places
            if wrong[true, said]
        ]


def answered(document: Mapping[str, Any]) -> list[Answered]:
    """The answers of every model under every condition, in the document's order; empty where it has none."""
    answers = document.get("answers")
    if not answers:
        return []
    labels = answers["labels"]
    return [
        Answered(condition["name"], who, np.asarray(condition[who], dtype=np.int64), labels)
        for condition in answers["conditions"]
        for who in (MODEL, TWIN)
        if condition.get(who) is not None
    ]


def distribution(document: Mapping[str, Any]) -> dict[str, Any] | None:
    """How often each class is answered: classes, what is right, and a row for each model and condition.

    `first` are those to look at: of whole inputs, of variants, and of conditions with a model that answers one class.
    """
    rows = answered(document)
    if not rows:
        return None
    marked = {row.condition for row in rows if row.collapsed}
    first = [row for row in rows if row.condition in marked or not row.masked]
    return {
        "labels": rows[0].labels,
        "true": rows[0].true_shares.tolist(),
        "rows": rows,
        "first": first,
        "others": [row for row in rows if row not in first],
        "matrices": len(rows[0].labels) <= MATRIX_CLASSES,
        "limit": COLLAPSED,
        "collapsed": [row for row in rows if row.collapsed],
    }
