"""Arrays as pixels: whatever numbers a picture is stored in become uint8 [..., row, col, 3], or a reason why not."""

from __future__ import annotations

import numpy as np

CHANNELS = (1, 3, 4)

MISSING = "pictures that do not exist"
"""Kind of fault of a name that leads nowhere."""


class UnreadableError(Exception):
    """A picture cannot be used.

    Attributes:
        kind: what is alike in pictures with the same fault, in the plural ("pictures that are cut off").
        what: what was found, as words that follow the picture's name ("is cut off").
        remedy: what to do, a sentence.
    """

    def __init__(self, kind: str, what: str, remedy: str):
        super().__init__(f"{what}. {remedy}")
        self.kind = kind
        self.what = what
        self.remedy = remedy


def as_rgb(array: np.ndarray, *, has_channels: bool) -> np.ndarray:
    """Pixels of red, green and blue.

    Args:
        array: [..., row, col] or [..., row, col, 1, 3 or 4], uint8, or floating-point numbers from 0 (dark) to 1.
        has_channels: whether the last axis is one of channels; 1 is grey, 4 is red, green, blue, alpha.

    Returns:
        [..., row, col, 3] uint8. Grey is repeated, floats are rounded to the nearest of 256 steps, and what is
        transparent is laid on white, as a page shows it.

    Raises:
        UnreadableError: values that are no numbers or out of range, another type, another number of channels.

    >>> as_rgb(np.array([[0.0, 1.0]]), has_channels=False).tolist()
    [[[0, 0, 0], [255, 255, 255]]]
    """
    channels = array.shape[-1] if has_channels else 1
    if channels not in CHANNELS:
        remedy = "Expected 1 (grey), 3 (red, green, blue) or 4 (and alpha), on the last axis."
        raise UnreadableError("pictures with other channels", f"has {channels} channels", remedy)
    values = _bytes(array)
    if not has_channels:
        values = values[..., None]
    if channels == 1:
        return np.repeat(values, 3, axis=-1)
    return on_white(values) if channels == 4 else np.ascontiguousarray(values)


def on_white(pixels: np.ndarray) -> np.ndarray:
    """[..., 4] uint8 laid on white -> [..., 3] uint8, rounded to the nearest step."""
    alpha = pixels[..., 3:].astype(np.uint32)
    mixed = pixels[..., :3] * alpha + 255 * (255 - alpha)
    return ((mixed + 127) // 255).astype(np.uint8)


def from_16_bit(grey: np.ndarray) -> np.ndarray:
    """0..65535 -> 0..255, the nearest step: 65535 is 255 times 257, so nothing is cut off.

    >>> from_16_bit(np.array([0, 128, 129, 65535])).tolist()
    [0, 0, 1, 255]
    """
    return ((grey.astype(np.uint32) + 128) // 257).astype(np.uint8)


def _bytes(array: np.ndarray) -> np.ndarray:
    if array.dtype == np.uint8:
        return array
    if not np.issubdtype(array.dtype, np.floating):
        remedy = "Save uint8 from 0 to 255, or floating-point numbers from 0 to 1."
        raise UnreadableError("pictures of another type", f"holds values of type {array.dtype}", remedy)
    bad = int(np.count_nonzero(~np.isfinite(array)))
    if bad:
        what = f"holds {bad:,} value{'s that are' if bad > 1 else ' that is'} not finite (NaN or infinite)"
        raise UnreadableError("pictures with values that are not finite", what, "Fill them in or remove the picture.")
    low, high = float(array.min()), float(array.max())
    if low < 0 or high > 1:
        what = f"holds values from {low:.4g} to {high:.4g}, where floating-point pictures go from 0 (dark) to 1"
        remedy = (
            "Divide by 255 and save again." if low >= 0 and 2 < high <= 255 else "Scale them to 0..1, or save uint8."
        )
        raise UnreadableError("pictures with values out of range", what, remedy)
    return (array.astype(np.float64) * 255.0 + 0.5).astype(np.uint8)
