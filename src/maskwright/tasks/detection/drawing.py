"""Boxes drawn on pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["GUESS", "IGNORED", "TRUE", "WRONG", "with_boxes"]

TRUE, GUESS, WRONG, IGNORED = (255, 214, 10), (64, 224, 255), (255, 110, 160), (190, 190, 190)
"""Colours of the objects that are there, of right and of wrong answers, and of what is ignored."""

SMALLEST = 256
"""Pixels on the longer side that a picture with boxes is enlarged to at least."""

LINE = 2


def with_boxes(picture: np.ndarray, boxes: np.ndarray, texts: Sequence[str], colours: Sequence[Any]) -> np.ndarray:
    """A picture with boxes, enlarged by a whole number where it is small.

    Lines are coloured between black ones, and texts black on the colour, so that they show on any ground.

    Args:
        picture: [row, col, 3] uint8.
        boxes: [n, 4] corners x0, y0, x1, y1 as shares of the picture.
        texts: one per box.
        colours: of each box, red, green and blue.
    """
    from PIL import Image, ImageDraw, ImageFont

    factor = max(1, -(-SMALLEST // max(picture.shape[:2])))
    canvas = Image.fromarray(picture.repeat(factor, axis=0).repeat(factor, axis=1))
    draw, font = ImageDraw.Draw(canvas), ImageFont.load_default(14)
    size = np.tile([canvas.width - 1, canvas.height - 1], 2)
    ends = np.clip(np.rint(boxes * size), 0, size).astype(int)
    for (x0, y0, x1, y1), colour in zip(ends.tolist(), colours, strict=True):
        for grown, width, ink in ((1, LINE + 2, (0, 0, 0)), (0, LINE, colour)):
            draw.rectangle((x0 - grown, y0 - grown, x1 + grown, y1 + grown), outline=ink, width=width)
    for (x0, y0, _, _), text, colour in zip(ends.tolist(), texts, colours, strict=True):
        if not text:
            continue
        left, top, right, bottom = draw.textbbox((0, 0), text, font=font)
        wide, high = right - left + 6, bottom - top + 6
        x, y = max(0, min(x0, canvas.width - wide)), max(0, min(y0 - high, canvas.height - high))
        draw.rectangle((x, y, x + wide, y + high), fill=colour, outline=(0, 0, 0))
        draw.text((x + 3 - left, y + 3 - top), text, fill=(0, 0, 0), font=font)
    return np.asarray(canvas)
