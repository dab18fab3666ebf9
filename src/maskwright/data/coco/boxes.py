"""Boxes of objects: the ways they are written in, and everything that can be wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from maskwright.data.findings import Findings, shorten
from maskwright.data.splits import Split
from maskwright.errors import Problem

CONVENTIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "xywh": lambda b: np.concatenate([b[..., :2], b[..., :2] + b[..., 2:]], axis=-1),
    "xyxy": lambda b: b,
    "cxcywh": lambda b: np.concatenate([b[..., :2] - b[..., 2:] / 2, b[..., :2] + b[..., 2:] / 2], axis=-1),
}
"""How a box [..., 4] is written -> its corners x0, y0, x1, y1, all in pixels."""

SLACK = 1.0
"""Pixels by which a box may leave its picture, as rounding makes it; it is cut off, and counted."""

MANY = 0.05
"""Share of boxes with faults from which on another way of writing is thought of."""

OUTSIDE, EMPTY = "boxes that leave their pictures", "boxes without area"

Size = tuple[int, int]
"""Rows and columns of a picture."""


@dataclass(frozen=True)
class Written:
    """A box as it is written.

    Attributes:
        row: position of its picture in the split.
        annotation: its id.
        box: anything.
        size: of its picture, where it can be read or the file says it.
    """

    row: int
    annotation: Any
    box: Any
    size: Size | None


def check_objects(split: Split, sizes: Mapping[str, Size], boxes: str, findings: Findings) -> None:
    """Find what is wrong with the boxes of a split, and pictures of another size than their file says.

    Args:
        split: with the roles `image` and `objects`.
        sizes: of the pictures that can be read, by name.
        boxes: how boxes are written, a key of `CONVENTIONS`.
        findings: where problems go.
    """
    source, boxes_there = split.table.source, []
    rows = zip(split.values("image"), split.values("objects"), strict=True)
    for index, (name, about) in enumerate(rows):
        size, written = sizes.get(name), (about.get("height"), about.get("width"))
        if size is not None and None not in written and written != size:
            what = f"the picture has {_by(size)} pixels (rows × columns), but height and width say {_by(written)}"
            problem = Problem(
                split.place(index), what, "Correct them, or give the picture that the boxes were drawn on."
            )
            findings.add("pictures of another size", source, problem, split.row(index))
        boxes_there += [Written(index, one["id"], one["bbox"], size or _size(written)) for one in about["annotations"]]
    if not boxes_there:
        problem = Problem(source, "there is not a single object in it", "Name a file with annotations.")
        findings.add("nothing to find", source, problem)
        return
    faults = [_fault(one.box, one.size, boxes) for one in boxes_there]
    if _is_of_another_convention(source, boxes_there, faults, boxes, findings):
        return
    for one, fault in zip(boxes_there, faults, strict=True):
        if fault is not None:
            where, name = f"{split.place(one.row)}, annotation {one.annotation}", f"annotation {one.annotation}"
            findings.add(fault, source, Problem(where, *_explained(fault, one.box, one.size, boxes)), name)


def corners(box: Any, size: Size, boxes: str) -> tuple[np.ndarray, bool]:
    """[4] x0, y0, x1, y1 of a checked box, and whether it was cut off at the edge of its picture."""
    ends = CONVENTIONS[boxes](np.asarray(box, dtype=np.float64))
    inside = np.clip(ends, 0, [size[1], size[0], size[1], size[0]])
    return inside, not np.array_equal(inside, ends)


def _fault(box: Any, size: Size | None, boxes: str) -> str | None:
    """The kind of what is wrong with a box; None if nothing is."""
    if not isinstance(box, list | tuple) or len(box) != 4 or not all(_is_number(side) for side in box):
        return "boxes that are not four numbers"
    if not np.isfinite(box).all():
        return "boxes that are not finite"
    x0, y0, x1, y1 = CONVENTIONS[boxes](np.array(box, dtype=np.float64))
    if not (x1 > x0 and y1 > y0):
        return EMPTY
    if size is None:
        return None
    rows, cols = size
    slack = SLACK + 1e-6 * max(size)
    outside = x0 < -slack or y0 < -slack or x1 > cols + slack or y1 > rows + slack
    return OUTSIDE if outside or x0 >= cols or y0 >= rows or x1 <= 0 or y1 <= 0 else None


def _is_of_another_convention(
    source: str, written: Sequence[Written], faults: Sequence[str | None], boxes: str, findings: Findings
) -> bool:
    """Say that boxes seem to be written in another way, if they do; the boxes one by one are then left out."""
    wrong = sum(fault in (OUTSIDE, EMPTY) for fault in faults)
    numbers = [one.box for one in written if _fault(one.box, None, "xyxy") in (None, EMPTY)]
    if len(numbers) > 1 and max(max(box) for box in numbers) <= 1:
        what = f"no box has a number above 1 in its {len(numbers):,}: they seem to be shares of the picture, not pixels"
        findings.add("shares", source, Problem(source, what, "Multiply them by width and height."))
        return True
    if wrong < max(1, MANY * len(written)):
        return False
    for other in CONVENTIONS:
        if other != boxes and not any(_fault(one.box, one.size, other) for one in written):
            what = f"{wrong:,} of {len(written):,} boxes leave their pictures or have no area as {boxes}"
            problem = Problem(
                source, f"{what}, and all fit as {other}", f"Set data.boxes: {other}, or correct the boxes."
            )
            findings.add("convention", source, problem)
            return True
    return False


def _explained(fault: str, box: Any, size: Size | None, boxes: str) -> tuple[str, str]:
    """What is wrong and what to do, (what, remedy)."""
    shown = f"the box {shorten(box)} ({boxes})"
    if fault == OUTSIDE and size is not None:
        x0, y0, x1, y1 = (f"{side:g}" for side in CONVENTIONS[boxes](np.array(box, dtype=np.float64)))
        what = f"{shown} goes from ({x0}, {y0}) to ({x1}, {y1}) and leaves its picture of {size[1]} × {size[0]} pixels"
        return what, "Correct it; expected x from 0 to the width and y from 0 to the height."
    if fault == EMPTY:
        return f"{shown} has no area", "Correct it or remove the annotation; width and height have to be above 0."
    if "finite" in fault:
        return f"{shown} holds NaN or an infinite number", "Correct it or remove the annotation."
    return f"expected a box of four numbers, found {shorten(box)}", "Correct it or remove the annotation."


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _size(written: tuple[Any, Any]) -> Size | None:
    return written if all(_is_number(side) for side in written) else None


def _by(size: tuple[Any, Any]) -> str:
    return f"{size[0]} × {size[1]}"
