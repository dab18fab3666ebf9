"""Look at every picture or clip once: whether it can be read, what it holds, and what the user should know of it."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from maskwright.data.media.pictures import ALPHA, ANIMATED, CMYK, DEEP, OTHER, PALETTE, ROTATED
from maskwright.data.media.pixel_arrays import UnreadableError

TINY = 8
"""Pixels on a side below which a note speaks of a picture."""

Progress = Callable[[int, int], None]
"""Called with what is done and what there is in all."""

_CONVERTED = {
    PALETTE: "palette",
    CMYK: "CMYK",
    DEEP: "16-bit grey (divided by 257)",
    ALPHA: "transparent (laid on white)",
    OTHER: "other colour spaces",
}


@dataclass(frozen=True)
class Look:
    """What was seen of one picture or clip.

    Attributes:
        key: SHA-256 of its pixels and their shape.
        size: (row, col) in pixels.
        frames: how many; 1 for a picture.
        traits: see `maskwright.data.media.pictures`.
    """

    key: bytes
    size: tuple[int, int]
    frames: int = 1
    traits: tuple[str, ...] = ()


def see(frames: Iterable[np.ndarray], traits: Iterable[str] = ()) -> Look:
    """Look at pixels, frame after frame.

    Raises:
        UnreadableError: a picture is a single pixel, or frames have different sizes.
    """
    digest, size, count = hashlib.sha256(), None, 0
    for pixels in frames:
        shape = (pixels.shape[0], pixels.shape[1])
        if shape == (1, 1):
            remedy = "Write it again or remove it."
            raise UnreadableError("pictures of one pixel", "is a single pixel, which shows nothing", remedy)
        if size is not None and shape != size:
            what = f"has frames of different sizes: {_by(size)}, but frame {count + 1} is {_by(shape)}"
            raise UnreadableError("clips with frames of different sizes", what, "Write all frames in one size.")
        size, count = shape, count + 1
        digest.update(f"{shape}".encode())
        digest.update(np.ascontiguousarray(pixels).data)
    if size is None:
        raise UnreadableError("clips without frames", "has no frames", "Write its frames as pictures, or remove it.")
    return Look(digest.digest(), size, count, tuple(dict.fromkeys(traits)))


def look_at_all(
    names: Iterable[str], look: Callable[[str], Look], on_progress: Progress
) -> dict[str, Look | UnreadableError]:
    """Look at each name once, several at a time (decoders leave other threads alone)."""
    wanted = list(dict.fromkeys(names))
    looks: dict[str, Look | UnreadableError] = {}
    with ThreadPoolExecutor(max_workers=min(8, (os.cpu_count() or 1) + 1)) as threads:
        for done, (name, seen) in enumerate(zip(wanted, threads.map(_guarded(look), wanted), strict=True), start=1):
            looks[name] = seen
            on_progress(done, len(wanted))
    return looks


def look_notes(looks: Mapping[str, Look], noun: str) -> list[str]:
    """What to know about sizes and conversions."""
    notes = []
    by_area = sorted(looks, key=lambda name: (looks[name].size[0] * looks[name].size[1], name))
    smallest, largest = looks[by_area[0]].size, looks[by_area[-1]].size
    if len({look.size for look in looks.values()}) > 1:
        notes.append(f"{noun}s have different sizes, from {_by(smallest)} to {_by(largest)} pixels (rows × columns).")
    tiny = [name for name in by_area if min(looks[name].size) < TINY]
    if tiny:
        count = _counted(len(tiny), noun)
        shown = f"{tiny[0]} ({_by(looks[tiny[0]].size)})"
        verb = "is" if len(tiny) == 1 else "are"
        notes.append(f"{count} {verb} smaller than {TINY} pixels on a side, the smallest {shown}.")
    counts = Counter(trait for look in looks.values() for trait in look.traits)
    converted = ", ".join(f"{counts[trait]:,} {words}" for trait, words in _CONVERTED.items() if counts[trait])
    if converted:
        notes.append(f"{noun}s converted to red, green and blue: {converted}.")
    if counts[ROTATED]:
        count = _counted(counts[ROTATED], noun)
        notes.append(f"{count} {'was' if counts[ROTATED] == 1 else 'were'} turned upright, as EXIF says.")
    if counts[ANIMATED]:
        count = _counted(counts[ANIMATED], noun)
        verb = "has" if counts[ANIMATED] == 1 else "have"
        notes.append(f"{count} {verb} several frames or pages, of which the first is read.")
    return notes


def _guarded(look: Callable[[str], Look]) -> Callable[[str], Look | UnreadableError]:
    def guarded(name: str) -> Look | UnreadableError:
        try:
            return look(name)
        except UnreadableError as error:
            return error

    return guarded


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def _by(size: tuple[int, int]) -> str:
    return f"{size[0]} × {size[1]}"
