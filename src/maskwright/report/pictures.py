"""Pictures on the page: PNG files inside the document itself."""

from __future__ import annotations

import struct
from base64 import b64decode

from maskwright.errors import RunError

PICTURE = "data:image/png;base64,"

SMALL = 96
"""Pictures of fewer pixels a side are shown pixel by pixel, not smoothed."""

WIDE = 2.5
"""Pictures so many times as wide as high (frames of a clip, say) get a line of their own."""


def source(src: str) -> str:
    """The source of a picture, which must be inside the document itself.

    Raises:
        RunError: it is anything but a PNG in base64.
    """
    if not src.startswith(PICTURE):
        raise RunError(f"report: a picture must be a PNG inside the document ({PICTURE}...), given {src[:40]!r}.")
    return src


def look(src: str) -> str:
    """CSS classes of a picture by its size, which stands at the start of a PNG."""
    head = source(src)[len(PICTURE) :][:32]
    if len(head) < 32:
        raise RunError("report: a picture is cut short.")
    width, height = struct.unpack(">II", b64decode(head)[16:24])
    return " ".join(["small"] * (max(width, height) <= SMALL) + ["wide"] * (width > WIDE * height))
