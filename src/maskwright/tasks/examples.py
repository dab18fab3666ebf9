"""The contract of examples, and what of them goes through a model: `Batch`, `Hidden`, `Loss`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    import torch

    from maskwright.engine.corrupt import Corrupted
    from maskwright.rng import Moment

__all__ = ["FILLER", "Batch", "Examples", "Hidden", "Loss"]

FILLER = -1
"""Row number that stands for no example: it fills a batch up, with weight 0."""


@dataclass(frozen=True, eq=False)
class Batch:
    """Some examples, whole.

    Attributes:
        inputs: what the model takes, name -> tensor [B, ...].
        labels: what its answers are compared with in the loss, name -> tensor [B, ...], or a list of B entries.
        ids: [B] int64, which name the examples' masks.
        weight: [B] float32, what each example counts in the loss; 0 for a filler.
    """

    inputs: Mapping[str, Any]
    labels: Mapping[str, Any]
    ids: torch.Tensor
    weight: torch.Tensor

    def to(self, device: torch.device) -> Batch:
        """The same on another device."""
        from accelerate.utils import send_to_device

        moved = send_to_device([dict(self.inputs), dict(self.labels), self.ids, self.weight], device)
        return Batch(*moved)

    def pin_memory(self) -> Batch:
        """The same in memory that a graphics card can copy from; `DataLoader` calls it by this name."""
        from torch.utils.data._utils.pin_memory import pin_memory

        parts = pin_memory([dict(self.inputs), dict(self.labels), self.ids, self.weight])
        return Batch(*parts)

    @property
    def examples(self) -> int:
        """How many examples there are, fillers left out."""
        return int((self.weight > 0).sum())


@dataclass(frozen=True, eq=False)
class Hidden:
    """A batch with parts hidden: inputs, and the labels that follow what was done to them.

    Attributes:
        inputs: what the model takes, name -> tensor [B, ...].
        labels: as those of the batch, changed where inputs were dropped, merged or moved.
        weight: [B] float32, what each example counts in the loss: its weight in the batch, times the weight that the
            law of the budget attaches to it (1/t in masked diffusion).
        count: what the loss is a mean over, added up over the batch: examples, tokens, objects. It is a number of
            things and not a sum of weights: where a law gives weights of 2, the loss is twice as large.
        share: [B] float32, hidden share of each example's units.
        mask: [B, ...] bool over the units, True = hidden; None where nothing is hidden, or units of several kinds are.
        probability: [B] float32, the chance with which units were hidden; None unless the budget has one. Where several
            ways of hiding are joined, NaN for the examples of those that have none.
    """

    inputs: Mapping[str, Any]
    labels: Mapping[str, Any]
    weight: torch.Tensor
    count: float
    share: torch.Tensor
    mask: Any = None
    probability: torch.Tensor | None = None

    @classmethod
    def whole(cls, batch: Batch, count: float | None = None) -> Hidden:
        """A batch of which nothing is hidden; the count is that of its examples if none is given."""
        import torch

        share = torch.zeros(len(batch.ids), device=batch.ids.device)
        number = batch.examples if count is None else count
        return cls(batch.inputs, batch.labels, batch.weight, number, share)

    @classmethod
    def of(
        cls,
        batch: Batch,
        corrupted: Corrupted | Mapping[str, Corrupted],
        inputs: Mapping[str, Any],
        *,
        labels: Mapping[str, Any] | None = None,
        count: float | None = None,
    ) -> Hidden:
        """A batch of which a masking has hidden parts: with its share, its mask, and what its budget's law says.

        Args:
            batch: whole.
            corrupted: what was hidden of it; kind of input -> what was hidden of it, where one budget covers several.
            inputs: of the model, with parts hidden.
            labels: that followed the inputs; those of the batch where they stay.
            count: what the loss is a mean over; the examples of the batch if left out. A law's weights are no part of
                it: they multiply what an example adds to the sum, and an estimator weighted by 1/t stays unbiased.
        """
        import torch

        parts = list(corrupted.values()) if isinstance(corrupted, Mapping) else [corrupted]
        hidden, units = (torch.as_tensor(sum(getattr(one, name) for one in parts)) for name in ("count", "n_units"))
        law, single = parts[0].weight, parts[0] if len(parts) == 1 else None
        chance = None if single is None else single.probability
        return cls(
            inputs,
            batch.labels if labels is None else labels,
            batch.weight if law is None else batch.weight * torch.as_tensor(law).to(batch.weight),
            batch.examples if count is None else count,
            (hidden.double() / units.clamp(min=1)).float(),
            None if single is None else torch.as_tensor(single.unit_mask),
            None if chance is None else torch.as_tensor(chance).float(),
        )


@dataclass(frozen=True, eq=False)
class Loss:
    """A loss as a sum and the count that it is a mean over.

    The trainer divides by the count of the whole optimiser step, over all its micro-batches and processes, so that
    every way of splitting a step gives the same gradient.

    Attributes:
        sum: scalar tensor, weighted losses added up.
        count: that of the `Hidden` it was made of.
    """

    sum: torch.Tensor
    count: float


class Examples(Protocol):
    """A split that can be batched and hidden."""

    @property
    def example_ids(self) -> np.ndarray:
        """[N] int64, which name the examples' masks."""
        ...

    @property
    def classes(self) -> np.ndarray | None:
        """[N] int64, the class of each example; None in tasks where an example has not one class."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know about how the examples were read ("12 texts are cut at the end")."""
        ...

    def __len__(self) -> int:
        """Number of examples."""
        ...

    @property
    def lengths(self) -> np.ndarray:
        """[N] cells of each example (tokens; numbers in proportion to memory and time): what batches are cut by."""
        ...

    def __getitems__(self, rows: Sequence[int]) -> Batch:
        """`batch`, by the name that workers of a `DataLoader` call; reading files belongs here."""
        ...

    def batch(self, rows: Iterable[int]) -> Batch:
        """Some examples on the CPU; `FILLER` stands for a copy of the first example with weight 0."""
        ...

    def references(self, rows: Any) -> Any:
        """What right answers are, one for each of some row numbers: class indices, numbers, texts, tags, boxes."""
        ...

    def hide(self, batch: Batch, masking: Any, moment: Moment) -> Hidden:
        """Hide parts of a batch, on the device it is on; labels follow what is done to the inputs.

        The same ids and moment always hide the same. Without a masking nothing is hidden, and the inputs are those a
        model gets in use.
        """
        ...

    def work(self, inputs: Mapping[str, Any]) -> int:
        """Cells that go through the model (tokens without padding, patches): the unit of throughput."""
        ...

    def joined(self, parts: Sequence[Hidden], cells: int) -> Iterator[tuple[torch.Tensor, Hidden]]:
        """Batches for forward passes from examples that were hidden in several ways.

        Args:
            parts: P ways of hiding the same B examples.
            cells: at most as many in a batch (see `lengths`), but at least one example.

        Yields:
            ([R] int64 places part · B + example on the inputs' device, these R examples). Every place once.
        """
        ...
