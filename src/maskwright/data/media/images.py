r"""Pictures with a class each, or without: folders, tables of paths, arrays.

>>> import tempfile, pathlib
>>> from PIL import Image
>>> folder = pathlib.Path(tempfile.mkdtemp())
>>> for number in range(20):
...     path = folder / ("cat", "dog")[number % 2] / f"{number}.png"
...     path.parent.mkdir(exist_ok=True)
...     Image.new("RGB", (9, 8), (number, 0, 0)).save(path)
>>> data = load_image_data(ImageSection(train=str(folder)))
>>> len(data.train), len(data.validation), data.labels
(18, 2, ('cat', 'dog'))
>>> open_picture(data.train[0]["image"]).shape
(8, 9, 3)
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from pydantic import Field

from maskwright.data.checked import CheckedData
from maskwright.data.media.inspection import Look, Progress, see
from maskwright.data.media.pictures import decode, read_picture
from maskwright.data.media.pixel_arrays import UnreadableError, as_rgb
from maskwright.data.media.visual import Medium, load_visual_data, silent
from maskwright.data.readers.folders import read_picture_folder
from maskwright.data.readers.npz import Wanted, open_element, split_name
from maskwright.data.roles import IMAGE, LABEL
from maskwright.data.sections import PathsSection
from maskwright.errors import DataError, Problem


class ImageSection(PathsSection):
    """Pictures with a label each.

    `train`, `validation` and `test` are folders with a sub-folder for each class; or tables (CSV, TSV, JSONL, Parquet)
    with a column of paths, taken from the table's folder unless `root` is set, and a column of labels; or `.npz` files
    with `images` [N, row, col] or [N, row, col, channels], uint8 or floating-point numbers from 0 to 1, and `labels`
    [N]. `variants` maps a group's name to the column of the test table with the same example's picture in that variant.
    """

    image: str | None = Field(default=None, description="column of paths, or array; guessed if left out")
    label: str | None = Field(default=None, description="column or array; guessed if left out")


def load_image_data(section: ImageSection, *, labelled: bool = True, on_progress: Progress = silent) -> CheckedData:
    """Read, check and part the data; every picture is decoded once.

    Args:
        section: where the pictures are.
        labelled: every picture needs a label. Otherwise labels are taken where they are, and are -1 elsewhere; folders
            then need no sub-folders.
        on_progress: called with pictures done and pictures in all.

    Returns:
        Splits with columns `example_id`, `image` (for `open_picture`), `label`, and `variant:NAME` in `test`;
        `facts["sizes"]` has (row, col) of each row's picture, as [N, 2] for each split.

    Raises:
        DataError: with all problems of all sources.
    """
    wanted = Wanted("image", "images", 2, section.image, section.label, labelled)
    roles = (IMAGE, replace(LABEL, required=labelled))
    medium = Medium("image", "picture", look_at_picture, roles, wanted, read_picture_folder)
    return load_visual_data(section, medium, labelled=labelled, on_progress=on_progress)


def open_picture(name: str) -> np.ndarray:
    """[row, col, 3] uint8 of a picture by its name in a checked split: a path, or an element 'file.npz#12'.

    Raises:
        DataError: it cannot be read.
    """
    if split_name(name) is None:
        return read_picture(name)
    try:
        return _element(name)
    except UnreadableError as error:
        raise DataError([Problem(name, f"the picture {error.what}", error.remedy)]) from None


def look_at_picture(name: str) -> Look:
    """Decode a picture and keep what is to be known of it; raises UnreadableError."""
    if split_name(name) is not None:
        return see([_element(name)])
    picture = decode(name)
    return see([picture.pixels], picture.traits)


def _element(name: str) -> np.ndarray:
    array = open_element(name, "images")
    if array.ndim not in (2, 3):
        what = f"has {array.ndim} axes, expected row, col and perhaps channels"
        raise UnreadableError("elements that are no pictures", what, "Name an array of pictures.")
    # A copy: what is given out must not be a window on the file.
    return as_rgb(np.array(array), has_channels=array.ndim == 3)
