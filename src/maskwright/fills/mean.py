"""The mean of what is visible, in hidden cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from maskwright.arrays import Array, namespace, to_dtype
from maskwright.errors import MaskingError
from maskwright.rng import Rng


@dataclass(frozen=True)
class Mean:
    """Put the mean of the example's visible cells into hidden cells, for each channel on its own.

    Hidden and padding cells do not count, so what is hidden cannot leak through the mean. Where nothing is visible the
    fill is 0. Better than zero for pixels and measurements (the input keeps its average); combine with an indicator
    where the model should know what was hidden.

    Raises:
        MaskingError: cells that are not floating-point numbers (the mean of token ids means nothing).

    >>> import numpy as np
    >>> x, mask = np.array([[1.0, 3.0, np.nan]]), np.array([[False, False, True]])
    >>> Mean()(x, mask, valid=mask | True, rng=Rng.from_ids([0]))
    array([[1., 3., 2.]])
    """

    numeric: ClassVar[bool] = True

    def __call__(self, x: Array, mask: Array, *, valid: Array, rng: Rng, **facts: Any) -> Array:
        """Return a new array; `mask` and `valid` may have size-1 axes, over which channels are told apart."""
        del rng, facts
        xp = namespace(x)
        if not xp.isdtype(x.dtype, "real floating"):
            raise MaskingError(f"mean: expected floating-point cells, given {x.dtype}; convert them first.")
        visible = valid & ~mask
        axes = tuple(axis for axis in range(1, x.ndim) if visible.shape[axis] == x.shape[axis])
        dtype = str(x.dtype).removeprefix("torch.")
        wide = "float64" if dtype == "float64" else "float32"  # sums of half-precision numbers overflow
        total = xp.sum(to_dtype(xp.where(visible, x, xp.zeros_like(x)), wide), axis=axes, keepdims=True)
        n = xp.sum(to_dtype(visible, wide), axis=axes, keepdims=True)
        return xp.where(mask, to_dtype(total / xp.where(n > 0, n, xp.ones_like(n)), dtype), x)
