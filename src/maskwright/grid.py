"""The named lattice of cells that a pattern works on.

A pattern sees axes and sizes, never a modality: tokens are `Grid(token=128)`, image patches `Grid(row=14, col=14)`,
a clip `Grid(frame=8, row=14, col=14)`, a spectrogram `Grid(time=1000, freq=80)`, a table row `Grid(feature=30)`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from maskwright.errors import MaskingError


@dataclass(frozen=True, init=False)
class Grid:
    """Named axes and their sizes, in order, for one example.

    Args:
        **sizes: one to four axes, each a size of 0 or more cells.

    Raises:
        MaskingError: no axis, more than four axes, or a size that is not a whole number of 0 or more.

    >>> grid = Grid(row=2, col=3)
    >>> grid.shape, grid.size, grid.axis("col")
    ((2, 3), 6, 1)
    """

    axes: tuple[str, ...]
    shape: tuple[int, ...]

    def __init__(self, **sizes: int):
        if not 1 <= len(sizes) <= 4:
            raise MaskingError(f"Grid({', '.join(sizes)}): expected 1 to 4 named axes, given {len(sizes)}.")
        for name, size in sizes.items():
            if isinstance(size, bool) or not isinstance(size, int) or size < 0:
                raise MaskingError(f"Grid({name}={size!r}): expected a whole number of cells, 0 or more.")
        object.__setattr__(self, "axes", tuple(sizes))
        object.__setattr__(self, "shape", tuple(sizes.values()))

    @property
    def size(self) -> int:
        """Number of cells."""
        return math.prod(self.shape)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    def axis(self, name: str) -> int:
        """Position of a named axis; MaskingError names the axes there are."""
        if name not in self.axes:
            raise MaskingError(f"there is no axis '{name}' in {self}.")
        return self.axes.index(name)

    def __repr__(self) -> str:
        return f"Grid({', '.join(f'{a}={n}' for a, n in zip(self.axes, self.shape, strict=True))})"
