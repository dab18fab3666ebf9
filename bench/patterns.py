"""Patterns on images and video against a plain torch draw with an exact count, as ratios in one process.

    python bench/patterns.py [--repeats 30] [--batch 256]

"limit" is torch.rand, kthvalue and a comparison over the batch: the usual way to hide an exact count of patches.
"BEiT's law" is the published rectangle generator in plain Python, as its authors and those of iBOT and DINOv2 run it,
one mask at a time. Times are medians over interleaved bursts of calls on one thread; only the ratios mean anything.
"""

from __future__ import annotations

import argparse
import math
import random
from collections.abc import Callable

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from timing import medians

from maskwright import Grid, Rng, patterns

CLIP = 8  # frames
STEPS = {  # name: pattern, ratio, goal against the limit
    "patches, exact count, 40 %": ("iid", 0.4, 0.5),
    "patches, exact count, 75 %": ("iid", 0.75, 0.5),
    "blocks, exact count, 40 %": ("block", 0.4, 2.0),
    "blocks of 5 to 30 % of the grid, 40 %": (
        {"block": {"min_area": 0.05, "max_area": 0.3, "of": "grid"}},
        0.4,
        None,
    ),
    "BEiT's law, batched, 40 %": ("blockwise", 0.4, None),
    "DINOv3's law with shift, 40 %": ({"blockwise": {"min_area": 4, "complete": True, "shift": True}}, 0.4, None),
    "I-JEPA's blocks": ("multiblock", 1.0, None),
    "one rectangle": ("rectangles", 1.0, None),
    "every second cell, 25 %": ("grid", 0.25, None),
    "squares of period 7, 40 %": ({"grid": {"period": 7, "law": "squares"}}, 0.4, None),
    "cells of 2 x 2 patches, 60 %": ({"coarse": {"pattern": "iid", "size": 2}}, 0.6, None),
    "filtered noise, 75 %": ("filtered", 0.75, None),
}
VIDEO = {
    "tubes, 90 %": ({"tied": {"pattern": "iid", "axis": "frame"}}, 0.9, 1.1),
    "running cells, 50 %": ("running-cell", 0.5, None),
    "V-JEPA's 8 short blocks": (
        {"multiblock": {"targets": 8, "min_scale": 0.15, "max_scale": 0.15, "min_context": 1.0}},
        1.0,
        None,
    ),
}


def limit(batch: int, cells: int, count: int) -> torch.Tensor:
    noise = torch.rand(batch, cells)
    return noise <= noise.kthvalue(count, dim=1, keepdim=True).values


def published_blocks(side: int, count: int, *, low: int = 16, aspect: float = 0.3) -> np.ndarray:
    """One mask by the law of BEiT (arXiv:2106.08254), cell by cell as it was released."""
    mask, hidden = np.zeros((side, side), dtype=int), 0
    while hidden < count:
        new = one_rectangle(mask, side, count - hidden, (low, aspect))
        if not new:
            break
        hidden += new
    return mask


def one_rectangle(mask: np.ndarray, side: int, left: int, law: tuple[int, float]) -> int:
    low, aspect = law
    new = 0
    for _ in range(10):
        area = random.uniform(low, left)
        ratio = math.exp(random.uniform(math.log(aspect), -math.log(aspect)))
        rows, cols = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
        if rows < side and cols < side:
            top, start = random.randint(0, side - rows), random.randint(0, side - cols)
            if 0 < rows * cols - mask[top : top + rows, start : start + cols].sum() <= left:
                for i in range(top, top + rows):
                    for j in range(start, start + cols):
                        if not mask[i, j]:
                            mask[i, j] = 1
                            new += 1
        if new:
            break
    return new


def job(node: object, grid: Grid, ratio: float, batch: int) -> Callable[[], object]:
    pattern = patterns.from_node(node)
    ids, valid = np.arange(batch), np.ones((batch, *grid.shape), dtype=bool)
    things = patterns.traits(pattern).countable(grid, valid)[0]
    count = np.full(batch, round(ratio * things))
    return lambda: pattern(grid, count, valid=valid, rng=Rng.from_ids(ids))


def show(title: str, times: dict[str, float], goals: dict[str, float | None], batch: int, console: Console) -> None:
    table = Table(title=title)
    for column in ("masks", "µs a batch", "thousand masks/s", "x limit", "goal"):
        table.add_column(column, justify="left" if column == "masks" else "right")
    for name, seconds in times.items():
        goal = goals.get(name)
        row = (f"{seconds * 1e6:.0f}", f"{batch / seconds / 1e3:.0f}", f"{seconds / times['limit']:.2f}")
        table.add_row(name, *row, f"{goal:.1f}" if goal else "")
    console.print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=30)
    parser.add_argument("--batch", type=int, default=256)
    options = parser.parse_args()
    torch.set_num_threads(1)
    random.seed(0)
    console, batch = Console(), options.batch
    for side in (14, 32):
        grid = Grid(row=side, col=side)
        count = round(0.4 * grid.size)
        jobs: dict[str, Callable[[], object]] = {
            "limit": lambda grid=grid, count=count: limit(batch, grid.size, count),
            "BEiT's law": lambda side=side, count=count: [published_blocks(side, count) for _ in range(batch)],
        }
        jobs |= {name: job(node, grid, ratio, batch) for name, (node, ratio, _) in STEPS.items()}
        times = medians(jobs, options.repeats)
        goals = {name: goal for name, (_, _, goal) in STEPS.items()}
        show(f"masks of {side} x {side} patches, batches of {batch}", times, goals, batch, console)
        faster = times["BEiT's law"] / times["blocks, exact count, 40 %"]
        console.print(f"blocks with an exact count: {faster:.0f} times faster than BEiT's law (goal 20)")
    clip = Grid(frame=CLIP, row=14, col=14)
    jobs = {"limit": lambda: limit(batch, 196, 176)}
    jobs |= {name: job(node, clip, ratio, batch) for name, (node, ratio, _) in VIDEO.items()}
    goals = {name: goal for name, (_, _, goal) in VIDEO.items()}
    title = f"clips of {CLIP} x 14 x 14 patches, batches of {batch}; the limit draws one frame"
    show(title, medians(jobs, options.repeats), goals, batch, console)


if __name__ == "__main__":
    main()
