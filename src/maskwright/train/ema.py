"""An exponential moving average of the weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import chain

import torch

from maskwright.errors import RunError
from maskwright.train.checkpoint import learned_tensors

__all__ = ["Ema"]


class Ema:
    """Averaged weights of a model that learns with a constant rate, and the statistics that belong to them.

    The decay starts small, min(decay, (1 + t) / (10 + t)) at update t, so that the random start does not linger.

    What a batch norm has seen (its running mean and variance) is averaged like the weights, as torch's
    `AveragedModel(use_buffers=True)` and timm's `ModelEmaV3` do: averaged weights make other activations than the
    latest ones, and the latest statistics would normalise them wrongly. Buffers of whole numbers (how many batches
    were seen, positions) are copied, and so is what does not change, infinities included. Buffers that a model does not
    save are its own affair.

    Args:
        model: its trainable parameters and saved buffers are averaged, in float32.
        decay: share of the old average that stays at each update, between 0 and 1.
    """

    def __init__(self, model: torch.nn.Module, decay: float):
        self.decay = decay
        self.updates = 0
        self.average = {name: _averaged(tensor) for name, tensor in learned_tensors(model).items()}

    @torch.no_grad()
    def update(self, model: torch.nn.Module) -> None:
        """Take in the weights after an optimiser step."""
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        self.updates += 1
        for name, tensor in self._own(model):
            average = self.average[name]
            if isinstance(tensor, torch.nn.Parameter):
                average.lerp_(tensor.float(), 1.0 - decay)
            elif average.is_floating_point():
                latest = tensor.float()
                # Infinity less infinity is no number.
                average.copy_(torch.where(latest == average, average, average.lerp(latest, 1.0 - decay)))
            else:
                average.copy_(tensor)

    def load(self, average: Mapping[str, torch.Tensor], updates: int) -> None:
        """Go on from a saved average.

        Raises:
            RunError: it was saved by a version that averaged less.
        """
        missing = self.average.keys() - average.keys()
        if missing:
            raise RunError(
                f"training.ema: the averages of this checkpoint lack {len(missing)} tensors ({min(missing)}, ...), as "
                "an earlier version wrote them. Train again in another folder (training.output=...)."
            )
        self.updates = updates
        for name, tensor in average.items():
            self.average[name].copy_(tensor)

    @contextmanager
    def applied(self, model: torch.nn.Module) -> Iterator[None]:
        """The model holds the averaged weights inside, its own again afterwards."""
        own = {name: tensor.detach().clone() for name, tensor in self._own(model)}
        self._copy(model, self.average)
        try:
            yield
        finally:
            self._copy(model, own)

    def install(self, model: torch.nn.Module) -> None:
        """Put the averaged weights into the model for good."""
        self._copy(model, self.average)

    @torch.no_grad()
    def _copy(self, model: torch.nn.Module, weights: Mapping[str, torch.Tensor]) -> None:
        for name, tensor in self._own(model):
            tensor.copy_(weights[name])

    def _own(self, model: torch.nn.Module) -> Iterator[tuple[str, torch.Tensor]]:
        """The tensors of a model that are averaged, by name."""
        for name, tensor in chain(model.named_parameters(), model.named_buffers()):
            if name in self.average:
                yield name, tensor


def _averaged(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.detach().float().clone() if tensor.is_floating_point() else tensor.detach().clone()
