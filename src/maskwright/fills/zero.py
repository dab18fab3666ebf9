"""Zero in hidden cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from maskwright.backend.arrays import Array, namespace
from maskwright.backend.replacement import fill_hidden
from maskwright.rng import Rng


@dataclass(frozen=True)
class Zero:
    """Put 0 into hidden cells: the textbook x * M, also right where x holds NaN or infinity.

    A poor choice where 0 is an ordinary value, because the model cannot tell a hidden cell from a zero.

    >>> import numpy as np
    >>> x, mask = np.array([[np.nan, 2.0]]), np.array([[True, False]])
    >>> Zero()(x, mask, valid=mask | True, rng=Rng.from_ids([0]))
    array([[0., 2.]])
    """

    numeric: ClassVar[bool] = True
    one_value: ClassVar[bool] = True

    def __call__(self, x: Array, mask: Array, *, valid: Array, rng: Rng, **facts: Any) -> Array:
        """Return a new array, zero where `mask` is True."""
        del valid, rng, facts
        namespace(x)
        return fill_hidden(mask, 0, x)
