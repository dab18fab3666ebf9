"""Pictures for people: from what a model is given back to pixels and files, with what was hidden marked."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["as_bytes", "data_uri", "marked", "sheet", "strip"]

HATCH = np.array([[120, 120, 130], [160, 160, 170]], dtype=np.uint8)
"""Two greys in stripes: hidden patches, which no photograph looks like."""


def as_bytes(pixel_values: Any, reader: Any) -> np.ndarray:
    """`pixel_values` [C, row, col] or [frame, C, row, col] as uint8 [..., row, col, 3], scaling and centring undone.

    Args:
        pixel_values: NumPy or torch; channels beyond the third are left out, a single one is shown grey.
        reader: the image processor that made them.
    """
    x = np.moveaxis(np.asarray(pixel_values, dtype=np.float32), -3, -1)[..., :3]
    if getattr(reader, "do_normalize", False):
        x = x * np.asarray(reader.image_std, np.float32) + np.asarray(reader.image_mean, np.float32)
    if getattr(reader, "do_rescale", False):
        x = (x + bool(getattr(reader, "offset", False))) / reader.rescale_factor  # ViViT's begins at -1
    x = np.repeat(x, 3, axis=-1) if x.shape[-1] == 1 else x
    return np.clip(np.rint(np.nan_to_num(x)), 0, 255).astype(np.uint8)


def marked(picture: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """A copy with what is hidden hatched.

    Args:
        picture: uint8 [..., row, col, 3].
        mask: bool [..., row, col] over pixels.

    >>> marked(np.zeros((2, 2, 3), np.uint8), np.array([[True, False], [False, False]]))[:, 0, 0].tolist()
    [120, 0]
    """
    rows, cols = np.indices(mask.shape[-2:])
    stripes = HATCH[((rows + cols) // 2) % 2]
    return np.where(mask[..., None], stripes, picture)


def strip(clip: np.ndarray, frames: int = 8) -> np.ndarray:
    """Frames of a clip [frame, row, col, 3] side by side, at most so many, evenly spread, with a white line between."""
    chosen = clip[np.unique(np.linspace(0, len(clip) - 1, min(frames, len(clip))).round().astype(int))]
    line = np.full((clip.shape[1], 1, 3), 255, dtype=np.uint8)
    parts = [part for frame in chosen for part in (frame, line)]
    return np.concatenate(parts[:-1], axis=1)


def sheet(rows: Sequence[Sequence[np.ndarray]], smallest: int = 128, gap: int = 6) -> np.ndarray:
    """Pictures in rows on one white sheet; small ones are enlarged by whole numbers, so that their pixels stay square.

    Args:
        rows: of pictures uint8 [row, col, 3].
        smallest: rows of pixels that a picture is enlarged to at least.
        gap: pixels between pictures.
    """
    factor = max(1, -(-smallest // max(1, rows[0][0].shape[0])))
    large = [[picture.repeat(factor, axis=0).repeat(factor, axis=1) for picture in row] for row in rows]
    height = sum(max(picture.shape[0] for picture in row) + gap for row in large) + gap
    width = max(sum(picture.shape[1] + gap for picture in row) for row in large) + gap
    made = np.full((height, width, 3), 255, dtype=np.uint8)
    top = gap
    for row in large:
        left = gap
        for picture in row:
            made[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
            left += picture.shape[1] + gap
        top += max(picture.shape[0] for picture in row) + gap
    return made


def data_uri(picture: np.ndarray) -> str:
    """A picture uint8 [row, col, 3] inside a page.

    >>> data_uri(np.zeros((1, 1, 3), np.uint8))[:22]
    'data:image/png;base64,'
    """
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
