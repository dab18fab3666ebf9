"""Random numbers in hidden cells."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist
from typing import Any, ClassVar

import numpy as np

from maskwright.backend.arrays import Array, dtype_name, like, namespace, to_dtype
from maskwright.backend.replacement import fill_hidden
from maskwright.backend.visible import check_floating, total, visible_moments
from maskwright.rng import Rng
from maskwright.strategy import check, choice

_LEVELS = 1 << 16


@dataclass(frozen=True)
class Noise:
    """Put noise into hidden cells, drawn for each cell on its own.

    The usual fill of random erasing on images (Zhong et al. 2017, arXiv:1708.04896). The cell keeps no edge that gives
    the mask away as a constant does, and a model learns to doubt what looks like noise; it cannot tell noise from an
    unlikely value, so an `indicator` or the `mean` is the better choice where it should know the gap.

    Args:
        law: `normal`, or `uniform`; 65536 levels each, a normal one reaches 4.3 spreads.
        match: `visible`, with the mean and the standard deviation of the example's visible cells, for each channel
            (0 where nothing is visible); `unit`, with mean 0 and standard deviation 1.

    The draws are the same to the bit on NumPy, torch and every device. With `unit` so are the numbers; with `visible`
    they are as close as two sums of the visible cells (about 1e-6 of the spread in float32).

    Raises:
        MaskingError: cells that are not floating-point numbers.

    >>> import numpy as np
    >>> x, mask = np.array([[0.0, 2.0, 9.0]]), np.array([[False, False, True]])
    >>> Noise()(x, mask, valid=mask | True, rng=Rng.from_ids([0])).round(2)
    array([[0.  , 2.  , 1.62]])
    """

    numeric: ClassVar[bool] = True
    computes: ClassVar[bool] = True

    law: str = choice("normal", "normal", "uniform")
    match: str = choice("visible", "visible", "unit")

    def __post_init__(self):
        check(self)

    def __call__(self, x: Array, mask: Array, *, valid: Array, rng: Rng, **facts: Any) -> Array:
        """Return a new array; `mask` and `valid` may have size-1 axes, over which channels are kept apart."""
        del facts
        check_floating("noise", x)
        xp = namespace(x)
        dtype = dtype_name(x)
        wide = "float64" if dtype == "float64" else "float32"
        grid = tuple(x.shape[1:4]) + ((math.prod(x.shape[4:]),) if x.ndim > 4 else ())
        bits = rng.child("noise").bits(*grid).reshape(tuple(x.shape))
        noise = like(_quantiles(self.law, wide), x)[to_dtype(bits >> 15, "int64")]
        if self.match == "visible":
            visible = valid & ~mask
            mean, n, cells = visible_moments(x, visible)
            axes = tuple(axis for axis in range(1, x.ndim) if visible.shape[axis] == x.shape[axis])
            away = fill_hidden(xp.broadcast_to(~visible, tuple(x.shape)), 0, cells - mean)
            spread = xp.sqrt(total(away * away, axes) / xp.where(n > 0, n, xp.ones_like(n)))
            noise = mean + spread * noise
        return fill_hidden(mask, to_dtype(noise, dtype), x)


@cache
def _quantiles(law: str, dtype: str) -> np.ndarray:
    """The middles of 65536 equally likely parts of a law with mean 0 and standard deviation 1."""
    middles = (np.arange(_LEVELS) + 0.5) / _LEVELS
    if law == "uniform":
        return ((middles - 0.5) * math.sqrt(12)).astype(dtype)
    upper = np.array([NormalDist().inv_cdf(p) for p in middles[_LEVELS // 2 :].tolist()])
    return np.concatenate([-upper[::-1], upper]).astype(dtype)
