"""When a batch is masked: the epoch and the progress of a training run, for objects that other loops call."""

from __future__ import annotations

from typing import Any

from maskwright.backend.arrays import Array, arange
from maskwright.backend.content import content_ids
from maskwright.errors import MaskingError
from maskwright.rng import Moment
from maskwright.text.collator import shared_number

_ROW = 0x9E3779B97F4A7C15 - (1 << 64)  # an odd number, so that rows of equal content get names of their own


class Clock:
    """Epoch and progress in shared memory, so that worker processes that already run see them change.

    Args:
        epoch: of a first pass; None: none was set.
        owner: what the user calls the object that has the clock, for messages; a `collator` has `attach`.

    Attributes:
        epoch: pass over the data, from 0; -1 before one was set.
        progress: share of the training that is done, 0 to 1.
    """

    def __init__(self, epoch: int | None = None, owner: str = "collator"):
        self.owner = owner
        self._epoch = shared_number(-1 if epoch is None else epoch)
        self._progress = shared_number(0.0)

    @property
    def epoch(self) -> int:
        """The epoch the next batch is masked for."""
        return int(self._epoch[0])

    @epoch.setter
    def epoch(self, epoch: int) -> None:
        self._epoch[0] = int(epoch)

    @property
    def progress(self) -> float:
        """The share of the training that is done."""
        return float(self._progress[0])

    @progress.setter
    def progress(self, progress: float) -> None:
        self._progress[0] = float(progress)

    def keys(self, seed: int | None, ids: Array, attended: Array, names: Array | None) -> dict[str, Any]:
        """What keys the masks of a batch: `example_ids` and `moment`, as `Masking` takes them.

        With an epoch set, masks are a function of (seed, epoch, example). Without one and without a seed they are new
        at every call, as in Transformers' collators: keyed by a number from torch's global generator, which a
        `DataLoader` seeds anew in each of its workers in every epoch and which the Trainer saves and restores.

        Raises:
            MaskingError: a seed, but no epoch: the masks would silently be the same in every epoch.
        """
        if self.epoch >= 0:
            return {"example_ids": names, "moment": Moment(seed or 0, self.epoch, self.progress)}
        if seed is not None:
            remedy = f"Call {self.owner}.set_epoch(epoch) at the start of every epoch"
            if self.owner == "collator":
                remedy = (
                    "With a Trainer write\n    trainer = Trainer(..., data_collator=collator)\n    "
                    "collator.attach(trainer)\nIn a loop of your own call collator.set_epoch(epoch) at the start of "
                    "every epoch"
                )
            raise MaskingError(
                f"seed={seed} was given, but no epoch has reached the {self.owner}, so every epoch would get the same "
                f"masks. {remedy}, or leave the seed out for masks that are new at every call."
            )
        import torch

        names = content_ids(ids, attended) + arange(ids.shape[0], ids) * _ROW
        return {"example_ids": names, "moment": Moment(int(torch.randint(1 << 62, ())), 0, self.progress)}


class Clocked:
    """The methods by which a training loop sets the `clock` of an object."""

    clock: Clock

    @property
    def epoch(self) -> int:
        """The epoch the next batch is masked for; -1 before one was set."""
        return self.clock.epoch

    def set_epoch(self, epoch: int) -> None:
        """Say which pass over the data comes; reaches workers that are already running."""
        self.clock.epoch = epoch

    def set_progress(self, progress: float) -> None:
        """Say how much of the training is done, from 0 to 1, for budgets that move; reaches running workers."""
        self.clock.progress = progress
