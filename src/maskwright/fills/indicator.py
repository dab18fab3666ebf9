"""Another fill, and a channel that says what was hidden."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from maskwright.backend.arrays import Array, dtype_name, namespace, to_dtype
from maskwright.errors import ConfigError, MaskingError
from maskwright.fills import traits
from maskwright.rng import Rng
from maskwright.strategy import check, flag, number, part


@dataclass(frozen=True)
class Indicator:
    """Fill hidden cells by another fill and append the mask, 1 where hidden and 0 elsewhere, so that the model knows.

    `notebooks/why_masking_works.py` measures the difference on handwritten digits. The model takes the wider input; the
    dtype stays.

    The mask is concatenated along an axis as it is: where it has size 1 there (channels hidden together, as in
    Masking) by one channel, [B, row, col, C] -> [B, row, col, C + 1]; where it has its full size (a table, [B, F]) by
    as many, [B, F] -> [B, 2 F]. With `stack` the axis is a new one, of values and mask: [B, row, col] -> [B, row, col,
    2]. Nothing is guessed from sizes.

    Args:
        fill: what goes into hidden cells; any fill that keeps the shape.
        axis: where the mask is appended; the last axis, or 1 for channels-first arrays [B, C, row, col] (with a mask
            [B, 1, row, col], by `apply_mask`).
        stack: make a new axis there.

    Raises:
        ConfigError: a fill that changes the shape itself.
        MaskingError: an axis that the array does not have.

    >>> import numpy as np
    >>> x, mask = np.array([[5.0, 6.0]]), np.array([[True, False]])
    >>> Indicator("zero")(x, mask, valid=mask | True, rng=Rng.from_ids([0]))
    array([[0., 6., 1., 0.]])
    """

    numeric: ClassVar[bool] = True
    changes_shape: ClassVar[bool] = True
    adds_channel: ClassVar[bool] = True

    fill: Any = part("maskwright.fills", "mean")
    axis: int = number(-1, -5, 5, "axis of the array", whole=True)
    stack: bool = flag(False)

    def __post_init__(self):
        check(self)
        if traits(self.fill).changes_shape:
            raise ConfigError(f"indicator.fill: {type(self.fill).__name__.lower()} changes the shape of the input.")
        if self.axis == 0:
            raise ConfigError(f"indicator: axis 0 is the batch; expected another one, given {self!r}.")

    @property
    def inner(self) -> tuple[Any, ...]:
        """The fill of the values."""
        return (self.fill,)

    def __call__(self, x: Array, mask: Array, *, valid: Array, rng: Rng, **facts: Any) -> Array:
        """Return a new array with one axis longer, or one axis more."""
        xp = namespace(x)
        room = x.ndim + self.stack
        axis = self.axis + room if self.axis < 0 else self.axis
        if not 1 <= axis < room:
            raise MaskingError(f"indicator: an array of shape {tuple(x.shape)} has no axis {self.axis} to append to.")
        values = self.fill(x, mask, valid=valid, rng=rng, **facts)
        flags = to_dtype(mask, dtype_name(x))
        shape = [n if self.stack or a != axis else mask.shape[a] for a, n in enumerate(x.shape)]
        flags = xp.broadcast_to(flags, tuple(shape))
        return xp.stack([values, flags], axis=axis) if self.stack else xp.concat([values, flags], axis=axis)
