"""Pixels erased in 128 images of 224 x 224 x 3, against the usual tools, in one process on one thread.

    python bench/erase.py [--repeats 15]

One rectangle per image as in random erasing (area .02 to .33, aspect .3 to 1/.3, inside the image), 0 or the mean of
the visible pixels of each channel; and half of the patches of 16 x 16 pixels. The algorithms of timm, torchvision and
kornia are written out below, without their classes; albumentations is called where it is installed. Times are medians
over interleaved bursts of calls; only the ratios mean anything.
"""

from __future__ import annotations

import argparse
import importlib
import math
import random
from collections.abc import Callable
from itertools import count

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from timing import medians

from maskwright import Grid, Masking
from maskwright.units.patches import Patches
from maskwright.vision.pixels import hide_pixels

BATCH, SIDE = 128, 224
LOW, HIGH, ASPECT = 0.02, 0.33, 0.3
RECTANGLE = {"rectangles": {"edge": "inside"}}
Jobs = dict[str, Callable[[], object]]


def timm(images: torch.Tensor) -> None:
    """RandomErasing(probability=1, mode='const') of timm/data/random_erasing.py (Apache 2.0), in place."""
    low, high = math.log(ASPECT), math.log(1 / ASPECT)
    for image in images:
        channels, rows, cols = image.size()
        for _ in range(10):
            area = random.uniform(LOW, HIGH) * rows * cols
            aspect = math.exp(random.uniform(low, high))
            height, width = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
            if width < cols and height < rows:
                top, left = random.randint(0, rows - height), random.randint(0, cols - width)
                image[:, top : top + height, left : left + width] = torch.zeros((channels, 1, 1), dtype=image.dtype)
                break


def torchvision(images: torch.Tensor) -> torch.Tensor:
    """RandomErasing(p=1, value=0) of torchvision/transforms/transforms.py (BSD), image by image, new images."""
    low, high = math.log(ASPECT), math.log(1 / ASPECT)
    out = []
    for image in images:
        rows, cols = image.shape[-2:]
        box = None
        for _ in range(10):
            area = rows * cols * torch.empty(1).uniform_(LOW, HIGH).item()
            aspect = torch.exp(torch.empty(1).uniform_(low, high)).item()
            height, width = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
            if height < rows and width < cols:
                top = int(torch.randint(0, rows - height + 1, size=(1,)).item())
                left = int(torch.randint(0, cols - width + 1, size=(1,)).item())
                box = slice(top, top + height), slice(left, left + width)
                break
        image = image.clone()
        if box is not None:
            image[(..., *box)] = 0
        out.append(image)
    return torch.stack(out)


def kornia(images: torch.Tensor) -> torch.Tensor:
    """RandomErasing(p=1, value=0) of kornia/augmentation (Apache 2.0): boxes of the batch, a mask, a where."""
    number, _, rows, cols = images.shape
    area = torch.empty(number).uniform_(LOW, HIGH) * rows * cols
    aspect = torch.exp(torch.empty(number).uniform_(math.log(ASPECT), -math.log(ASPECT)))
    heights = (area * aspect).sqrt().round().clamp(1, rows)
    widths = (area / aspect).sqrt().round().clamp(1, cols)
    top = (torch.rand(number) * (rows - heights + 1)).floor()
    left = (torch.rand(number) * (cols - widths + 1)).floor()
    y, x = torch.arange(rows)[None, :, None], torch.arange(cols)[None, None, :]
    top, left, bottom, right = (v[:, None, None] for v in (top, left, top + heights, left + widths))
    mask = (y >= top) & (y < bottom) & (x >= left) & (x < right)
    return torch.where(mask[:, None], torch.zeros(()), images)


