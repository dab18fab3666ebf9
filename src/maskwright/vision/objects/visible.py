"""How much of each box can be seen, by an integral image of the mask."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from maskwright.backend.arrays import Array, is_torch, like, numpy_view, running_count
from maskwright.errors import MaskingError


def visible_share(mask: Array, boxes: Array) -> Array:
    """The visible share of the area of each box.

    By an integral image: one pass over the mask and a few numbers per box. It is made by NumPy on the host, to which a
    mask on an accelerator is copied; boxes are few, and so all back ends agree to the bit.

    Args:
        mask: [row, col] bool, True = hidden; pixels, or patches with boxes in patches.
        boxes: [N, 4] xyxy in cells of the mask; fractional ones cover shares of cells, which count exactly. What of a
            box lies outside the mask does not count.

    Returns:
        [N] float64 on the back end and device of `boxes`; exactly 1 where no hidden cell is touched, exactly 0 where
        nothing is visible, 1 for boxes without area.

    Raises:
        MaskingError: arrays of other shapes, a mask that is not bool, boxes that are not finite or have x1 < x0.

    >>> mask = np.zeros((4, 4), dtype=bool)
    >>> mask[:, :2] = True
    >>> visible_share(mask, np.array([[0.0, 0.0, 4.0, 4.0], [1.5, 0.0, 3.5, 1.0], [2.0, 0.0, 3.0, 4.0]]))
    array([0.5 , 0.75, 1.  ])
    """
    return like(seen_of(hidden_before(mask), checked_boxes(boxes)).share, boxes)


@dataclass(frozen=True)
class Seen:
    """What is seen of boxes: the share, whether a hidden cell touches them, and the cells they touch.

    Attributes:
        share: [N].
        touched: [N] bool.
        first: [N, 2] first column and row that a box touches.
        last: [N, 2] the column and the row after the last.
    """

    share: np.ndarray
    touched: np.ndarray
    first: np.ndarray
    last: np.ndarray


def hidden_before(mask: Array) -> np.ndarray:
    """[row + 1, col + 1] int32, the integral image: how many cells above and left of each corner are hidden."""
    cells = numpy_view(mask) if is_torch(mask) or isinstance(mask, np.ndarray) else np.array(None)
    if cells.ndim != 2 or cells.dtype != bool:
        raise MaskingError(f"mask: expected a bool array [row, col], given {cells.dtype} of shape {cells.shape}.")
    out = np.zeros((cells.shape[0] + 1, cells.shape[1] + 1), dtype=np.int32)
    np.cumsum(running_count(cells), axis=0, dtype=np.int32, out=out[1:, 1:])
    return out


def checked_boxes(boxes: Array) -> np.ndarray:
    """The boxes as float64 on the host."""
    corners = numpy_view(boxes).astype(np.float64)
    if corners.ndim != 2 or corners.shape[1] != 4:
        raise MaskingError(f"boxes: expected [N, 4], given the shape {corners.shape}.")
    wrong = ~np.isfinite(corners).all(axis=1) | (corners[:, 2:] < corners[:, :2]).any(axis=1)
    if wrong.any():
        at = int(wrong.argmax())
        raise MaskingError(f"boxes: box {at} is {corners[at].tolist()}; expected finite x0 <= x1 and y0 <= y1.")
    return corners


def seen_of(before: np.ndarray, corners: np.ndarray) -> Seen:
    """What is seen of boxes [N, 4]; `before` is the integral image."""
    rows, cols = before.shape
    at = np.minimum(np.maximum(corners, 0), (cols - 1, rows - 1, cols - 1, rows - 1))
    below = at.astype(np.int64)
    part = at - below
    above = below + (part > 0)
    # Hidden cells at the corners of cells around x0 and x1 and around y0 and y1: [N, 4, 4].
    x, y = (np.concatenate([below[:, axis::2], above[:, axis::2]], axis=1) for axis in (0, 1))
    sums = before[y[:, :, None], x[:, None, :]]
    whole = sums[:, 3, 3] - sums[:, 0, 3] - sums[:, 3, 0] + sums[:, 0, 0]
    # Within a cell the sums are linear along each axis, so that fractions of cells count exactly.
    weights = np.concatenate([1 - part, part], axis=1)
    weights[:, [0, 1, 4, 5]] *= -1
    hidden = np.einsum("ny,nyx,nx->n", weights[:, 1::2], sums, weights[:, 0::2])
    first, last = below[:, :2], above[:, 2:]
    area = (at[:, 2:] - at[:, :2]).prod(axis=1)
    touched = (whole > 0) & (area > 0)
    share = np.minimum(np.maximum(1 - hidden / np.where(area > 0, area, 1), 0), 1)
    # Sums of whole cells are exact, so that nothing and everything come out as 1 and 0.
    share[whole == (last - first).prod(axis=1)] = 0
    share[~touched] = 1
    return Seen(share, touched, first, last)
