"""The mean of what is visible: neither hidden cells nor padding count, nor numbers that are not finite."""

from __future__ import annotations

from maskwright.backend.arrays import Array, dtype_name, is_torch, namespace, to_dtype
from maskwright.backend.replacement import fill_hidden
from maskwright.errors import MaskingError


def check_floating(name: str, x: Array) -> None:
    """Refuse cells that are not floating-point numbers."""
    if not namespace(x).isdtype(x.dtype, "real floating"):
        raise MaskingError(f"{name}: expected floating-point cells, given {x.dtype}; convert them first.")


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
    wide = "float64" if dtype_name(x) == "float64" else "float32"  # sums of half-precision numbers overflow
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
