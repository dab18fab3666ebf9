"""Clips with a class each, or without: folders of frames, tables of such folders, arrays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from pydantic import Field

from maskwright.data.checked import CheckedData
from maskwright.data.media.inspection import Look, Progress, see
from maskwright.data.media.pictures import Picture, decode
from maskwright.data.media.pixel_arrays import MISSING, UnreadableError, as_rgb
from maskwright.data.media.visual import Medium, load_visual_data, silent
from maskwright.data.readers.folders import frames_of, read_clip_folder
from maskwright.data.readers.npz import Wanted, open_element, split_name
from maskwright.data.roles import CLIP, LABEL
from maskwright.data.sections import PathsSection
from maskwright.errors import DataError, Problem


class ClipSection(PathsSection):
    """Clips with a label each.

    `train`, `validation` and `test` are folders `<class>/<clip>/<frames>`, the frames pictures that are sorted by name
    with numbers as numbers (2.png before 10.png); or tables (CSV, TSV, JSONL, Parquet) with a column of such clip
    folders, taken from the table's folder unless `root` is set, and a column of labels; or `.npz` files with `clips`
    [N, frame, row, col] or [N, frame, row, col, channels], uint8 or floating-point numbers from 0 to 1, and `labels`.
    """

    clip: str | None = Field(default=None, description="column of clip folders, or array; guessed if left out")
    label: str | None = Field(default=None, description="column or array; guessed if left out")


def load_clip_data(section: ClipSection, *, labelled: bool = True, on_progress: Progress = silent) -> CheckedData:
    """Read, check and part the data; every frame is decoded once.

    Args:
        section: where the clips are.
        labelled: every clip needs a label. Otherwise labels are taken where they are, and are -1 elsewhere; clip
            folders may then lie right in the folder.
        on_progress: called with clips done and clips in all.

    Returns:
        Splits with columns `example_id`, `clip` (for `open_clip`), `label`, and `variant:NAME` in `test`. For each
        split, `facts["sizes"]` has (row, col) of each row's clip, [N, 2], and `facts["frames"]` its frames, [N].

    Raises:
        DataError: with all problems of all sources.
    """
    wanted = Wanted("clip", "clips", 3, section.clip, section.label, labelled)
    roles = (CLIP, replace(LABEL, required=labelled))
    medium = Medium("clip", "clip", look_at_clip, roles, wanted, read_clip_folder, "clip", "clips")
    return load_visual_data(section, medium, labelled=labelled, on_progress=on_progress)


def open_clip(name: str) -> np.ndarray:
    """[frame, row, col, 3] uint8 of a clip by its name in a checked split: a folder, or an element 'file.npz#3'.

    Raises:
        DataError: it cannot be read.
    """
    try:
        if split_name(name) is not None:
            return _element(name)
        return np.stack([picture.pixels for picture in _frames(name)])
    except UnreadableError as error:
        raise DataError([Problem(name, f"the clip {error.what}", error.remedy)]) from None
    except ValueError:
        raise DataError([Problem(name, "the frames differ in size", "Write all frames in one size.")]) from None


def look_at_clip(name: str) -> Look:
    """Decode a clip and keep what is to be known of it; raises UnreadableError."""
    if split_name(name) is not None:
        return see(_element(name))
    traits: list[str] = []

    def pixels() -> Iterator[np.ndarray]:
        for picture in _frames(name):
            traits.extend(picture.traits)
            yield picture.pixels

    look = see(pixels())
    return Look(look.key, look.size, look.frames, tuple(dict.fromkeys(traits)))


def _frames(name: str) -> Iterator[Picture]:
    folder = Path(name)
    if not folder.is_dir():
        what = "is a file, not a folder of frames" if folder.exists() else "does not exist"
        remedy = "Write its frames as pictures into a folder." if folder.exists() else "Correct the path."
        raise UnreadableError("clips that are no folders" if folder.exists() else MISSING, what, remedy)
    paths = frames_of(folder)
    if not paths:
        raise UnreadableError("clips without frames", "has no frames", "Write its frames as pictures, or remove it.")
    for path in paths:
        try:
            yield decode(path)
        except UnreadableError as error:
            what = f"has a frame, {path.name}, that {error.what}"
            raise UnreadableError(f"clips with {error.kind}", what, error.remedy) from None


def _element(name: str) -> np.ndarray:
    array = open_element(name, "clips")
    if array.ndim not in (3, 4):
        what = f"has {array.ndim} axes, expected frame, row, col and perhaps channels"
        raise UnreadableError("elements that are no clips", what, "Name an array of clips.")
    # A copy: what is given out must not be a window on the file.
    return as_rgb(np.array(array), has_channels=array.ndim == 4)
