"""The right tags of a split, as answers are compared with them; and the units of its words and mentions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from maskwright.data.flat_lists import Coded, data_set_blocks
from maskwright.data.tagging.rules import FlatTags
from maskwright.data.tagging.schemes import Scheme, Tagging
from maskwright.tasks.text.encoded import Ragged

__all__ = ["Truths", "tags_of"]


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
        tags, number = tags_of(rows), {name: place for place, name in enumerate(names)}
        numbers = np.array([number[name] for name in tags.names], dtype=np.int32)
        return cls(Ragged(numbers[tags.codes], np.cumsum(tags.lengths)), tuple(names), Scheme.of(names), rows)

    def __len__(self) -> int:
        return len(self.tags)

    def __getitem__(self, row: int) -> Tagging:
        return Tagging.of((self.names[number] for number in self.tags[row].tolist()), self.scheme)

    def words(self, row: int) -> list[str]:
        """The words of a sentence, as the user wrote them."""
        return list(self.rows[row]["tokens"])

    def sentences(self, rows: Sequence[int]) -> list[list[str]]:
        """The words of some sentences."""
        return self.rows[[int(row) for row in rows]]["tokens"]

    def numbers(self) -> Ragged:
        """The number of each word in its sentence, from 1."""
        starts = np.repeat(self.tags.ends - self.tags.lengths, self.tags.lengths)
        return Ragged((np.arange(len(starts)) - starts + 1).astype(np.int32), self.tags.ends)

    def mentions(self) -> Ragged:
        """What the unit `entity` hides whole: the first word of each word's mention; outside of mentions the word."""
        units, coded = self.numbers().values - 1, Coded(self.names, self.tags.values, self.tags.lengths)
        start = 0
        for _, part in coded.parts():
            mentions = FlatTags.of(part, self.scheme).mentions
            lengths = mentions.stop - mentions.first
            # Place of every word of a mention, and beside it that of the mention's first word.
            first = np.repeat(mentions.first, lengths)
            within = np.arange(len(first)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
            units[start + first + within] = units[start + first]
            start += len(part.codes)
        return Ragged(units, self.tags.ends)


def tags_of(rows: Any) -> Coded:
    """The tags of the rows of a data set."""
    return Coded.of_blocks(data_set_blocks(rows, "tags"))
