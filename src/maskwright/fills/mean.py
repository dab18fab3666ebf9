"""The mean of what is visible, in hidden cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from maskwright.backend.arrays import Array, dtype_name, is_torch, like, namespace, to_dtype
from maskwright.backend.replacement import fill_hidden
from maskwright.backend.running_mean import RunningMean
from maskwright.errors import MaskingError
from maskwright.rng import Rng
from maskwright.strategy import check, choice


@dataclass(frozen=True)
class Mean:
    """Put a mean into hidden cells.

    Hidden and padding cells do not count, so what is hidden cannot leak through the mean. Better than zero for pixels
    and measurements (the input keeps its average); wrap it in `indicator` where the model should know what was hidden.

    Args:
        over: `example`, the mean of the example's own visible cells, for each channel; 0 where nothing is visible.
            `position`, the mean of the same cell over other data: the fact `statistics` (an array that broadcasts to
            an example, or a `RunningMean`) or the fact `pool` [N, ...], from which it is made on every call.
            `running`, the fact `statistics` alone, a `RunningMean` that the caller updates.

    Raises:
        MaskingError: cells that are not floating-point numbers (the mean of token ids means nothing), a fact that is
            missing or does not fit.

    >>> import numpy as np
    >>> x, mask = np.array([[1.0, 3.0, np.nan]]), np.array([[False, False, True]])
    >>> Mean()(x, mask, valid=mask | True, rng=Rng.from_ids([0]))
    array([[1., 3., 2.]])
    """

    numeric: ClassVar[bool] = True
    facts: ClassVar[tuple[str, ...]] = ("pool", "statistics")

    over: str = choice("example", "example", "position", "running")

    def __post_init__(self):
        check(self)

    def __call__(self, x: Array, mask: Array, *, valid: Array, rng: Rng, **facts: Any) -> Array:
        """Return a new array; `mask` and `valid` may have size-1 axes, over which channels are told apart."""
        del rng
        check_floating("mean", x)
        if self.over == "example":
            mean = visible_moments(x, valid & ~mask)[0]
        else:
            mean = self._reference(x, facts.get("statistics"), facts.get("pool"))
        return fill_hidden(mask, to_dtype(mean, dtype_name(x)), x)

    def _reference(self, x: Array, statistics: Any, pool: Any) -> Array:
        if isinstance(statistics, RunningMean):
            mean = statistics.mean_like(x)
        elif self.over == "running":
            raise MaskingError(
                f"mean: over 'running' needs statistics=RunningMean().update(x), given {type(statistics).__name__}."
            )
        elif statistics is not None:
            mean = statistics if is_torch(statistics) else like(np.asarray(statistics), x)
        elif pool is not None:
            check_pool("mean", pool, x)
            xp = namespace(pool)
            finite = xp.isfinite(pool)
            mean = visible_moments(pool.reshape((1, *pool.shape)), finite.reshape((1, *pool.shape)), axes=(1,))[0][0, 0]
        else:
            raise MaskingError("mean: over 'position' needs statistics=[one mean per cell] or pool=[N examples].")
        wanted = tuple(x.shape[1:])
        trailing = wanted[len(wanted) - mean.ndim :]
        if mean.ndim > len(wanted) or any(m not in (1, n) for m, n in zip(mean.shape, trailing, strict=True)):
            raise MaskingError(f"mean: statistics of shape {tuple(mean.shape)} do not fit examples {wanted}.")
        return mean


def check_floating(name: str, x: Array) -> None:
    """Refuse cells that are not floating-point numbers."""
    if not namespace(x).isdtype(x.dtype, "real floating"):
        raise MaskingError(f"{name}: expected floating-point cells, given {x.dtype}; convert them first.")


def check_pool(name: str, pool: Any, x: Array) -> None:
    """Refuse a pool of other examples that are not like those of `x`."""
    expected = f"[N, {', '.join(map(str, x.shape[1:]))}]"
    if not isinstance(pool, type(x)) or tuple(pool.shape[1:]) != tuple(x.shape[1:]) or not pool.shape[0]:
        given = f"{type(pool).__name__} {tuple(np.shape(pool))}"
        raise MaskingError(f"{name}: pool: expected {type(x).__name__} {expected} with N of 1 or more, given {given}.")


def visible_moments(x: Array, visible: Array, axes: tuple[int, ...] | None = None) -> tuple[Array, Array, Array]:
    """Mean of the visible cells, their number, and the visible cells with the rest 0, in float32 or wider.

    Args:
        x: [B, ...] floating-point; cells that are not finite do not count.
        visible: bool, of x's shape or with size-1 axes.
        axes: over which the mean goes; by default all but the first and those where `visible` has size 1.

    Returns:
        mean and number with these axes kept as size 1 (mean 0 where the number is 0), and the cells.
    """
    xp = namespace(x)
    if axes is None:
        axes = tuple(axis for axis in range(1, x.ndim) if visible.shape[axis] == x.shape[axis])
    finite = xp.isfinite(x)
    if not bool(finite.all()):
        visible = visible & finite
    wide = "float64" if str(x.dtype).endswith("float64") else "float32"  # sums of half-precision numbers overflow
    cells = to_dtype(fill_hidden(~visible, 0, x), wide)
    n = total(to_dtype(visible, wide), axes)
    return total(cells, axes) / xp.where(n > 0, n, xp.ones_like(n)), n, cells


def total(cells: Array, axes: tuple[int, ...]) -> Array:
    """The sum over axes, kept as size 1; one axis after the other adds long rows, which is faster and rounds less.

    Torch adds all at once what lies together in memory, such as the rows of images with channels first.
    """
    if is_torch(cells) and any(cells.stride(axis) == 1 for axis in axes):
        return cells.sum(axes, keepdim=True)
    for axis in axes:
        cells = namespace(cells).sum(cells, axis=axis, keepdims=True)
    return cells
