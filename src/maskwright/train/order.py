"""Which examples meet in which optimiser step: a function of the seed, the epoch and the total batch size alone.

Splitting the same total batch over more accumulation steps or more processes moves examples between micro-batches and
never between optimiser steps.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from maskwright.rng import Rng
from maskwright.tasks.examples import FILLER

__all__ = ["Order"]


@dataclass
class Order:
    """The micro-batches of one process, epoch by epoch (a batch sampler).

    The last optimiser step of an epoch holds the examples that are left. Its micro-batches are filled up with `FILLER`
    rows only where another process would otherwise wait for this one.

    Attributes:
        example_ids: [N] ids, which name the examples' places in the order.
        batch_size: examples per micro-batch and process.
        accumulation: micro-batches per optimiser step.
        world_size: processes.
        rank: this process.
        seed: of the order.
        epoch: which pass is next.

    >>> order = Order(np.arange(10), batch_size=2, accumulation=2)
    >>> len(order), order.steps_per_epoch, order.examples_in_step(2), [len(batch) for batch in order]
    (5, 3, 2, [2, 2, 2, 2, 2])
    """

    example_ids: np.ndarray
    batch_size: int
    accumulation: int = 1
    world_size: int = 1
    rank: int = 0
    seed: int = 0
    epoch: int = 0

    @property
    def total(self) -> int:
        """Examples in a full optimiser step."""
        return self.batch_size * self.accumulation * self.world_size

    @property
    def steps_per_epoch(self) -> int:
        """Optimiser steps that see every example once."""
        return -(-len(self.example_ids) // self.total)

    def examples_in_step(self, step: int) -> int:
        """Examples in the optimiser step with this number, over all processes and micro-batches."""
        place = step % self.steps_per_epoch
        return min(self.total, len(self.example_ids) - place * self.total)

    def epoch_of(self, step: int) -> int:
        """The epoch of an optimiser step."""
        return step // self.steps_per_epoch

    def permutation(self, epoch: int) -> np.ndarray:
        """[N] row numbers in the order of an epoch."""
        keys = Rng.from_ids(self.example_ids, seed=self.seed, epoch=epoch).child("order").keys
        return np.argsort(keys, kind="stable")

    def state(self) -> dict[str, int]:
        """Nothing that a checkpoint needs: the order is a function of the step."""
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Nothing to restore."""
        del state

    def loader(self, examples: Any, *, workers: int, pin_memory: bool) -> Any:
        """A `DataLoader` of the micro-batches of an epoch.

        Args:
            examples: of the training split.
            workers: processes that prepare batches.
            pin_memory: whether batches are in memory that a graphics card can copy from.
        """
        import torch
        from torch.utils.data import DataLoader

        return DataLoader(
            examples,  # __getitems__ is all that is used
            batch_sampler=self,  # type: ignore[arg-type]
            collate_fn=_as_it_is,
            num_workers=workers,
            # Workers that outlive an epoch would still hold the order of the epoch before.
            persistent_workers=False,
            pin_memory=pin_memory,
            generator=torch.Generator().manual_seed(self.seed),
        )

    def __len__(self) -> int:
        return -(-len(self.example_ids) // (self.batch_size * self.world_size))

    def __iter__(self) -> Iterator[list[int]]:
        rows = self.permutation(self.epoch)
        width = self.batch_size * self.world_size
        for start in range(0, len(rows), width):
            shared = rows[start : start + width]
            longest = -(-len(shared) // self.world_size)
            # The examples of a short last micro-batch are spread evenly, so that no process does all of it.
            mine = shared[self.rank * longest : (self.rank + 1) * longest].tolist()
            yield mine or [FILLER]


def _as_it_is(batch: Any) -> Any:
    return batch
