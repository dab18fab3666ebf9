"""Changes of the input that hide nothing and go with masks: time warping."""

from __future__ import annotations

from maskwright.backend.arrays import Array, arange, beside, dtype_name, is_torch, namespace, to_dtype
from maskwright.errors import MaskingError
from maskwright.rng import Rng, below


def time_warp(x: Array, width: int, *, rng: Rng, lengths: Array | None = None, axis: int = 1) -> Array:
    """Stretch one part of each example along time and shrink the other, by interpolation between frames.

    A frame p, uniform over width ... length - width - 1, moves by a shift uniform over -width ... width, and the frames
    before and after it are spread evenly over what is left; both ends stay where they are. Each example has a frame and
    a shift of its own. Padding and examples shorter than 2 x width + 2 frames stay as they are.

    When it helps: little; in the paper's own ablation it is the least of the three parts of SpecAugment.

    Source: Park et al. 2019 (arXiv:1904.08779), which warps by a spline through one control point; here, as in later
    code, each of the two parts is stretched linearly.

    Args:
        x: [B, ...] floating-point, time on `axis`; never written to.
        width: W, the largest shift in frames; 0 changes nothing.
        rng: of the examples; moved to where x lies.
        lengths: [B] integers, frames of each example without padding; None means all. Moved too.
        axis: of time, 1 or more.

    Returns:
        A new array of x's shape and dtype.

    Raises:
        MaskingError: cells that are not floating-point, random numbers that are not an `Rng`, an axis there is not,
            lengths that do not fit, a width below 0.

    >>> import numpy as np
    >>> x = np.arange(12.0)[None]
    >>> time_warp(x, 3, rng=Rng.from_ids([1]))[0, [0, -1]]
    array([ 0., 11.])
    """
    xp = namespace(x)
    if not xp.isdtype(x.dtype, "real floating"):
        raise MaskingError(f"time_warp: expected floating-point cells, given {x.dtype}; convert them first.")
    if not 1 <= axis < x.ndim or width < 0:
        raise MaskingError(
            f"time_warp: expected axis 1 to {x.ndim - 1} and a width of 0 or more, given {axis}, {width}."
        )
    size = x.shape[axis]
    rng = _rng_beside(rng, x)
    full = rng.child("time warp").draw()
    n = full * 0 + size if lengths is None else to_dtype(beside(lengths, x), "int64")
    if tuple(n.shape) != (x.shape[0],) or (x.shape[0] and bool(((n < 0) | (n > size)).any())):
        raise MaskingError(f"time_warp: lengths: expected {x.shape[0]} numbers from 0 to {size}, given {lengths}.")
    if not x.shape[0] or not size:
        return x + 0
    source = _sources(n, width, size, rng.child("time warp"))
    below = to_dtype(source, "int64")
    # Half a frame is exact in every type; the weight is taken in that of the data.
    weight = to_dtype(source - to_dtype(below, "float64"), dtype_name(x))
    above = below + (below < size - 1)
    moved = xp.moveaxis(x, axis, 1)
    rows = arange(x.shape[0], x)[:, None]
    low, high = moved[rows, below], moved[rows, above]
    weight = weight.reshape(tuple(weight.shape) + (1,) * (moved.ndim - 2))
    # Frames that do not move are taken as they are, so that a NaN next to them does not reach them.
    out = xp.where(weight == 0, low, low + (high - low) * weight)
    out = xp.moveaxis(out, 1, axis)
    return out.contiguous() if is_torch(out) else out


def _rng_beside(rng: Rng, x: Array) -> Rng:
    if not isinstance(rng, Rng):
        raise MaskingError(
            f"time_warp: rng: expected Rng.from_ids(example_ids, seed=..., epoch=...), given {type(rng).__name__}."
        )
    return Rng(beside(rng.keys, x), rng.purpose)


def _sources(n: Array, width: int, size: int, rng: Rng) -> Array:
    """[B, size] float64, the place in the input that each frame of the output shows."""
    xp = namespace(n)
    bits = rng.bits(2)
    room = xp.where(n > 2 * width + 1, n - 2 * width, 0)
    point = width + below(bits[:, 0], room)
    shift = below(bits[:, 1], 2 * width + 1) - width
    target = point + shift * (room > 0)
    point, target, last = (to_dtype(value, "float64")[:, None] for value in (point, target, n - 1))
    place = to_dtype(arange(size, n), "float64")[None, :]
    before = place * (point / xp.where(target > 0, target, 1.0))
    rest = xp.where(last > target, last - target, 1.0)
    after = last - (last - place) * ((last - point) / rest)
    moved = xp.where(place <= target, before, after)
    return xp.where((room > 0)[:, None] & (place < last), moved, place)
