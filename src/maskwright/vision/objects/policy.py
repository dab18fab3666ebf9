"""What becomes of the boxes of an image of which parts are hidden."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from maskwright.backend.arrays import Array
from maskwright.strategy import check, choice, number
from maskwright.vision.objects.annotations import ObjectTable
from maskwright.vision.objects.visible import Seen, checked_boxes, hidden_before, seen_of


@dataclass(frozen=True)
class BoxPolicy:
    """What becomes of the objects of an image of which parts are hidden.

    - `keep`: all stay as they are; the model is to infer what it cannot see.
    - `drop`: those whose visible share is below `min_visible` are removed; nobody could find them.
    - `ignore`: all stay, and those below `min_visible` are flagged in the key `ignore`, so that the loss and the
      evaluation neither ask for them nor punish predictions of them, as COCO does with crowds.
    - `shrink`: as `drop`, and boxes that a hidden cell touches shrink to the tight box around what is visible of them;
      `area` shrinks by the same share. Removed, too, is what cannot be seen at all. Outlines and keypoints stay.

    When it helps: `keep` and `drop` where objects are to be found whole; `shrink` where only what can be seen is boxed;
    `ignore` where nobody knows which is right. When not: `shrink` with scattered patches, which moves edges by little.

    Everything that belongs to an object goes with it (labels, areas, ids, crowd flags, keypoints, keys of your own);
    boxes of objects that nothing touches stay equal to the bit, numbers that were whole stay so, and the target that is
    given is not changed.

    Args:
        boxes: `keep`, `drop`, `ignore` or `shrink`.
        min_visible: share of the box's area, 0 to 1; at 0 no object is dropped or ignored.

    >>> mask = np.zeros((100, 100), dtype=bool)
    >>> mask[:, :60] = True
    >>> one = {"bbox": [20, 20, 80, 80], "area": 6400, "category_id": 0}
    >>> two = {"bbox": [0, 0, 70, 10], "area": 700, "category_id": 3}
    >>> BoxPolicy("shrink", min_visible=0.3)({"image_id": 7, "annotations": [one, two]}, mask)
    {'image_id': 7, 'annotations': [{'bbox': [60, 20, 40, 80], 'area': 3200, 'category_id': 0}]}
    """

    boxes: str = choice("keep", "keep", "drop", "ignore", "shrink")
    min_visible: float = number(0.25, 0.0, 1.0, "share of the box")

    def __post_init__(self):
        check(self)

    def __call__(self, target: Mapping[str, Any], mask: Array) -> dict[str, Any]:
        """Return the target of one image as it is after hiding, in the layout in which it is given.

        Args:
            target: as Transformers' detection models take it (`class_labels`, `boxes` cxcywh as shares of the image, …;
                arrays or tensors), or with COCO's boxes, xywh in pixels: COCO's own (`annotations`, a list of
                mappings), the `objects` of a data set (a list of mappings, or a mapping of lists or arrays), or such a
                mapping alone, with `bbox`.
            mask: [row, col] bool, True = hidden, of the area that the boxes refer to, without padding: in pixels; or in
                cells of any size where boxes are shares or the target tells `width` and `height`.

        Raises:
            MaskingError: a target in none of these layouts or with columns that do not fit together; integer boxes in
                an array that shrink to fractions; what `visible_share` refuses.
        """
        table = ObjectTable.of(target)
        before = hidden_before(mask)
        if self.boxes == "keep":
            return dict(target)
        cells = (before.shape[1] - 1, before.shape[0] - 1)
        seen = seen_of(before, checked_boxes(table.corners(cells)))
        hardly = seen.share < self.min_visible
        if self.boxes == "ignore":
            return table.flagged(hardly)
        if self.boxes == "drop":
            return table.selected(~hardly)
        return table.moved(*_tight(before, seen), cells).selected(~hardly & (seen.share > 0))


def _tight(before: np.ndarray, seen: Seen) -> tuple[np.ndarray, np.ndarray]:
    """Where the edges of the boxes have to move so that they touch what is visible.

    Returns:
        [N, 4] bool, whether an edge moves, and [N, 4] int64, to which corner of cells; x0, y0, x1, y1.
    """
    moves, to = np.zeros((len(seen.share), 4), dtype=bool), np.zeros((len(seen.share), 4), dtype=np.int64)
    boxes = np.flatnonzero(seen.touched & (seen.share > 0))
    for axis, sums in enumerate((before.T, before)):
        first, last = seen.first[boxes, axis], seen.last[boxes, axis]
        start, stop = seen.first[boxes, 1 - axis], seen.last[boxes, 1 - axis]
        hidden = np.diff(sums[:, stop] - sums[:, start], axis=0)  # in each line across a box
        line = np.arange(len(hidden))[:, None]
        visible = (hidden < stop - start) & (line >= first) & (line < last)
        begin, end = visible.argmax(axis=0), len(visible) - visible[::-1].argmax(axis=0)
        moves[boxes, axis], moves[boxes, axis + 2] = begin > first, end < last
        to[boxes, axis], to[boxes, axis + 2] = begin, end
    return moves, to
