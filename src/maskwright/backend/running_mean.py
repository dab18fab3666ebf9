"""A running mean of what was visible, with its state in the open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from maskwright.backend.arrays import Array, like, namespace, numpy_view, to_dtype
from maskwright.errors import ConfigError, MaskingError


@dataclass(frozen=True, eq=False)
class RunningMean:
    """The mean of the valid cells seen so far, for each channel or for each cell.

    A value: `update` returns another one, so that nothing changes behind a caller's back and what is saved is what
    was used. The fill `mean` takes it as the fact `statistics`.

    Args:
        over: `channel`, one mean for each entry of the last axis; `cell`, one for each cell of an example.
        decay: weight that earlier batches keep when a batch is added, above 0 up to 1; 1 counts all batches alike.
        total: sums so far, float64.
        count: what the sums are over, float64.

    Raises:
        ConfigError: another `over`, a decay out of range.

    >>> running = RunningMean().update(np.array([[[1.0], [3.0]]])).update(np.array([[[5.0], [7.0]]]))
    >>> running.mean
    array([4.])
    """

    over: str = "channel"
    decay: float = 1.0
    total: np.ndarray | None = None
    count: np.ndarray | None = None

    def __post_init__(self):
        if self.over not in ("channel", "cell"):
            raise ConfigError(f"RunningMean.over: expected 'channel' or 'cell', given {self.over!r}.")
        if not isinstance(self.decay, int | float) or not 0 < self.decay <= 1:
            raise ConfigError(f"RunningMean.decay: expected a number above 0 up to 1, given {self.decay!r}.")

    def update(self, x: Array, valid: Array | None = None) -> RunningMean:
        """The running mean with a batch added.

        Args:
            x: [B, *grid, C] numbers, on any back end; cells that are not finite do not count.
            valid: bool, broadcastable to x (give size-1 axes for channels), True where a cell counts; all if None.

        Raises:
            MaskingError: cells of another shape than before, or not floating-point.
        """
        xp = namespace(x)
        if not xp.isdtype(x.dtype, "real floating"):
            raise MaskingError(f"RunningMean: expected floating-point cells, given {x.dtype}; convert them first.")
        counted = xp.isfinite(x) if valid is None else xp.isfinite(x) & valid
        axes = (0,) if self.over == "cell" else tuple(range(x.ndim - 1))
        total = xp.sum(to_dtype(xp.where(counted, x, xp.zeros_like(x)), "float64"), axis=axes)
        count = xp.sum(to_dtype(counted, "float64"), axis=axes)
        total, count = np.array(numpy_view(total)), np.array(numpy_view(count))
        if self.total is not None and self.count is not None:
            if self.total.shape != total.shape:
                raise MaskingError(f"RunningMean: cells of shape {total.shape} after ones of {self.total.shape}.")
            total, count = self.decay * self.total + total, self.decay * self.count + count
        return RunningMean(self.over, self.decay, total, count)

    @property
    def mean(self) -> np.ndarray:
        """[C] or [*grid, C] float64; 0 where nothing was seen.

        Raises:
            MaskingError: before the first `update`.
        """
        if self.total is None or self.count is None:
            raise MaskingError("RunningMean: nothing was seen yet; call update(x) with a batch first.")
        return self.total / np.where(self.count > 0, self.count, 1.0)

    def mean_like(self, x: Array) -> Array:
        """The mean on the back end and device of `x`."""
        return like(self.mean, x)

    def state_dict(self) -> dict[str, Any]:
        """Plain values to save; `from_state` gives back an equal running mean."""
        lists = {name: None if (v := getattr(self, name)) is None else v.tolist() for name in ("total", "count")}
        return {"over": self.over, "decay": self.decay, **lists}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> RunningMean:
        """What `state_dict` gave."""
        total, count = (None if state[name] is None else np.array(state[name]) for name in ("total", "count"))
        return cls(state["over"], state["decay"], total, count)
