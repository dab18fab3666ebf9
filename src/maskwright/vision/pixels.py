"""Hiding in images and clips as models take them, channels first."""

from __future__ import annotations

import dataclasses
from typing import Any

from maskwright.backend.arrays import Array
from maskwright.engine.corrupt import Corrupted
from maskwright.errors import MaskingError
from maskwright.masking import Masking
from maskwright.units.patches import Patches


def hide_pixels(masking: Masking, pixel_values: Array, patches: Patches, **facts: Any) -> Corrupted:
    """Hide patches of images or tubelets of clips; the pattern and the budget see patches, the fill sees pixels.

    Args:
        masking: what to hide. `mean` is the mean over the visible pixels of a channel; with `indicator` the inputs have
            one more channel, 1 where hidden.
        pixel_values: [B, C, row, col] or [B, frame, C, row, col] numbers, NumPy or torch.
        patches: how they are cut, `Patches.of(pixel_values.shape, 16)`; a side of 1 hides single pixels.
        **facts: what a masking takes: `example_ids`, `seed`, `epoch` and `progress` or `moment`, `valid` over patches
            [B, *grid], `out` like pixel_values or pixel_values itself. `pool` has the layout of pixel_values; so have
            `statistics` with as many axes as an example, and fewer axes are channels last.

    Returns:
        `inputs` in the layout of pixel_values, `unit_mask` over patches, `mask` over pixels [B, (frame,) row, col].

    Raises:
        MaskingError: images of another size, facts that are missing or unknown, fills that do not leave an image.

    >>> import numpy as np
    >>> x = np.ones((1, 3, 4, 4))
    >>> half = Masking("iid", 0.5, "zero", unit="patch")
    >>> hide_pixels(half, x, Patches.of(x.shape, 2), example_ids=[0]).inputs.sum()
    np.float64(24.0)
    """
    cells = patches.to_cells(pixel_values)
    of_cells = {key: value for key, value in facts.items() if value is not None}
    if facts.get("out") is pixel_values:
        of_cells["out"] = cells
    elif "out" in of_cells:
        of_cells["out"] = patches.to_cells(of_cells["out"])
    if "pool" in of_cells:
        of_cells["pool"] = patches.to_cells(of_cells["pool"])
    statistics: Any = of_cells.get("statistics")
    if hasattr(statistics, "shape") and len(statistics.shape) == pixel_values.ndim - 1:
        of_cells["statistics"] = patches.to_cells(statistics[None])[0]
    corrupted = masking(cells, grid=patches.grid, sides=patches.sides, **of_cells)
    if tuple(corrupted.inputs.shape[:-1]) != tuple(cells.shape[:-1]):
        name = type(masking.fill).__name__.lower()
        raise MaskingError(
            f"hide_pixels: the fill {name} leaves no image; use zero, mean or indicator, or let the model drop what "
            "`view.hidden_indices()` lists."
        )
    inputs = facts["out"] if "out" in of_cells else patches.from_cells(corrupted.inputs)
    return dataclasses.replace(corrupted, inputs=inputs, original=pixel_values)
