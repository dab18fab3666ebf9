"""A stream read by several readers at once: ranks, and workers of each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from maskwright.data.streaming.shards import Raw
from maskwright.data.streaming.windows import Position, Window
from maskwright.errors import ConfigError, DataError

if TYPE_CHECKING:
    from maskwright.data.streams import Stream


@dataclass(frozen=True)
class MicroBatch:
    """Rows that one device takes in one forward pass.

    Attributes:
        step: of the optimiser, counted from 0 in the epoch.
        number: of the micro-batch in the step.
        ids: of the rows, int64.
        rows: fewer than `batch` only where damaged rows were left out.
        after: the position behind the step, from which a stopped run goes on.
    """

    step: int
    number: int
    ids: np.ndarray
    rows: tuple[dict[str, Any], ...]
    after: Position


@dataclass(frozen=True)
class Share:
    """The part that one reader takes of a stream which several read: ranks, and workers of each.

    The global order is cut into steps of `step` micro-batches of `batch` rows. Micro-batch b of step s holds the same
    rows however many ranks, workers or accumulation steps there are: rank r takes those with b % ranks == r, and hands
    them to its workers in turn, in the order in which a `DataLoader` asks them. The rows behind the last whole step are
    left out.

    What it costs: every reader walks the whole stream, so each shard is read (and unpacked) and cut into rows once by
    every reader. Only its own rows are parsed, checked and made Python objects.

    Attributes:
        stream: what all read.
        batch: rows of a micro-batch.
        step: micro-batches of an optimiser step: ranks times accumulation steps.
        rank: of this process, from 0.
        ranks: how many there are.
        worker: of this rank, from 0.
        workers: how many there are.
    """

    stream: Stream
    batch: int
    step: int = 1
    rank: int = 0
    ranks: int = 1
    worker: int = 0
    workers: int = 1

    def __post_init__(self) -> None:
        if self.batch < 1 or self.step < 1 or self.step % self.ranks:
            raise ConfigError(
                f"a step of {self.step} micro-batches of {self.batch} rows cannot be shared by {self.ranks} ranks: "
                "step has to be a multiple of ranks, and both at least 1."
            )
        if not (0 <= self.rank < self.ranks and 0 <= self.worker < self.workers):
            raise ConfigError(
                f"rank {self.rank} of {self.ranks} and worker {self.worker} of {self.workers}: both count from 0."
            )

    def read(self, epoch: int, position: Position | None = None) -> Iterator[MicroBatch]:
        """Iterate over this reader's micro-batches of an epoch, a step after the other.

        Args:
            epoch: pass over the stream.
            position: where to begin, as `MicroBatch.after` gave it in the same epoch.

        Raises:
            ConfigError: the position is of another stream, or within a step.
            DataError: as `Stream.read`.
        """
        of_step = self.batch * self.step
        begin = 0 if position is None else position.row + position.offset
        if begin % of_step:
            raise ConfigError(
                f"the position is {begin % of_step} rows into a step of {of_step}: batch and step changed."
            )
        waiting: dict[int, list[tuple[int, Raw]]] = {}
        done = begin // of_step
        for window in self.stream.windows(epoch, position, self.stream.open(position)):
            for place in self._places(window, begin):
                batch = (window.first + place) // self.batch
                waiting.setdefault(batch, []).append(window.at(place))
            for step in range(done, (window.first + len(window.rows)) // of_step):
                after = window.position((step + 1) * of_step - window.first, self.stream.mark)
                yield from self._batches(step, waiting, after)
                done = step + 1

    def _places(self, window: Window, begin: int) -> list[int]:
        """Places of a window that are this reader's."""
        places = np.arange(max(0, begin - window.first), len(window.rows))
        batches = (window.first + places) // self.batch
        mine = (batches % self.ranks == self.rank) & (batches // self.ranks % self.workers == self.worker)
        return places[mine].tolist()

    def _batches(self, step: int, waiting: dict[int, list[tuple[int, Raw]]], after: Position) -> Iterator[MicroBatch]:
        for number in range(self.step):
            raw = waiting.pop(step * self.step + number, None)
            if raw is None:
                continue
            rows = [(name, row) for name, one in raw if (row := self._row(one)) is not None]
            ids = np.array([name for name, _ in rows], dtype=np.int64)
            yield MicroBatch(step, number, ids, tuple(row for _, row in rows), after)

    def _row(self, raw: Raw) -> dict[str, Any] | None:
        try:
            return self.stream.rows.read(raw)
        except DataError:
            if not self.stream.skip_damaged:
                raise
            return None
