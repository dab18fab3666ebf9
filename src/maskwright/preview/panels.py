"""Pictures of what was hidden: on the terminal with half blocks, and as a PNG."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from maskwright.preview.image import to_pixels
from maskwright.preview.sample import Shown

GAP = np.array([0.82, 0.12, 0.16], dtype=np.float32)
"""The colour of cells that were removed, or hold a mask token."""
HIDDEN = "removed, or a mask token"
LINES = 24
"""Of letters, where there are no colours."""
NAMED = 40
"""Columns of a table whose names stand in a picture."""


def panels(shown: Shown, example: int) -> list[tuple[str, np.ndarray]]:
    """What is drawn of one example: (title, [height, width, 3] from 0 to 1), original first."""
    sample, mask = shown.sample, shown.mask[example]
    values = [sample.x[example], _gaps(shown)[example]]
    if sample.kind == "image":
        pictures = [_pixels(value, mask, sample.picture) for value in values]
    else:
        low, high = (edge.reduce(values[0], axis=None) for edge in (np.fmin, np.fmax))
        if sample.kind == "table":  # columns have units of their own
            least, most = (edge.reduce(values[0], axis=0) for edge in (np.fmin, np.fmax))
            values = [(value - least) / np.where(most > least, most - least, 1.0) for value in values]
            low, high = 0.0, 1.0
        masks = (np.zeros_like(mask), mask)  # what is missing in the original is not hidden
        pairs = zip(values, masks, strict=True)
        pictures = [_heat(value, hidden, (float(low), float(high)), sample.grid.axes) for value, hidden in pairs]
    share = f"{mask.sum():,} of {mask.size:,} cells hidden ({mask.mean():.1%})"
    about = {"sound": " (decibels around their mean)", "table": " (each column in colours of its own)"}
    return [("original" + about.get(sample.kind, ""), pictures[0]), (share, pictures[1])]


def _gaps(shown: Shown) -> np.ndarray:
    """What is drawn of the result: in a table, where any number may be a value, hidden cells are gaps."""
    if shown.sample.kind != "table":
        return shown.result
    hidden = shown.mask.reshape(shown.mask.shape + (1,) * (shown.result.ndim - shown.mask.ndim))
    return np.where(hidden, np.nan, shown.result)


def _pixels(cells: np.ndarray, mask: np.ndarray, cell: tuple[int, int]) -> np.ndarray:
    if cells.ndim == 4:  # frames side by side
        gap = np.ones((cells.shape[1] * cell[0], 4, 3), dtype=np.float32)
        strip = [part for c, m in zip(cells, mask, strict=True) for part in (_pixels(c, m, cell), gap)]
        return np.concatenate(strip[:-1], axis=1)
    pixels = to_pixels(cells, cell)
    gone = np.repeat(np.repeat(mask, cell[0], axis=0), cell[1], axis=1) & np.isnan(pixels).any(-1)
    return np.clip(np.where(gone[..., None], GAP, pixels), 0, 1)


def _heat(values: np.ndarray, mask: np.ndarray, limits: tuple[float, float], axes: tuple[str, ...]) -> np.ndarray:
    """Numbers as colours, time to the right and frequency upwards."""
    import matplotlib

    plane = values.reshape(*values.shape[: mask.ndim], -1)[..., 0] if mask.ndim == 2 else values.reshape(len(mask), -1)
    hidden = np.broadcast_to(mask.reshape(mask.shape + (1,) * (plane.ndim - mask.ndim)), plane.shape)
    if axes[0] == "time":
        plane, hidden = plane.T, hidden.T
    low, high = limits
    scaled = np.clip((plane - low) / (high - low or 1.0), 0, 1)
    colours = matplotlib.colormaps["viridis"](np.nan_to_num(scaled))[..., :3]
    return np.where((hidden & np.isnan(plane))[..., None], GAP, colours)[::-1].astype(np.float32)


def half_blocks(pixels: np.ndarray, width: int) -> Any:
    """A rich `Text` of a picture: two rows of pixels to a line of characters."""
    from rich.text import Text

    height = max(2, round(pixels.shape[0] * width / pixels.shape[1]))
    height += height % 2
    rows = np.linspace(0, pixels.shape[0] - 1, min(height, 60)).round().astype(int)
    columns = np.linspace(0, pixels.shape[1] - 1, width).round().astype(int)
    small = (pixels[np.ix_(rows, columns)] * 255).astype(int)
    text = Text()
    for top, bottom in zip(small[::2], small[1::2], strict=True):
        for over, under in zip(top.tolist(), bottom.tolist(), strict=True):
            text.append("▀", style=f"rgb({over[0]},{over[1]},{over[2]}) on rgb({under[0]},{under[1]},{under[2]})")
        text.append("\n")
    return text


def mask_letters(mask: np.ndarray, width: int) -> str:
    """A mask where there are no colours: # for hidden, . for visible, one line per row of cells.

    Of more than 24 rows, or more columns than the width, every second, third, ... is shown, and a last line says so.
    """
    plane = mask.reshape(-1, mask.shape[-1])
    down, across = max(1, -(-plane.shape[0] // LINES)), max(1, -(-plane.shape[1] // width))
    lines = ["".join("#" if cell else "." for cell in row[::across]) for row in plane[::down]]
    if down * across > 1:
        lines.append(f"(a letter stands for {down} x {across} cells, of which it is the first)")
    return "\n".join(lines)


def save(shown: Shown, path: Path, title: str) -> None:
    """Write one picture: the original and every draw, or the rows of a table as lines of colours.

    Raises:
        OSError: a place that cannot be written to.
        ValueError: an ending that names no picture format.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    pictures = _table(shown) if shown.sample.grid.ndim == 1 and shown.sample.names else _draws(shown)
    first = pictures[0][1]
    wide = first.shape[1] > 2 * first.shape[0]
    columns = 1 if wide else min(3, len(pictures))
    rows = -(-len(pictures) // columns)
    width = 9.0 if wide else 3.4 * columns
    figure = Figure(figsize=(width, (1.9 if wide else 3.7) * rows + 0.9), layout="constrained")
    FigureCanvasAgg(figure)
    axes = np.array(figure.subplots(rows, columns)).reshape(-1)
    for axis in axes:
        axis.set_axis_off()
    for axis, (name, picture) in zip(axes, pictures, strict=False):
        axis.imshow(picture, aspect="equal" if shown.sample.kind == "image" else "auto", interpolation="nearest")
        axis.set_title(name, fontsize=9, loc="left")
        if shown.sample.names:
            _name_columns(axis, shown)
    table = shown.sample.kind == "table"
    gap = table or bool(np.isnan(shown.result).any() and not np.isnan(shown.sample.x).any())
    figure.suptitle(title + (f" (red: {'hidden' if table else HIDDEN})" if gap else ""), fontsize=10, x=0.01, ha="left")
    figure.savefig(path, dpi=110)


def _name_columns(axis: Any, shown: Shown) -> None:
    """The names of a table's columns, along the side on which they lie; some of them if they are many."""
    names = shown.sample.names
    step = -(-len(names) // NAMED)
    axis.set_axis_on()
    if shown.sample.grid.axes[0] == "time":  # drawn with time to the right and the first column at the bottom
        places = [len(names) - 1 - place for place in range(len(names))]
        axis.set_yticks(places[::step], names[::step], fontsize=7)
        axis.set_xticks([])
    else:
        axis.set_xticks(range(0, len(names), step), names[::step], fontsize=7, rotation=45, ha="right")
        axis.set_yticks([])


def _draws(shown: Shown) -> list[tuple[str, np.ndarray]]:
    return [panels(shown, 0)[0], *(panels(shown, example)[1] for example in range(len(shown.mask)))]


def _table(shown: Shown) -> list[tuple[str, np.ndarray]]:
    """Rows over columns; every column has colours of its own, because columns have units of their own."""
    x, result = shown.sample.x[..., 0], _gaps(shown)[..., 0]
    pool = shown.sample.x if shown.sample.pool is None else shown.sample.pool
    low, high = np.nanmin(pool, axis=0)[:, 0], np.nanmax(pool, axis=0)[:, 0]
    scale = np.where(high > low, high - low, 1.0)
    pairs = ((x, np.zeros_like(shown.mask)), (result, shown.mask))
    pictures = [_heat((v - low) / scale, hidden, (0.0, 1.0), ("row",))[::-1] for v, hidden in pairs]
    share = f"{shown.mask.sum():,} of {shown.mask.size:,} cells hidden ({shown.mask.mean():.1%})"
    return [("original: a line a row, a column a column", pictures[0]), (share, pictures[1])]
