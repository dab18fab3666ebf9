"""Only the neighbourhood is seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from maskwright.backend.arrays import Array
from maskwright.strategy import REQUIRED, check, number


@dataclass(frozen=True)
class SlidingWindow:
    """Hide from each position all that are more than `reach` places away, on both sides.

    Together with `causal` this is the usual window of `reach + 1` tokens of decoders; alone it is the local attention
    of ModernBERT (Warner et al. 2024, arXiv:2412.13663) and Longformer (arXiv:2004.05150).

    Args:
        reach: places to each side that stay visible, 0 or more; 0 leaves a position itself.

    >>> from maskwright.text.attention import AttentionMask
    >>> import numpy as np
    >>> AttentionMask([{"sliding-window": 1}]).hidden(np.ones((1, 3), dtype=bool))[0, 0].astype(int)
    array([[0, 0, 1],
           [0, 0, 0],
           [1, 0, 0]])
    """

    reach: int = number(REQUIRED, 0, 2**31, "places", whole=True)

    def __post_init__(self):
        check(self)

    def hides(self, b: Array, h: Array, q: Array, k: Array, facts: Any) -> Array:
        """See `maskwright.text.attention`."""
        del b, h, facts
        return (k > q + self.reach) | (q > k + self.reach)
