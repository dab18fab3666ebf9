"""A stream cut into windows, each permuted by a keyed hash: one order that is a function of seed and epoch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from maskwright.data.streaming.shards import Raw
from maskwright.data.streaming.sources import FileRows, HubRows
from maskwright.rng import Moment, Rng


@dataclass(frozen=True)
class Position:
    """A place in a stream, from which the same rows follow; small, and goes into JSON.

    Attributes:
        window: number of the window, from 0.
        offset: rows of the window before the place, in shuffled order.
        row: rows of the stream before the window.
        state: where the window begins in the shards.
        stream: mark of the stream, so that a place in another one is refused.
    """

    window: int
    offset: int
    row: int
    state: Mapping[str, Any]
    stream: str

    def to_dict(self) -> dict[str, Any]:
        """As numbers, texts, lists and dictionaries."""
        return asdict(self)

    @classmethod
    def from_dict(cls, node: Mapping[str, Any]) -> Position:
        """What `to_dict` gave, perhaps by way of a JSON file."""
        return cls(**node)


@dataclass(frozen=True)
class Window:
    """Some rows of a stream in shuffled order.

    Attributes:
        number: from 0.
        first: rows of the stream before it; also the place of its first row in the global order.
        rows: [n] as they are stored, unshuffled.
        order: [n] int64 place here -> row here.
        state: where it begins.
        next_state: where the next one begins.
    """

    number: int
    first: int
    rows: list[Raw]
    order: np.ndarray
    state: Mapping[str, Any]
    next_state: Mapping[str, Any]

    def at(self, place: int) -> tuple[int, Raw]:
        """(id, row) at a place of the shuffled order."""
        row = int(self.order[place])
        return self.first + row, self.rows[row]

    def position(self, place: int, mark: str) -> Position:
        """The position before a place; behind the last one, it is that of the next window."""
        if place == len(self.rows):
            return Position(self.number + 1, 0, self.first + place, self.next_state, mark)
        return Position(self.number, place, self.first, self.state, mark)


def windows(rows: FileRows | HubRows, size: int, moment: Moment, position: Position | None) -> Iterator[Window]:
    """Cut rows into windows and permute each.

    Args:
        rows: from the beginning of the position's window on.
        size: of a window, in rows.
        moment: seed and epoch, of which the order is a function.
        position: where to begin; None for the first row.
    """
    number, first = (0, 0) if position is None else (position.window, position.row)
    while True:
        state = rows.state
        stored = rows.take(size)
        if not stored:
            return
        ids = np.arange(first, first + len(stored), dtype=np.int64)
        order = np.argsort(Rng.from_ids(ids, seed=moment.seed, epoch=moment.epoch).keys)  # no two keys are equal
        yield Window(number, first, stored, order, state, rows.state)
        number, first = number + 1, first + len(stored)