def mean_of_visible(images: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """The obvious code for a mean fill."""
    visible = ~mask
    mean = (images * visible).sum((2, 3), keepdim=True) / visible.sum((2, 3), keepdim=True)
    return torch.where(mask, mean, images)


def patches_by_torch(images: torch.Tensor) -> torch.Tensor:
    """Half of the patches, exact count, filled with the mean of the visible pixels."""
    side = SIDE // 16
    noise = torch.rand(BATCH, side * side)
    hidden = noise <= noise.kthvalue(side * side // 2, dim=1, keepdim=True).values
    mask = hidden.reshape(BATCH, 1, side, side).repeat_interleave(16, 2).repeat_interleave(16, 3)
    return mean_of_visible(images, mask)


def rectangles_by_torch(images: torch.Tensor) -> torch.Tensor:
    """One rectangle per image, filled with the mean of the visible pixels."""
    mask = kornia(torch.ones(BATCH, 1, SIDE, SIDE)) == 0
    return mean_of_visible(images, mask)


def ours(masking: Masking, images: torch.Tensor, side: int, own: bool) -> Callable[[], object]:
    ids, patches, epochs = torch.arange(BATCH), Patches.of(images.shape, side), count()  # new masks every time
    out = images if own else None
    return lambda: hide_pixels(masking, images, patches, example_ids=ids, epoch=next(epochs), out=out).inputs


def bytes_jobs(images: np.ndarray) -> Jobs:
    """uint8 [row, col, C]; albumentations makes one new image at a time."""
    masking, epochs = Masking.from_dict({"pattern": RECTANGLE, "fill": "zero"}), count()
    facts = {"grid": Grid(row=SIDE, col=SIDE), "example_ids": np.arange(BATCH)}
    jobs: Jobs = {
        "maskwright, copy": lambda: masking(images, epoch=next(epochs), **facts).inputs,
        "maskwright, in place": lambda: masking(images, epoch=next(epochs), out=images, **facts).inputs,
    }
    try:
        module = importlib.import_module("albumentations")
    except ImportError:
        return jobs
    erasing = module.Erasing(scale=(LOW, HIGH), ratio=(ASPECT, 1 / ASPECT), fill=0, p=1)
    dropout = module.CoarseDropout((1, 1), (0.2, 0.6), (0.2, 0.6), fill=0, p=1)
    for name, transform in (("Erasing", erasing), ("CoarseDropout", dropout)):
        jobs[f"albumentations, {name}"] = lambda transform=transform: [transform(image=image) for image in images]
    return jobs


def show(title: str, times: dict[str, float], peers: list[str], console: Console) -> None:
    fastest = min((times[name] for name in peers if name in times), default=math.nan)
    table = Table(title=title)
    for column in ("", "ms a batch", "thousand images/s", "x the fastest peer"):
        table.add_column(column, justify="right" if column else "left")
    for name, seconds in times.items():
        ratio = "" if math.isnan(fastest) else f"{seconds / fastest:.2f}"
        table.add_row(name, f"{seconds * 1e3:.2f}", f"{BATCH / seconds / 1e3:.1f}", ratio)
    console.print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=15)
    options = parser.parse_args()
    torch.set_num_threads(1)
    random.seed(0)
    console = Console()
    images = torch.rand(BATCH, 3, SIDE, SIDE)
    own = images.clone()
    zero = Masking.from_dict({"pattern": RECTANGLE, "fill": "zero"})
    mean = Masking.from_dict({"pattern": RECTANGLE, "fill": "mean"})
    half = Masking.from_dict({"pattern": "iid", "budget": 0.5, "fill": "mean", "unit": "patch"})
    in_place: Jobs = {"timm, in place": lambda: timm(own), "maskwright, in place": ours(zero, own, 1, own=True)}
    copies: Jobs = {
        "clone, then timm": lambda: timm(images.clone()),
        "torchvision": lambda: torchvision(images),
        "kornia": lambda: kornia(images),
        "maskwright": ours(zero, images, 1, own=False),
    }
    means: Jobs = {
        "torch": lambda: rectangles_by_torch(images),
        "maskwright": ours(mean, images, 1, own=False),
        "maskwright, in place": ours(mean, own, 1, own=True),
    }
    patches: Jobs = {
        "torch": lambda: patches_by_torch(images),
        "maskwright": ours(half, images, 16, own=False),
        "maskwright, in place": ours(half, own, 16, own=True),
    }
    size = f"{BATCH} x {SIDE} x {SIDE} x 3"
    for title, jobs in (
        (f"one rectangle, zero, in place, float32, {size}", in_place),
        (f"one rectangle, zero, new images, float32, {size}", copies),
        (f"one rectangle, mean of the visible, float32, {size}", means),
        (f"half of the patches of 16 x 16, mean of the visible, float32, {size}", patches),
        (
            f"one rectangle, zero, uint8, {size}",
            bytes_jobs(np.random.default_rng(0).integers(0, 256, (BATCH, SIDE, SIDE, 3), dtype=np.uint8)),
        ),
    ):
        peers = [name for name in jobs if not name.startswith("maskwright")]
        show(title, medians(jobs, options.repeats), peers, console)


if __name__ == "__main__":
    main()
