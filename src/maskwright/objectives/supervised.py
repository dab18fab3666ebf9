"""Supervised learning: the user's labels are kept, whatever is hidden in the inputs."""

from __future__ import annotations

import torch

__all__ = ["loss_sum"]


def loss_sum(logits: torch.Tensor, labels: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """The weighted cross-entropies of some examples, added up in float32.

    A sum and not a mean: whoever divides it by the number of examples in the whole optimiser step gets the same
    gradient however these examples were spread over micro-batches and processes. A mean weighted within the
    micro-batch would depend on which examples met in it.

    Args:
        logits: [B, classes].
        labels: [B] class indices.
        weight: [B] what each example counts; 0 for a filler.

    >>> even = torch.zeros(2, 4)
    >>> round(loss_sum(even, torch.tensor([0, 3]), torch.tensor([1.0, 0.0])).item(), 4)
    1.3863
    """
    losses = torch.nn.functional.cross_entropy(logits.float(), labels, reduction="none")
    return (losses * weight).sum()
