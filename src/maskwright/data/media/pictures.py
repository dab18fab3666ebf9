"""One picture file as pixels, whatever way it stores them."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from maskwright.data.media.pixel_arrays import MISSING, UnreadableError, as_rgb, from_16_bit, on_white
from maskwright.data.paths import nearest_file
from maskwright.errors import DataError, Problem

if TYPE_CHECKING:
    from PIL import Image

EXTENSIONS = tuple(
    ".png .jpg .jpeg .jpe .jfif .bmp .dib .gif .tif .tiff .webp .ppm .pgm .pbm .pnm .tga .jp2 .avif".split()
)

_FORMATS = "PNG JPEG MPO BMP DIB GIF TIFF WEBP PPM TGA JPEG2000 AVIF".split()
"""What is read; Pillow knows others, of which some start programs (EPS)."""

LARGEST = 89_478_485
"""Pixels of the largest picture that is read; from there on Pillow warns of files made to exhaust the memory."""

PALETTE, CMYK, DEEP, ALPHA, ROTATED, ANIMATED, OTHER = "palette CMYK 16-bit alpha rotated animated other".split()
"""What may be particular to a file."""

_ORIENTATION = 0x0112
"""EXIF tag that says how the camera was held."""


@dataclass(frozen=True)
class Picture:
    """A decoded file.

    Attributes:
        pixels: [row, col, 3] uint8.
        traits: what had to be converted: `palette`, `CMYK`, `16-bit`, `alpha`, `rotated`, `animated`, `other`.
    """

    pixels: np.ndarray
    traits: tuple[str, ...] = ()


def read_picture(source: str | Path | bytes) -> np.ndarray:
    """Decode a picture.

    The rotation that EXIF asks for is applied. What is transparent is laid on white, as a page shows it (black lines on
    a transparent ground would vanish on black). Grey becomes three equal channels; 16 bits become 8 by dividing by 257,
    which cuts nothing off. Of an animation or a file with several pages, the first is taken.

    Args:
        source: a file, or its content.

    Returns:
        [row, col, 3] uint8.

    Raises:
        DataError: missing, empty, a folder, no picture, cut off or damaged, or larger than `LARGEST` pixels.
    """
    try:
        return decode(source).pixels
    except UnreadableError as error:
        where = "picture given as bytes" if isinstance(source, bytes) else str(source)
        raise DataError([Problem(where, f"the file {error.what}", error.remedy)]) from None


def decode(source: str | Path | bytes) -> Picture:
    """`read_picture`, with what had to be converted; raises UnreadableError."""
    content = source if isinstance(source, bytes) else _read(Path(source))
    if not content:
        raise UnreadableError("empty pictures", "is empty (0 bytes)", "Write it again or remove it.")
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(content), formats=_formats()) as image:
            _check_size(*image.size)
            animated = bool(getattr(image, "is_animated", False)) and image.format != "MPO"  # photos with a preview
            image.load()
            pixels, traits = _pixels(image)
            orientation = _orientation(image)
    except UnreadableError:
        raise
    except UnidentifiedImageError:
        raise _no_picture(content) from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_large("is larger") from None
    except MemoryError:
        raise
    except Exception as error:  # decoders meet damaged files with exceptions of every kind
        what = f"is cut off or damaged ({' '.join(str(error).split()).rstrip('.') or type(error).__name__})"
        raise UnreadableError("pictures that are cut off or damaged", what, "Write or download it again.") from None
    turned = _turn(pixels, orientation)
    traits += ((ROTATED,) if turned is not pixels else ()) + ((ANIMATED,) if animated else ())
    return Picture(np.ascontiguousarray(turned), traits)


@lru_cache
def _formats() -> list[str]:
    """Those that this Pillow was built with."""
    from PIL import Image

    Image.init()
    return [name for name in _FORMATS if name in Image.OPEN]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise UnreadableError(MISSING, "does not exist", nearest_file(path)) from None
    except (IsADirectoryError, NotADirectoryError, PermissionError) as error:
        if path.is_dir():
            raise UnreadableError("folders", "is a folder, not a picture", "Name a picture in it.") from None
        reason = "Check its path and whether it may be read."
        raise UnreadableError("unreadable files", f"cannot be read: {error.strerror}", reason) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UnreadableError("unreadable files", f"cannot be read: {reason}", "Check its path.") from None


def _check_size(width: int, height: int) -> None:
    if width * height > LARGEST:
        raise _too_large(f"has {height:,} × {width:,} pixels, more")


def _too_large(what: str) -> UnreadableError:
    remedy = "Make it smaller; models see a few hundred pixels a side."
    return UnreadableError("pictures that are too large", f"{what} than the {LARGEST:,} pixels that are read", remedy)


def _no_picture(content: bytes) -> UnreadableError:
    start = content[:200].lstrip().lower()
    what, remedy = (
        "holds nothing that can be read as a picture",
        f"Write it again or remove it. Known: {', '.join(_FORMATS)}.",
    )
    if start.startswith(b"version https://git-lfs"):
        what, remedy = "holds only a Git LFS pointer, not the picture", "Fetch the pictures with: git lfs pull"
    elif start.startswith((b"<!doctype html", b"<html")):
        what, remedy = "holds a web page, not a picture", "Download it again."
    elif b"<svg" in start:
        what, remedy = "is a drawing (SVG), not pixels", "Save it as PNG."
    return UnreadableError("files that are no pictures", what, remedy)


def _pixels(image: Image.Image) -> tuple[np.ndarray, tuple[str, ...]]:
    """(pixels before rotation, what was converted) of a loaded image."""
    mode = image.mode
    if mode == "I" or mode.startswith("I;"):
        grey = np.asarray(image)
        if int(grey.min()) < 0 or int(grey.max()) > 65_535:
            what = f"is a grey picture with values from {grey.min():,} to {grey.max():,}"
            raise UnreadableError("pictures with values out of range", what, "Expected at most 16 bits, 0 to 65,535.")
        return as_rgb(from_16_bit(grey), has_channels=False), (DEEP,)
    if mode == "F":
        return as_rgb(np.asarray(image), has_channels=False), (OTHER,)
    traits = (PALETTE,) if mode in ("P", "PA") else ()
    if mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        pixels = np.asarray(image.convert("RGBA"))
        return on_white(pixels), traits + ((ALPHA,) if pixels[..., 3].min() < 255 else ())
    if mode in ("1", "L"):
        return as_rgb(np.asarray(image.convert("L")), has_channels=False), ()
    if mode == "CMYK":
        traits = (CMYK,)
    elif mode not in ("P", "RGB", "RGBX"):
        traits = (OTHER,)
    return np.asarray(image.convert("RGB")), traits


def _orientation(image: Image.Image) -> int:
    try:
        return image.getexif().get(_ORIENTATION, 1)
    except Exception:  # metadata that cannot be read say nothing; the pixels are whole
        return 1


def _turn(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Pixels as the camera saw them; the argument itself if nothing is to be done."""
    if orientation not in range(2, 9):
        return pixels
    if orientation >= 5:  # the four that exchange rows and columns
        pixels = pixels.swapaxes(0, 1)
    rows = slice(None, None, -1 if orientation in (3, 4, 7, 8) else 1)
    columns = slice(None, None, -1 if orientation in (2, 3, 6, 7) else 1)
    return pixels[rows, columns]
