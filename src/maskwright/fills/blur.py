"""A blurred copy of what is visible, in hidden cells."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from maskwright.backend.arrays import Array, dtype_name, namespace, to_dtype
from maskwright.backend.replacement import fill_hidden
from maskwright.backend.visible import check_floating, visible_moments
from maskwright.rng import Rng
from maskwright.strategy import check, choice, number


@dataclass(frozen=True)
class Blur:
    """Put the weighted mean of the visible cells nearby into hidden cells.

    Hidden and padding cells have weight 0 (normalised convolution, Knutsson and Westin 1993), so that nothing hidden
    leaks. Where no visible cell is in reach it is the mean of all visible cells of the channel, and 0 where there is
    none. A gap that is filled smoothly looks like data: useful to measure how much a model loses by a gap without
    the shock of an edge; too easy where a model should learn to restore what is smooth.

    Args:
        radius: how far it reaches along each axis of the grid.
        law: `gaussian` (a standard deviation of half the radius) or `box` (all cells in reach alike).

    Cost: 2 x radius + 1 passes per axis. Back ends agree to rounding (about 1e-6 in float32).

    Raises:
        MaskingError: cells that are not floating-point numbers.

    >>> import numpy as np
    >>> x, mask = np.array([[1.0, np.nan, 3.0, 9.0]]), np.array([[False, True, False, False]])
    >>> Blur(radius=1)(x, mask, valid=mask | True, rng=Rng.from_ids([0]))
    array([[1., 2., 3., 9.]])
    """

    numeric: ClassVar[bool] = True
    computes: ClassVar[bool] = True

    radius: int = number(4, 1, 64, "cells", whole=True)
    law: str = choice("gaussian", "gaussian", "box")

    def __post_init__(self):
        check(self)

    def __call__(self, x: Array, mask: Array, *, valid: Array, rng: Rng, **facts: Any) -> Array:
        """Return a new array; the axes over which `mask` and `valid` have size 1 are channels and not blurred."""
        del rng, facts
        check_floating("blur", x)
        xp = namespace(x)
        visible = valid & ~mask
        axes = [axis for axis in range(1, x.ndim) if visible.shape[axis] == x.shape[axis]]
        mean, _, cells = visible_moments(x, visible)
        weight = to_dtype(visible, dtype_name(cells))
        for axis in axes:
            cells, weight = self._along(cells, axis), self._along(weight, axis)
        smooth = xp.where(weight > 0, cells / xp.where(weight > 0, weight, xp.ones_like(weight)), mean)
        return fill_hidden(mask, to_dtype(smooth, dtype_name(x)), x)

    def _along(self, cells: Array, axis: int) -> Array:
        size, out = cells.shape[axis], cells * 1
        here, there = [slice(None)] * cells.ndim, [slice(None)] * cells.ndim
        for step in range(1, min(self.radius, size - 1) + 1):
            weight = math.exp(-2.0 * (step / self.radius) ** 2) if self.law == "gaussian" else 1.0
            here[axis], there[axis] = slice(0, size - step), slice(step, size)
            lower, upper = tuple(here), tuple(there)
            out[lower] += weight * cells[upper]
            out[upper] += weight * cells[lower]
        return out
