"""Which reader makes cells of a file, by the file's ending."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from maskwright.preview import image, sound, table_rows
from maskwright.preview.sample import Sample, unreadable

IMAGES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff")
SOUNDS = (".wav", ".flac", ".ogg", ".mp3")
TABLES = (".csv", ".tsv")


def read_sample(path: Path, wanted: Mapping[str, int], examples: int) -> Sample:
    """Cells of a file.

    Args:
        path: an image, a sound or a table; its ending says which.
        wanted: axes and sizes that the masking is meant for, see `Preset.grid`.
        examples: how many draws (or rows of a table).

    Raises:
        DataError: no such file, an ending that is not known, a file that cannot be read.
    """
    suffix = path.suffix.lower()
    readers: list[tuple[tuple[str, ...], Any]] = [(IMAGES, image.read), (SOUNDS, sound.read), (TABLES, table_rows.read)]
    reader = next((read for endings, read in readers if suffix in endings), None)
    if reader is None:
        endings = ", ".join([*IMAGES, *SOUNDS, *TABLES])
        raise unreadable(path, f"the ending '{suffix}' is not known", f"Expected one of {endings}, or --text.")
    if not path.is_file():
        raise unreadable(path, "there is no such file", "Give the path of an image, a sound or a table.")
    return reader(path, wanted, examples)
