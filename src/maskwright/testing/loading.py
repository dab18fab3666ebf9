"""Runs as training does them: loaders, workers, orders, ranks and resumes, each from the same seed.

What is simulated: every process of a run makes its own collator, after the global generators of Python, NumPy and torch
were set to the same seed (what the Hugging Face Trainer does in every process). A rank is such a process that takes
every second example, as a distributed sampler deals them out. A resume is such a process that skips the batches that
were done. Workers are the real ones of `torch.utils.data.DataLoader`.
"""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from maskwright.testing.finding import SubjectError
from maskwright.testing.reading import MaskReader

SEED = 1234
COMPARED = 96
"""Examples whose masks are compared between runs."""


@contextmanager
def seeded(seed: int = SEED) -> Iterator[None]:
    """Set the global generators as a training process does at its start, and put back what was there before."""
    import torch
    from transformers import set_seed

    before = random.getstate(), np.random.get_state(), torch.random.get_rng_state()  # noqa: NPY002 - of foreign code
    try:
        set_seed(seed)
        yield
    finally:
        random.setstate(before[0])
        np.random.set_state(before[1])  # noqa: NPY002 - of foreign code
        torch.random.set_rng_state(before[2])


def set_epoch(collator: Any, epoch: int) -> None:
    """Say the epoch to a collator that wants to know."""
    if hasattr(collator, "set_epoch"):
        collator.set_epoch(epoch)


@dataclass(frozen=True)
class Loading:
    """How a run loads its examples.

    Attributes:
        order: numbers of the examples, as the sampler gives them.
        workers: of the DataLoader.
        batch_size: of the DataLoader.
        epochs: passes over the examples.
    """

    order: Sequence[int]
    workers: int = 0
    batch_size: int = 8
    epochs: int = 1

    def masks(
        self, make: Callable[[], Any], read: Callable[[Any], MaskReader], examples: Sequence[Any]
    ) -> list[list[np.ndarray]]:
        """Masks of some examples, epoch by epoch, as a fresh process of a run draws them.

        Args:
            make: a collator.
            read: its reader.
            examples: of the data set.

        Returns:
            [epochs][len(order)] bool arrays, each over the cells of its example.
        """
        from torch.utils.data import DataLoader

        data: Any = list(examples)
        with seeded(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # more workers than cores; threads at the time of a fork
            collator = make()
            collate = _Guarded(read(collator))
            loader: Any = DataLoader(
                data,
                batch_size=self.batch_size,
                sampler=list(self.order),
                num_workers=self.workers,
                collate_fn=collate,
            )
            return [self._epoch(collator, loader, epoch) for epoch in range(self.epochs)]

    def _epoch(self, collator: Any, loader: Any, epoch: int) -> list[np.ndarray]:
        set_epoch(collator, epoch)
        masks: list[np.ndarray] = []
        for batch in loader:
            if isinstance(batch, str):
                raise SubjectError(batch)
            masks += batch
        return masks


class _Guarded:
    """An error in a worker comes back as its message, not as a traceback on top of another."""

    def __init__(self, reader: MaskReader):
        self.reader = reader

    def __call__(self, features: list[Any]) -> list[np.ndarray] | str:
        try:
            return self.reader(features)
        except SubjectError as error:
            return str(error)
