"""Which rows of a stream meet in which optimiser step, and how a stopped run goes on behind the last one it made."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from maskwright.data.streams import MicroBatch, Position, Stream
from maskwright.errors import RunError
from maskwright.tasks.examples import FILLER, Batch, Examples

__all__ = ["RowTable", "StreamOrder"]


@dataclass(frozen=True)
class RowTable:
    """A few rows with the columns of a split, as tasks encode them.

    >>> table = RowTable.of([{"text": "a", "label": 1}], np.array([7]))
    >>> table["example_id"], table.column_names
    ([7], ['example_id', 'text', 'label'])
    """

    columns: Mapping[str, list[Any]]

    @classmethod
    def of(cls, rows: Sequence[Mapping[str, Any]], ids: np.ndarray) -> RowTable:
        """Rows by role, with their numbers in the stream."""
        names = dict.fromkeys(name for row in rows for name in row)
        return cls({"example_id": ids.tolist(), **{name: [row.get(name) for row in rows] for name in names}})

    @property
    def column_names(self) -> list[str]:
        """Names of the columns."""
        return list(self.columns)

    def __getitem__(self, name: str) -> list[Any]:
        return self.columns[name]

    def __len__(self) -> int:
        return len(self.columns["example_id"])


@dataclass
class StreamOrder:
    """The micro-batches of one process from a stream, pass by pass, with as many steps as are asked for.

    A step holds rows of one pass, the same however many processes, micro-batches or workers share it; the rows behind
    the last whole step of a pass are left out. What a row is called is its number in the stream, so that its mask is a
    function of seed, pass and number.

    Attributes:
        stream: of the training rows, with the seed of the run.
        encode: rows of a micro-batch -> examples of the task.
        head: the first rows, encoded; a row of theirs fills up what damaged rows leave empty.
        batch_size: rows per micro-batch and process.
        accumulation: micro-batches per optimiser step and process.
        world_size: processes.
        rank: this process.
        epoch: the pass of the micro-batch that was served last.
        place: where that pass goes on behind the step served last; None at its beginning.
    """

    stream: Stream
    encode: Callable[[RowTable], Examples]
    head: Examples
    batch_size: int
    accumulation: int = 1
    world_size: int = 1
    rank: int = 0
    epoch: int = 0
    place: Position | None = None

    @property
    def steps_per_epoch(self) -> None:
        """A stream does not say how long it is."""
        return

    def epoch_of(self, step: int) -> int:
        """The pass that is being read."""
        del step
        return self.epoch

    def state(self) -> dict[str, Any]:
        """What `restore` takes, for a checkpoint."""
        return {"epoch": self.epoch, "place": None if self.place is None else self.place.to_dict()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on behind the step after which the state was taken."""
        self.epoch = state["epoch"]
        self.place = None if state["place"] is None else Position.from_dict(state["place"])

    def loader(self, examples: Examples, *, workers: int, pin_memory: bool) -> _Passes:
        """Micro-batches without end."""
        del examples
        return _Passes(self, workers, pin_memory)

    def share(self, worker: int, workers: int) -> Any:
        """The part of one worker of this process."""
        return self.stream.share(
            batch=self.batch_size,
            step=self.accumulation * self.world_size,
            rank=self.rank,
            ranks=self.world_size,
            worker=worker,
            workers=workers,
        )

    def encoded(self, micro: MicroBatch) -> Batch:
        """A micro-batch as the model takes it; one of which no row could be read is a filler."""
        if not micro.rows:
            return self.head.batch([FILLER])
        examples = self.encode(RowTable.of(micro.rows, micro.ids))
        return examples.batch(range(len(examples)))


class _Passes:
    """One pass over the stream after the other; notes which and where while it serves them."""

    def __init__(self, order: StreamOrder, workers: int, pin_memory: bool):
        self.order, self.workers, self.pin_memory = order, workers, pin_memory

    def __iter__(self) -> Iterator[Batch]:
        import torch

        order = self.order
        while True:
            generator = torch.Generator().manual_seed(order.epoch)
            loader = DataLoader(
                _Pass(order),
                batch_size=None,
                num_workers=self.workers,
                pin_memory=self.pin_memory,
                generator=generator,
            )
            begun, served = order.place, 0
            for batch, after in loader:
                order.place, served = after, served + 1
                yield batch
            if begun is None and not served:
                rows = order.batch_size * order.accumulation * order.world_size
                raise RunError(
                    f"the stream holds fewer than {rows:,} rows, which is one optimiser step. Lower "
                    "training.batch_size or training.gradient_accumulation, or read it as a table (data.stream=false)."
                )
            order.epoch, order.place = order.epoch + 1, None


class _Pass(IterableDataset):
    """The rest of a pass, for one worker."""

    def __init__(self, order: StreamOrder):
        self.read = partial(_served, order, order.epoch, order.place)

    def __iter__(self) -> Iterator[tuple[Batch, Position]]:
        info = get_worker_info()
        return self.read(0, 1) if info is None else self.read(info.id, info.num_workers)


def _served(
    order: StreamOrder, epoch: int, place: Position | None, worker: int, workers: int
) -> Iterator[tuple[Batch, Position]]:
    for micro in order.share(worker, workers).read(epoch, place):
        yield order.encoded(micro), micro.after
