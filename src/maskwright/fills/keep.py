"""Hidden cells left as they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from maskwright.backend.arrays import Array, copied
from maskwright.backend.codes import KEPT
from maskwright.rng import Rng


@dataclass(frozen=True)
class Keep:
    """Leave hidden cells as they are; they count as hidden for labels and losses only.

    The last 10 % of BERT's 80/10/10 (see `mix`).

    >>> import numpy as np
    >>> x, mask = np.array([[5, 6]]), np.array([[True, False]])
    >>> Keep()(x, mask, valid=mask | True, rng=Rng.from_ids([0]))
    array([[5, 6]])
    """

    keeps: ClassVar[bool] = True

    def token(self, vocabulary: Any) -> int:
        """The token that is there."""
        del vocabulary
        return KEPT

    def __call__(self, x: Array, mask: Array, *, valid: Array, rng: Rng, **facts: Any) -> Array:
        """Return a copy of `x`."""
        del mask, valid, rng, facts
        return copied(x)
