"""One value in all hidden cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from maskwright.backend.arrays import Array, namespace
from maskwright.backend.replacement import fill_hidden
from maskwright.errors import MaskingError
from maskwright.rng import Rng
from maskwright.strategy import REQUIRED, check, number


@dataclass(frozen=True)
class Constant:
    """Put `value` into hidden cells; a value no real cell can have tells the model what was hidden.

    Args:
        value: a finite number; a whole one where the array holds integers.

    Raises:
        MaskingError: a value the array's dtype cannot hold exactly as a number of its kind.

    >>> import numpy as np
    >>> x, mask = np.array([[5, 6]]), np.array([[True, False]])
    >>> Constant(-1)(x, mask, valid=mask | True, rng=Rng.from_ids([0]))
    array([[-1,  6]])
    """

    numeric: ClassVar[bool] = True
    one_value: ClassVar[bool] = True

    value: float = number(REQUIRED, -3e38, 3e38, "same unit as the data")

    def __post_init__(self):
        check(self)

    def __call__(self, x: Array, mask: Array, *, valid: Array, rng: Rng, **facts: Any) -> Array:
        """Return a new array, `value` where `mask` is True."""
        del valid, rng, facts
        xp = namespace(x)
        if not xp.isdtype(x.dtype, ("real floating", "complex floating")):
            limits = (0, 1) if xp.isdtype(x.dtype, "bool") else (xp.iinfo(x.dtype).min, xp.iinfo(x.dtype).max)
            if self.value % 1 or not limits[0] <= self.value <= limits[1]:
                raise MaskingError(f"Constant(value={self.value}) does not fit into cells of dtype {x.dtype}.")
            return fill_hidden(mask, int(self.value), x)
        if abs(self.value) > float(xp.finfo(x.dtype).max):
            raise MaskingError(f"Constant(value={self.value}) does not fit into cells of dtype {x.dtype}.")
        return fill_hidden(mask, self.value, x)
