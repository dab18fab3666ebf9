"""A prompt is seen whole, what follows it from left to right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from maskwright.backend.arrays import Array
from maskwright.strategy import REQUIRED, check, number


@dataclass(frozen=True)
class Prefix:
    """Hide the future, except that the first `length` positions are seen by all: a prefix language model.

    Source: Raffel et al. 2020, T5 (arXiv:1910.10683), section 3.2. Prefixes of a length of their own per row are
    documents of a packed row; this one is the same in every row.

    Args:
        length: positions of the prefix, 0 or more.

    >>> from maskwright.text.attention import AttentionMask
    >>> import numpy as np
    >>> AttentionMask([{"prefix": 2}]).hidden(np.ones((1, 3), dtype=bool))[0, 0].astype(int)
    array([[0, 0, 1],
           [0, 0, 1],
           [0, 0, 0]])
    """

    length: int = number(REQUIRED, 0, 2**31, "positions", whole=True)

    def __post_init__(self):
        check(self)

    def hides(self, b: Array, h: Array, q: Array, k: Array, facts: Any) -> Array:
        """See `maskwright.text.attention`."""
        del b, h, facts
        return (k > q) & (k >= self.length)
