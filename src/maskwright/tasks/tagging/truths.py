"""The right tags of a split, as answers are compared with them; and the units of its words and mentions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from maskwright.data.tagging.schemes import Scheme, Tagging
from maskwright.tasks.text.encoded import Ragged

__all__ = ["Truths"]


@dataclass(frozen=True, eq=False)
class Truths:
    """The right tags of sentences; a `Tagging` is made where one is asked for.

    Attributes:
        tags: the number of each word's tag, a row per sentence.
        names: of the tags, in the order of their numbers.
        scheme: of the tags.
        rows: with the words of the sentences, `tokens`.
    """

    tags: Ragged
    names: tuple[str, ...]
    scheme: Scheme
    rows: Any

    @classmethod
    def of(cls, rows: Any, names: Sequence[str]) -> Truths:
        """The tags of a split."""
        number = {name: place for place, name in enumerate(names)}
        tags = Ragged.from_rows([[number[tag] for tag in row] for row in rows["tags"]])
        return cls(tags, tuple(names), Scheme.of(names), rows)

    def __len__(self) -> int:
        return len(self.tags)

    def __getitem__(self, row: int) -> Tagging:
        return Tagging.of((self.names[number] for number in self.tags[row].tolist()), self.scheme)

    def words(self, row: int) -> list[str]:
        """The words of a sentence, as the user wrote them."""
        return list(self.rows[row]["tokens"])

    def numbers(self) -> Ragged:
        """The number of each word in its sentence, from 1."""
        starts = np.repeat(self.tags.ends - self.tags.lengths, self.tags.lengths)
        return Ragged((np.arange(len(starts)) - starts + 1).astype(np.int32), self.tags.ends)

    def mentions(self) -> Ragged:
        """What the unit `entity` hides whole: the first word of each word's mention; outside of mentions the word."""
        units = self.numbers().values - 1
        for row, start in enumerate((self.tags.ends - self.tags.lengths).tolist()):
            for _, first, stop in self[row].mentions:
                units[start + first : start + stop] = first
        return Ragged(units, self.tags.ends)
