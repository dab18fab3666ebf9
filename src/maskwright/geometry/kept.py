"""What remains once cells are taken out, and runs of cells along a sequence."""

from __future__ import annotations

from maskwright.backend.arrays import Array, arange, extents, gather, largest, namespace, to_dtype, true_count


def kept(stay: Array, left: bool = False) -> tuple[Array, Array]:
    """Where the remaining cells are.

    Args:
        stay: [B, L] bool, True = remains.
        left: put an example that keeps fewer at the end of its row instead of the start.

    Returns:
        index [B, K] into the axis, the remaining cells in order, K the most that remain in any example; and present
        [B, K] bool, False where an example has fewer (the index is 0 there).
    """
    n = true_count(stay)[:, None]
    longest = largest(n)
    places = arange(longest, stay)[None, :]
    present = places >= longest - n if left else places < n
    index = to_dtype(present, "int64")
    index[present] = namespace(stay).nonzero(stay)[1]  # both in the order of rows, as many in each
    return index, present


def existing(valid: Array) -> Array:
    """[B, *grid] bool, the cell lies within what the example measures: not behind its last valid cell on an axis."""
    if bool(valid.all()):
        return valid
    sizes, inside = extents(valid), valid | True
    for axis in range(1, valid.ndim):
        place = arange(valid.shape[axis], valid).reshape((-1,) + (1,) * (valid.ndim - 1 - axis))
        inside = inside & (place < sizes[:, axis - 1].reshape((-1,) + (1,) * (valid.ndim - 1)))
    return inside


def take(x: Array, index: Array, present: Array, padding: int) -> Array:
    """`x` [B, L] at `index` [B, K], with `padding` where not `present`."""
    taken = gather(x, index)
    taken[~present] = padding
    return taken


def run_starts(mask: Array) -> Array:
    """[B, L] bool, the first cell of every run of hidden cells."""
    xp = namespace(mask)
    return mask & ~xp.concat([mask[:, :1] & False, mask[:, :-1]], axis=1)
