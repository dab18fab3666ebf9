"""The objects of one image in the layouts that detection data come in, to be selected, flagged and moved alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from maskwright.backend.arrays import Array, is_torch, like, numpy_view
from maskwright.errors import MaskingError

OF_THE_IMAGE = ("image", "image_id", "size", "orig_size", "width", "height", "file_name")
"""Keys of a mapping of columns that tell of the image and not of its objects."""


@dataclass(frozen=True)
class ObjectTable:
    """The objects of an image and how their boxes are written; nothing is ever changed in place.

    Attributes:
        target: what was given.
        key: of `target`, where the objects are; None if they are its own columns.
        box: name of the column of boxes.
        units: width and height of the image in units of the boxes; None where these are cells of the mask.
    """

    target: Mapping[str, Any]
    key: str | None
    box: str
    units: tuple[float, float] | None

    @classmethod
    def of(cls, target: Mapping[str, Any]) -> ObjectTable:
        """Recognise the layout of a target.

        Raises:
            MaskingError: none of the layouts that are known, or columns of different lengths.
        """
        if not isinstance(target, Mapping):
            raise MaskingError(f"target: expected a mapping, given {type(target).__name__}.")
        size = (float(target["width"]), float(target["height"])) if {"width", "height"} <= set(target) else None
        if "boxes" in target and "class_labels" in target:
            table = cls(target, None, "boxes", (1.0, 1.0))
        else:
            key = next((key for key in ("annotations", "objects") if key in target), None)
            table = cls(target, key, "bbox", size)
            if not isinstance(table._inner, list | tuple) and "bbox" not in table._inner:
                raise MaskingError(
                    "target: expected class_labels and boxes, annotations, objects, or columns with bbox, given the "
                    f"keys {', '.join(map(str, target))}."
                )
        table._check()
        return table

    @property
    def _inner(self) -> Any:
        return self.target if self.key is None else self.target[self.key]

    @property
    def _n(self) -> int:
        inner = self._inner
        return len(inner[self.box]) if isinstance(inner, Mapping) else len(inner)

    def _columns(self) -> Iterator[tuple[str, Any]]:
        """Names and values of what there is one of for each object, where objects are columns."""
        for name, values in self._inner.items():
            if name not in OF_THE_IMAGE and hasattr(values, "__len__") and not isinstance(values, str | bytes):
                yield name, values

    def _check(self) -> None:
        if not isinstance(self._inner, Mapping):
            for number, row in enumerate(self._inner):
                if not isinstance(row, Mapping) or len(row.get("bbox", ())) != 4:
                    raise MaskingError(f"{self.key}: object {number}: expected a mapping with a bbox of four numbers.")
            return
        for name, values in self._columns():
            if len(values) != self._n and _rows_each(name, values, self._n) is None:
                raise MaskingError(
                    f"{name}: expected one for each of {self._n} objects, given {len(values)}. What tells of the image "
                    f"({', '.join(OF_THE_IMAGE)}) is left alone; keep other things out of the target."
                )

    def corners(self, cells: tuple[int, int]) -> np.ndarray:
        """[N, 4] float64 xyxy of the boxes in cells of a mask of so many columns and rows."""
        low, high = self._ends(self._boxes())
        scale = np.array(cells) / (self.units or cells)
        return np.concatenate([low * scale, high * scale], axis=1)

    def _boxes(self) -> np.ndarray:
        """[N, 4] float64, as they are written."""
        inner = self._inner
        boxes = inner[self.box] if isinstance(inner, Mapping) else [row[self.box] for row in inner]
        if isinstance(boxes, list | tuple):
            boxes = [numpy_view(box) for box in boxes]
        return np.asarray(numpy_view(boxes), dtype=np.float64).reshape(self._n, 4)

    def _ends(self, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """[N, 2] each, where boxes begin and end along x and y."""
        place, side = boxes[:, :2], boxes[:, 2:]
        return (place, place + side) if self.box == "bbox" else (place - side / 2, place + side / 2)

    def selected(self, keep: np.ndarray) -> dict[str, Any]:
        """The target with the objects for which `keep` [N] is True."""
        inner = self._inner
        if not isinstance(inner, Mapping):
            return self._with([dict(row) for row, stays in zip(inner, keep, strict=True) if stays])
        return self._with({**inner, **{name: _picked(name, values, keep) for name, values in self._columns()}})

    def flagged(self, flags: np.ndarray) -> dict[str, Any]:
        """The target with `ignore` set where `flags` [N] is True or where it was set before."""
        inner = self._inner
        if not isinstance(inner, Mapping):
            rows = zip(inner, flags, strict=True)
            return self._with([{**row, "ignore": int(bool(flag or row.get("ignore", 0)))} for row, flag in rows])
        boxes, old = inner[self.box], inner.get("ignore")
        flags = flags if old is None else flags | (numpy_view(old) != 0)
        listed = isinstance(boxes, list | tuple)
        return self._with({**inner, "ignore": [int(flag) for flag in flags] if listed else like(flags, boxes)})

    def moved(self, moves: np.ndarray, to: np.ndarray, cells: tuple[int, int]) -> ObjectTable:
        """The same objects with some edges of their boxes elsewhere, and with areas that change by the same share.

        Args:
            moves: [N, 4] bool, which of x0, y0, x1, y1 move.
            to: [N, 4] where to, in cells.
            cells: columns and rows of the mask.
        """
        rows = np.flatnonzero(moves.any(axis=1))
        if not len(rows):
            return self
        boxes, moves = self._boxes()[rows], moves[rows]
        target = to[rows] * np.tile(self.units or cells, 2) / np.tile(cells, 2)
        low, high = self._ends(boxes)
        new_low, new_high = np.where(moves[:, :2], target[:, :2], low), np.where(moves[:, 2:], target[:, 2:], high)
        place = new_low if self.box == "bbox" else (new_low + new_high) / 2
        changed = np.tile(moves[:, :2] | moves[:, 2:], 2)  # an axis of which no edge moves stays to the bit
        new = np.where(changed, np.concatenate([place, new_high - new_low], axis=1), boxes)
        share = (new_high - new_low).prod(axis=1) / (high - low).prod(axis=1)
        inner = self._inner
        if isinstance(inner, Mapping):
            out = {**inner, self.box: _replaced(self.box, inner[self.box], rows, new)}
            if "area" in inner:
                out["area"] = _replaced("area", inner["area"], rows, _scaled(inner["area"], rows, share))
        else:
            out = list(inner)
            for i, box, part in zip(rows, new, share, strict=True):
                row = out[i]
                out[i] = {**row, self.box: _like_old(row[self.box], box)}
                if "area" in row:
                    out[i]["area"] = _number(row["area"], _scaled([row["area"]], [0], part)[0])
        return ObjectTable(self._with(out), self.key, self.box, self.units)

    def _with(self, inner: Any) -> dict[str, Any]:
        return dict(inner) if self.key is None else {**self.target, self.key: inner}


def _rows_each(name: str, values: Any, n: int) -> int | None:
    """Rows per object of key points that are written one below the other; None where they do not come out even."""
    even = name == "keypoints" and n and not isinstance(values, list | tuple) and len(values) % n == 0
    return len(values) // n if even else None


def _picked(name: str, values: Any, keep: np.ndarray) -> Any:
    if isinstance(values, list | tuple):
        return type(values)(value for value, stays in zip(values, keep, strict=True) if stays)
    each = _rows_each(name, values, len(keep))
    return values[like(np.repeat(keep, each) if each else keep, values)]


def _replaced(name: str, values: Any, rows: np.ndarray, new: np.ndarray) -> Any:
    """A column with some entries replaced, in the type it had."""
    if isinstance(values, list | tuple):
        out = list(values)
        for i, value in zip(rows, new, strict=True):
            out[i] = _like_old(values[i], value) if np.ndim(value) else _number(values[i], value)
        return type(values)(out)
    column = numpy_view(values)
    if column.dtype.kind in "iu" and (new != np.round(new)).any():
        raise MaskingError(
            f"{name}: integers of type {column.dtype} cannot hold where the edges have to move; give them as floats."
        )
    out = column.copy()
    out[rows] = new
    return like(out, values).to(values.dtype) if is_torch(values) else out


def _like_old(old: Any, new: np.ndarray) -> Any:
    """A box in the type it had: a list or a tuple of numbers, or an array."""
    if isinstance(old, list | tuple):
        return type(old)(_number(a, b) for a, b in zip(old, new, strict=True))
    return _replaced("bbox", old[None], np.array([0]), new[None])[0]


def _number(old: Any, new: float) -> Any:
    """A number that stays whole where it was and can."""
    return int(new) if isinstance(old, int | np.integer) and float(new).is_integer() else float(new)


def _scaled(areas: Array, rows: Any, share: Any) -> np.ndarray:
    """Areas of some rows times a share; whole numbers are rounded to the nearest."""
    area = numpy_view(areas)
    new = area[rows] * share
    return np.round(new) if area.dtype.kind in "iu" else new
