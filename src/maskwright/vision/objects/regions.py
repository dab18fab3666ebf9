"""Boxes as regions of a grid, for patterns that hide inside objects or around them."""

from __future__ import annotations

import math

import numpy as np

from maskwright.backend.arrays import (
    Array,
    arange,
    cumulative_max,
    gather,
    like,
    namespace,
    scatter,
    segment_sum,
    stable_order,
    to_dtype,
)
from maskwright.errors import MaskingError
from maskwright.grid import Grid
from maskwright.rng import Rng
from maskwright.vision.objects.visible import checked_boxes

_PURPOSES = ("order in region", "start of region")


def object_regions(boxes: Array, grid: Grid, size: tuple[float, float]) -> Array:
    """Which cells of a grid belong to which object, for patterns that hide inside objects or around them.

    A cell belongs to a box that covers any of it, so that cells of no object hide nothing of any; where boxes overlap,
    to the smallest. Stacked over a batch it is the signal `regions` of `within`, and as scores (`region_scores`) that
    of `by-score`. In YAML:

        pattern: {within: {pattern: block, region: objects}}        # inside boxes only
        pattern: {within: {pattern: iid, region: context}}          # around them only
        pattern: {within: {pattern: by-score, region: objects}}     # the same share of each box
        pattern: {union: [{budgeted: [{within: {pattern: iid, region: objects}}, 0.5]},
                          {budgeted: [{within: {pattern: iid, region: context}}, 0.1]}]}

    Args:
        boxes: [N, 4] xyxy in pixels.
        grid: with the axes row and col, in this order.
        size: height and width of the image in pixels.

    Returns:
        [row, col] int64 on the back end of `boxes`: 0 outside of all boxes, i + 1 in box i.

    Raises:
        MaskingError: another grid, an image without pixels, boxes that `visible_share` refuses.

    >>> object_regions(np.array([[0, 0, 40, 40], [10, 10, 30, 20]]), Grid(row=4, col=5), (80, 100))
    array([[2, 2, 0, 0, 0], [1, 1, 0, 0, 0], [0, 0, 0, 0, 0], [0, 0, 0, 0, 0]])
    """
    if grid.axes != ("row", "col") or not min(size) > 0:
        raise MaskingError(f"object_regions: expected a grid of row and col and a size above 0, given {grid}, {size}.")
    corners = checked_boxes(boxes)
    covered = []
    for axis, cells in ((1, grid.shape[0]), (0, grid.shape[1])):
        start, stop = (corners[:, [axis, axis + 2]] * cells / size[1 - axis]).T[:, :, None]
        line = np.arange(cells)
        covered.append((line + 1 > start) & (line < stop) & (start < stop))
    inside = covered[0][:, :, None] & covered[1][:, None, :]
    out = np.zeros(grid.shape, dtype=np.int64)
    area = (corners[:, 2:] - corners[:, :2]).prod(axis=1)
    for box in np.argsort(area, kind="stable")[::-1]:
        out[inside[box]] = box + 1
    return like(out, boxes)


def region_scores(regions: Array, rng: Rng) -> Array:
    """Scores by which `by-score` hides the same share of every region, to about a cell or two, its cells at random.

    Each region's cells are put in a random order and their scores spread evenly, from a random start: whatever count
    is asked for, the highest ones are spread over the regions by their sizes.

    Args:
        regions: [B, *grid] integers of 0 or more, as of `object_regions`.
        rng: of the examples.

    Returns:
        [B, *grid] int64 from 0 to 2**24 - 1.

    >>> regions = np.array([[[0, 0, 1, 1, 1, 1], [2, 2, 2, 2, 2, 2]]])
    >>> top = region_scores(regions, Rng.from_ids([0])) >= 2**23
    >>> [int(top[regions == region].sum()) for region in range(3)]
    [1, 2, 3]
    """
    shape = tuple(regions.shape)
    flat = to_dtype(regions.reshape((shape[0], math.prod(shape[1:]))), "int64")
    if not math.prod(shape):
        return to_dtype(regions, "int64")
    drawn, starts = (to_dtype(rng.child(name).bits(*shape[1:]), "int64").reshape(flat.shape) for name in _PURPOSES)
    order = stable_order((flat << 31) + drawn)
    region = gather(flat, order)
    place = arange(flat.shape[1], flat)[None, :]
    new = region[:, 1:] != region[:, :-1]
    first = cumulative_max(
        namespace(flat).concat([flat[:, :1] * 0, namespace(flat).where(new, place[:, 1:], 0)], axis=1)
    )
    number = segment_sum(flat * 0 + 1, flat, int(flat.max()) + 1)
    start = gather(gather(starts >> 7, order), first)
    spread = (((place - first) << 24) + start) // gather(number, region)
    return scatter(order, (1 << 24) - 1 - spread).reshape(shape)
