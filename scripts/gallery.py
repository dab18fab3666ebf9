"""Draw docs/gallery.md: one picture per pattern, on every kind of grid that it fits.

python scripts/gallery.py            # all, about a minute
python scripts/gallery.py block      # some
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from maskwright import Grid, Masking, patterns
from maskwright.strategy import class_name, examples, get

DOCS = Path(__file__).parents[1] / "docs"
FOLDER = DOCS / "img" / "gallery"
COLOURS = ListedColormap(["#e9ecef", "#c92a2a"])
GRIDS = {
    "text, 8 examples of 48 tokens": (Grid(token=48), 8),
    "image, 3 examples of 14 × 14 patches": (Grid(row=14, col=14), 3),
    "clip of 4 frames": (Grid(frame=4, row=14, col=14), 1),
    "spectrogram, 2 examples": (Grid(time=120, freq=40), 2),
    "table, 8 rows of 12 features": (Grid(feature=12), 8),
}
RATIO = 0.4


def masks(node: object, grid: Grid, rows: int) -> np.ndarray:
    """[rows, *grid] bool, the masks of examples 0, 1, ... of epoch 0."""
    pattern = patterns.from_node(node)
    about = patterns.traits(pattern)
    masking = Masking(pattern=pattern, budget=None if about.sets_own_count else RATIO, fill="zero")
    x = np.ones((rows, *grid.shape), dtype=np.float32)
    places = np.indices(grid.shape)
    centre = [(size - 1) / 2 for size in grid.shape]
    distance = sum(((p - c) / max(c, 1)) ** 2 for p, c in zip(places, centre, strict=True))
    signals = {name: np.broadcast_to(-distance, x.shape).copy() for name in about.signals}
    return masking(x, grid=grid, example_ids=np.arange(rows), **signals).mask


def panel(mask: np.ndarray, grid: Grid) -> np.ndarray:
    """One plane to draw: examples below or beside each other, a blank (-1) between them."""
    if grid.ndim == 1:  # a line per example, thin lines between them
        lines = np.repeat(mask.astype(float), 3, axis=1)
        blank = np.full((1, lines.shape[1]), np.nan)
        plane = np.concatenate([part for line in lines for part in (np.repeat(line[None], 3, axis=0), blank)][:-1])
        return np.pad(plane, ((0, 0), (0, max(0, 144 - plane.shape[1]))), constant_values=np.nan)
    gap = np.full((grid.shape[-2], 1), np.nan)
    if grid.axes == ("time", "freq"):
        planes = [m.T[::-1].astype(float) for m in mask]
        return np.concatenate([planes[0], np.full((2, planes[0].shape[1]), np.nan), *planes[1:]], axis=0)
    planes = mask[0] if grid.ndim == 3 else mask
    return np.concatenate([part for plane in planes for part in (plane.astype(float), gap)][:-1], axis=1)


def draw(name: str) -> list[str]:
    """Write the picture of a pattern; return the kinds of grid on it."""
    panels = {}
    for title, (grid, rows) in GRIDS.items():
        node = next(
            (n for n in examples("maskwright.patterns", name) if patterns.fits(patterns.from_node(n), grid)), None
        )
        if node is not None:
            mask = masks(node, grid, rows)
            panels[f"{title}: {mask.mean():.0%} hidden"] = panel(mask, grid)
    width = 6.0
    heights = [width * p.shape[0] / p.shape[1] + 0.3 for p in panels.values()]
    figure = Figure(figsize=(width, sum(heights) + 0.1), layout="constrained")
    FigureCanvasAgg(figure)
    axes = np.array(figure.subplots(len(panels), 1, height_ratios=heights)).reshape(-1)
    for axis, (title, plane) in zip(axes, panels.items(), strict=True):
        axis.imshow(plane, cmap=COLOURS, vmin=0, vmax=1, interpolation="nearest", aspect="equal")
        axis.set_title(title, fontsize=8, loc="left")
        axis.set_anchor("W")
        axis.set_axis_off()
    figure.savefig(FOLDER / f"{name}.png", dpi=80)
    return list(panels)


def page() -> str:
    """The text of docs/gallery.md."""
    lines = [
        "# Gallery: every pattern on every grid",
        "",
        "<!-- Written by scripts/gallery.py; edit there. -->",
        "",
        "Red is hidden. Each picture shows the masks of the first examples of epoch 0 at a ratio of "
        f"{RATIO:.0%}, except where a pattern sets its own count. What each pattern is for, its parameters and its "
        "source are in its docstring (`help(maskwright.patterns.block.Block)`) and in [strategies.md](strategies.md); "
        "the same on your own file: `maskwright preview beit --input photo.jpg --output beit.png`.",
        "",
    ]
    for name in patterns.names():
        doc = (get("maskwright.patterns", name).__doc__ or "").strip().splitlines()[0]
        node = examples("maskwright.patterns", name)[0]
        written = node if isinstance(node, str) else _flow(node)
        lines += [
            f"## {name}",
            "",
            doc,
            "",
            f"`pattern: {written}`",
            "",
            f"![{class_name(name)}](img/gallery/{name}.png)",
            "",
        ]
    return "\n".join(lines)


def _flow(node: object) -> str:
    import yaml

    return yaml.safe_dump(node, default_flow_style=True, sort_keys=False, width=10_000).strip()


def main() -> None:
    """Draw the patterns named on the command line, or all, and write the page."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[1:] or patterns.names():
        print(f"{name}: {len(draw(name))} grids")
    (DOCS / "gallery.md").write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
