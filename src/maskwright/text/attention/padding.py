"""Padding is not seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from maskwright.backend.arrays import Array


@dataclass(frozen=True)
class Padding:
    """Hide padding from every position, on whichever side it is.

    >>> from maskwright.text.attention import AttentionMask
    >>> import numpy as np
    >>> AttentionMask(["padding"]).hidden(np.array([[True, False]]))[0, 0].astype(int)
    array([[0, 1],
           [0, 1]])
    """

    def hides(self, b: Array, h: Array, q: Array, k: Array, facts: Any) -> Array:
        """See `maskwright.text.attention`."""
        del h, q
        return ~facts.attended[b, k]
