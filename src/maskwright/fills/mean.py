"""The mean of what is visible, in hidden cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from maskwright.backend.arrays import Array, dtype_name, is_torch, like, namespace, to_dtype
from maskwright.backend.pool import check_pool
from maskwright.backend.replacement import fill_hidden
from maskwright.backend.running_mean import RunningMean
from maskwright.backend.visible import check_floating, visible_moments
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
    computes: ClassVar[bool] = True
    facts: ClassVar[tuple[str, ...]] = ("pool", "statistics")

    over: str = choice("example", "example", "position", "running")

    def __post_init__(self):
        check(self)

    @property
    def from_others(self) -> bool:
        """Whether the mean is that of other data."""
        return self.over != "example"

    @property
    def own_mean(self) -> bool:
        """Whether the mean is that of the example's own visible cells."""
        return self.over == "example"

    def __call__(self, x: Array, mask: Array, *, valid: Array, rng: Rng, **facts: Any) -> Array:
        """Return a new array; `mask` and `valid` may have size-1 axes, over which channels are kept apart."""
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
