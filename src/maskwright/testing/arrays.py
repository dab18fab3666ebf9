"""Subjects from functions on arrays: a batch in, a mask or the masked batch out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from maskwright.testing.subject import EXAMPLES, Subject, ratio_of

SHAPE = (64,)


class ArrayFunction:
    """Calls a function with a batch of numbers, as a torch tensor where it takes one, else as a NumPy array.

    Args:
        function: [B, *shape] -> bool mask (True = hidden), 0/1 mask (1 = hidden) or the array with cells replaced.
    """

    def __init__(self, function: Callable[[Any], Any]):
        self.function = function
        self.numpy = False

    def __call__(self, batch: np.ndarray) -> Any:
        """Call the function; what it raises on both kinds of array is raised."""
        import torch

        if self.numpy:
            return self.function(batch)
        try:
            return self.function(torch.from_numpy(batch))  # shares memory: writing in place shows
        except (TypeError, AttributeError, ValueError) as error:
            try:
                out = self.function(batch)
            except Exception:
                raise error from None
            self.numpy = True
            return out


def array_subject(function: Callable[[Any], Any], shape: tuple[int, ...] = SHAPE, **about: Any) -> Subject:
    """A subject from a function on arrays.

    Args:
        function: see `ArrayFunction`.
        shape: of one example; the numbers are drawn from U(2, 3).
        **about: attributes of `Subject`, such as `ratio`.
    """
    numbers = np.random.default_rng(0).random((EXAMPLES, *shape), dtype=np.float32) + 2
    made = {"examples": list(numbers), "ratio": ratio_of(function), **about}
    return Subject(lambda: ArrayFunction(function), **made)
