"""Images: patches, pixels, or the frames of a still clip."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from maskwright.grid import Grid
from maskwright.preview.sample import Sample, repeated, unreadable, whole

SIDE = 224
"""Pixels of the shorter side that an image is scaled to, about."""


def read(path: Path, wanted: Mapping[str, int], examples: int) -> Sample:
    """An image as cells of pixels.

    Args:
        path: of anything Pillow reads; turned as its EXIF data says; transparency becomes white.
        wanted: `row` and `col` give the number of cells (14 x 14 if they are not there), `frame` shows it as a clip
            that does not move.
        examples: how many draws.

    Raises:
        DataError: a file that is no image.
    """
    from PIL import Image, ImageOps

    rows, columns = wanted.get("row", 14), wanted.get("col", 14)
    cell = whole(SIDE / rows), whole(SIDE / columns)
    try:
        with Image.open(path) as opened:
            picture = ImageOps.exif_transpose(opened).convert("RGBA")
    except (OSError, ValueError, SyntaxError) as error:
        raise unreadable(path, f"cannot be read as an image: {error}", "Give a PNG or JPEG, say.") from None
    flat = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")
    pixels = np.asarray(ImageOps.fit(flat, (columns * cell[1], rows * cell[0])), dtype=np.float32) / 255
    cells = to_cells(pixels, cell)
    wide, high = picture.size
    small = f"the image has {high} x {wide} pixels, fewer than {rows} x {columns} cells; it is scaled up"
    notes = (small,) if high < rows or wide < columns else ()
    frames = wanted.get("frame", 0)
    grid = {"frame": frames} if frames else {}
    if frames:
        cells = np.repeat(cells[None], frames, axis=0)
    x, ids = repeated(cells, examples)
    return Sample("image", x, Grid(**grid, row=rows, col=columns), x[:1, ..., ::-1], (), cell, ids, notes)


def to_cells(pixels: np.ndarray, cell: tuple[int, int]) -> np.ndarray:
    """[rows, columns, values of a cell] from [height, width, 3]."""
    high, wide = cell
    rows, columns = pixels.shape[0] // high, pixels.shape[1] // wide
    parts = pixels.reshape(rows, high, columns, wide, 3).transpose(0, 2, 1, 3, 4)
    return parts.reshape(rows, columns, high * wide * 3)


def to_pixels(cells: np.ndarray, cell: tuple[int, int]) -> np.ndarray:
    """[height, width, 3] from cells; the other way round."""
    high, wide = cell
    rows, columns = cells.shape[:2]
    parts = cells.reshape(rows, columns, high, wide, 3).transpose(0, 2, 1, 3, 4)
    return parts.reshape(rows * high, columns * wide, 3)
