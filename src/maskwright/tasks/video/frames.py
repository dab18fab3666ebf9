"""Which frames of a clip a model is given, and clips that have too few of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from maskwright.data.findings import Findings
from maskwright.data.media.clips import open_clip
from maskwright.data.readers.npz import split_name
from maskwright.errors import DataError, Problem

if TYPE_CHECKING:
    from maskwright.data.checked import CheckedData

SPLITS = ("train", "validation", "test")


def places(n: int, frames: int) -> np.ndarray:
    """[frames] int64, the middle frames of as many equal parts of a clip of n frames; all of them if it has no more.

    >>> places(16, 4).tolist(), places(4, 4).tolist()
    ([2, 6, 10, 14], [0, 1, 2, 3])
    """
    return (2 * np.arange(frames) + 1) * n // (2 * frames)


def open_frames(name: str, frames: int) -> np.ndarray:
    """[frames, row, col, 3] uint8, frames of the clip of that name; see `places`.

    Raises:
        DataError: the clip cannot be read or has fewer.
    """
    clip = open_clip(name)
    if len(clip) < frames:
        raise DataError([_too_short(name, len(clip), frames, 0)])
    return clip[places(len(clip), frames)]


def check_frames(data: CheckedData, needed: int, tubelet: int) -> None:
    """Refuse clips that have fewer frames than a model takes.

    Args:
        data: checked clips, whose frames the loader counted.
        needed: frames the model takes.
        tubelet: frames it takes as one.

    Raises:
        DataError: counting all of them, and naming the first of each split.
    """
    short: dict[str, tuple[str, int]] = {}
    for split in SPLITS:
        lengths, clips = data.facts["frames"][split], getattr(data, split)["clip"]
        for row in np.flatnonzero(lengths < needed).tolist():
            short.setdefault(clips[row], (split, int(lengths[row])))
    most = min((length for _, length in short.values()), default=0) // tubelet * tubelet
    findings = Findings()
    for name, (split, length) in short.items():
        problem = _too_short(name, length, needed, most)
        findings.add(f"clips with fewer than {needed} frames", split, problem, problem.where)
    findings.stop()


def sampled_in_words(data: CheckedData, frames: int) -> tuple[str, ...]:
    """What becomes of longer clips."""
    longer = {name: int((data.facts["frames"][name] > frames).sum()) for name in SPLITS}
    if not any(longer.values()):
        return ()
    counted = ", ".join(f"{n:,} of {name}" for name, n in longer.items())
    return (f"of longer clips ({counted}) {frames} frames are taken, the middle ones of as many equal parts.",)


def _too_short(name: str, length: int, needed: int, most: int) -> Problem:
    element = split_name(name)
    where = name if element is None else f"{element[0]}, {element[1] or 'clips'}[{element[2]}]"
    what = f"the clip has {length} frame{'' if length == 1 else 's'}, the model takes {needed}"
    fewer = f", or set data.frames={most}" if most else ""
    return Problem(where, what, f"Give a longer clip or remove it{fewer}.")
