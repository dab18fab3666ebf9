r"""Corpora that are larger than the memory: shards read while a model learns, in one order, from any place on.

>>> import json, pathlib, tempfile
>>> folder = pathlib.Path(tempfile.mkdtemp())
>>> for part in range(2):
...     rows = "".join(json.dumps({"text": f"text {part * 5 + i}"}) + "\n" for i in range(5))
...     _ = (folder / f"part-{part}.jsonl").write_text(rows)
>>> stream = Stream(expand(str(folder / "part-*.jsonl")), buffer=4)
>>> rows = list(stream.read(epoch=0))
>>> sorted(number for number, _ in rows) == list(range(10)), dict(rows)[7]
(True, {'text': 'text 7'})
>>> begun = stream.read(epoch=0)
>>> first = [next(begun) for _ in range(6)]
>>> first + list(stream.read(epoch=0, position=begun.position)) == rows
True
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from maskwright.data.streaming.rows import RowReader
from maskwright.data.streaming.shares import MicroBatch, Share
from maskwright.data.streaming.sources import FileRows, HubRows, expand
from maskwright.data.streaming.windows import Position, Window, windows
from maskwright.errors import ConfigError, DataError
from maskwright.rng import Moment

__all__ = ["MicroBatch", "Position", "Reading", "Share", "Stream", "expand"]


@dataclass(frozen=True)
class Stream:
    """A corpus as a description; nothing is open until it is read.

    The rows have one order, shard by shard. It is cut into windows of `buffer` rows, and the rows of each window are
    permuted by the keys that `maskwright.rng` makes of (seed, epoch, number of the row): one global order that is a
    function of seed and epoch alone. A row's number in the unshuffled stream is its id, so that its mask is a function
    of (seed, epoch, id) too. Memory holds one window, as it is stored.

    When to use it: for corpora that do not fit into memory. A smaller one is better read as a table, which is shuffled
    as a whole and checked as a whole; here rows meet only those of their own window, so shards that hold one source
    each should be mixed when they are written.

    Attributes:
        shards: files and addresses in order, see `expand`; of a hub data set, the name of its split.
        dataset: a hub data set; None for files.
        buffer: rows in a window.
        seed: of the order.
        skip_damaged: rows and rests of shards that cannot be read are left out and counted (of hub data sets, rows);
            else a `DataError` names them. A row that is left out leaves its place empty, so that no other one moves.
        rows: makes examples of rows and checks them; by default rows stay as they are.
    """

    shards: tuple[str, ...]
    dataset: str | None = None
    buffer: int = 10_000
    seed: int = 0
    skip_damaged: bool = False
    rows: RowReader = field(default_factory=RowReader)

    @property
    def mark(self) -> str:
        """The same for the same shards by name, wherever they lie, the same windows and the same seed."""
        names = [shard.rsplit("/", 1)[-1] for shard in self.shards]
        return hashlib.sha256(repr((names, self.dataset, self.buffer, self.seed)).encode()).hexdigest()[:16]

    def read(self, epoch: int, position: Position | None = None) -> Reading:
        """Iterate over (id, row) in the global order of an epoch.

        Args:
            epoch: pass over the stream.
            position: where to begin, as `Reading.position` gave it in the same epoch; what came before its window is
                not read again.

        Raises:
            ConfigError: the position is of another stream.
            DataError: on the way, where a row or shard is damaged or a row cannot be used; names shard and row.
        """
        return Reading(self, epoch, position)

    def share(
        self, *, batch: int, step: int = 1, rank: int = 0, ranks: int = 1, worker: int = 0, workers: int = 1
    ) -> Share:
        """The part of one reader, where several read the same stream; see `Share`."""
        return Share(self, batch, step, rank, ranks, worker, workers)

    def open(self, position: Position | None) -> FileRows | HubRows:
        """The rows from the beginning of a position's window on.

        Raises:
            ConfigError: the position is of another stream.
        """
        if position is not None and position.stream != self.mark:
            raise ConfigError(
                "the position is of another stream: shards, data.buffer and seed have to be the same to go on in one."
            )
        state = None if position is None else position.state
        if self.dataset is not None:
            return HubRows(self.dataset, self.shards[0], self.buffer, state)
        return FileRows(self.shards, state, columns=self.rows.outer_columns, skip_damaged=self.skip_damaged)

    def windows(self, epoch: int, position: Position | None, rows: FileRows | HubRows) -> Iterator[Window]:
        """The windows of an epoch from the position's on, of rows that were opened there."""
        return windows(rows, self.buffer, Moment(self.seed, epoch), position)


class Reading:
    """One pass over a stream: an iterator over (id, row)."""

    def __init__(self, stream: Stream, epoch: int, position: Position | None = None):
        self._stream, self._source = stream, stream.open(position)
        self._begin = position or Position(0, 0, 0, self._source.state, stream.mark)
        self._window: Window | None = None
        self._place = self._skipped = 0
        self._rows = self._iterate(epoch)

    def __iter__(self) -> Iterator[tuple[int, dict[str, Any]]]:
        return self._rows

    def __next__(self) -> tuple[int, dict[str, Any]]:
        return next(self._rows)

    @property
    def position(self) -> Position:
        """Of the next row."""
        return self._begin if self._window is None else self._window.position(self._place, self._stream.mark)

    @property
    def damaged(self) -> int:
        """Rows and rests of shards that were left out so far."""
        return self._skipped + self._source.damaged

    def _iterate(self, epoch: int) -> Iterator[tuple[int, dict[str, Any]]]:
        for window in self._stream.windows(epoch, self._begin, self._source):
            offset = self._begin.offset if window.number == self._begin.window else 0
            self._window = window
            for self._place in range(offset + 1, len(window.rows) + 1):
                number, raw = window.at(self._place - 1)
                try:
                    row = self._stream.rows.read(raw)
                except DataError:
                    if not self._stream.skip_damaged:
                        raise
                    self._skipped += 1
                    continue
                yield number, row
