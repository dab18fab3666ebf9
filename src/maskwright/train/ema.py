"""An exponential moving average of the weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch

__all__ = ["Ema"]


class Ema:
    """Averaged weights of a model that learns with a constant rate.

    The decay starts small, min(decay, (1 + t) / (10 + t)) at update t, so that the random start does not linger.

    Args:
        model: its trainable parameters are averaged, in float32.
        decay: share of the old average that stays at each update, between 0 and 1.
    """

    def __init__(self, model: torch.nn.Module, decay: float):
        self.decay = decay
        self.updates = 0
        self.average = {name: p.detach().float().clone() for name, p in model.named_parameters() if p.requires_grad}

    @torch.no_grad()
    def update(self, model: torch.nn.Module) -> None:
        """Take in the weights after an optimiser step."""
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        self.updates += 1
        for name, parameter in model.named_parameters():
            if name in self.average:
                self.average[name].lerp_(parameter.float(), 1.0 - decay)

    def load(self, average: Mapping[str, torch.Tensor], updates: int) -> None:
        """Go on from a saved average."""
        self.updates = updates
        for name, tensor in average.items():
            self.average[name].copy_(tensor)

    @contextmanager
    def applied(self, model: torch.nn.Module) -> Iterator[None]:
        """The model holds the averaged weights inside, its own again afterwards."""
        own = {name: p.detach().clone() for name, p in model.named_parameters() if name in self.average}
        self.install(model)
        try:
            yield
        finally:
            self._copy(model, own)

    def install(self, model: torch.nn.Module) -> None:
        """Put the averaged weights into the model for good."""
        self._copy(model, self.average)

    @staticmethod
    @torch.no_grad()
    def _copy(model: torch.nn.Module, weights: Mapping[str, torch.Tensor]) -> None:
        for name, parameter in model.named_parameters():
            if name in weights:
                parameter.copy_(weights[name])
