"""Pictures and clips for people: as the model sees them, with what was hidden inside it hatched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from maskwright.tasks.examples import Hidden
from maskwright.tasks.rendering import as_bytes, marked, strip
from maskwright.tasks.views import Shown
from maskwright.tasks.vision.pictures import PICTURE
from maskwright.tasks.vision.traits import hides_patches

if TYPE_CHECKING:
    from maskwright.masking import Masking
    from maskwright.rng import Moment
    from maskwright.tasks.views import View

__all__ = ["flat", "hatched", "hidden_picture", "shown_picture", "unit_of"]


def flat(picture: np.ndarray) -> np.ndarray:
    """A picture as it is, a clip as a strip of its frames."""
    return strip(picture) if picture.ndim == 4 else picture


def hatched(picture: np.ndarray, mask: Any) -> np.ndarray:
    """A copy with hidden units hatched.

    Args:
        picture: uint8 [(frame,) row, col, 3].
        mask: bool [*grid] over boxes that the picture is cut into evenly, True = hidden.

    >>> hatched(np.zeros((2, 4, 3), np.uint8), np.array([[True, False]]))[0, :, 0].tolist()
    [120, 120, 0, 0]
    """
    pixels = np.asarray(mask)
    for axis, (size, units) in enumerate(zip(picture.shape, pixels.shape, strict=False)):
        pixels = np.repeat(pixels, size // units, axis=axis)
    return marked(picture, pixels)


def hidden_picture(examples: Any, row: int, masking: Masking | None, moment: Moment) -> tuple[np.ndarray, Hidden]:
    """A picture (a strip of a clip's frames) as the model sees it, uint8 [row, col, 3], and what it was given.

    Args:
        examples: `Pictures`, or others with a `reader` and `PICTURE` among the inputs.
        row: which of them.
        masking: what is hidden; None hides nothing.
        moment: of the masks.
    """
    hidden = examples.hide(examples.batch([row]), masking, moment)
    picture = as_bytes(hidden.inputs[PICTURE][0], examples.reader)
    if hides_patches(masking):
        picture = hatched(picture, hidden.mask[0])
    return flat(picture), hidden


def shown_picture(examples: Any, row: int, view: View) -> Shown:
    """A picture with the numbers of its units, without reference and answers; see `hidden_picture`."""
    picture, hidden = hidden_picture(examples, row, view.masking, view.moment)
    if view.masking is None:
        return Shown(pictures=(("", picture),))
    mask = np.asarray(hidden.mask)
    unit = unit_of(view.masking, "patch" if mask[0].ndim == 2 else "tubelet")
    return Shown(pictures=(("", picture),), hidden=int(mask.sum()), units=mask.size, unit=unit)


def unit_of(masking: Masking, plain: str) -> str:
    """What a masking hides whole; `plain` where it names nothing of pictures."""
    return plain if masking.unit == "token" else masking.unit
