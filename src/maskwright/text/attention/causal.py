"""The future is not seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from maskwright.backend.arrays import Array


@dataclass(frozen=True)
class Causal:
    """Hide from each position all that come after it: left-to-right language models.

    >>> from maskwright.text.attention import AttentionMask
    >>> import numpy as np
    >>> AttentionMask(["causal"]).hidden(np.ones((1, 2), dtype=bool))[0, 0].astype(int)
    array([[0, 1],
           [0, 0]])
    """

    def hides(self, b: Array, h: Array, q: Array, k: Array, facts: Any) -> Array:
        """See `maskwright.text.attention`."""
        del b, h, facts
        return k > q
