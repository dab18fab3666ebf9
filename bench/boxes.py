"""What it costs to let boxes follow the holes in an image, against albumentations, as ratios in one process.

    pip install albumentations; python bench/boxes.py [--repeats 30] [--boxes 20] [--size 224] [--batch 32]

One image, eight rectangular holes, boxes in COCO's layout. "Boxes alone" is what follows from a mask that is there: for
us a call of `BoxPolicy`, for albumentations (CoarseDropout in a Compose) its time with boxes less its time without.
"Image" is drawing the holes and filling them with zero, "image and boxes" both; ours are per image of a batch, as a
collator has it, and theirs take one image at a time. Times are medians over interleaved bursts of calls on one thread.
Without albumentations there are times and no ratios.
"""

from __future__ import annotations

import argparse
import importlib
import math
import os
from collections.abc import Callable
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from timing import medians

from maskwright import Grid, Masking
from maskwright.vision.objects import BoxPolicy, visible_share

HOLES = {"n": 8, "min_area": 0.01, "max_area": 0.02, "edge": "inside"}


def target(boxes: int, size: int) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    corner, side = rng.uniform(0, 0.7 * size, (boxes, 2)), rng.uniform(0.05 * size, 0.3 * size, (boxes, 2))
    rows = zip(np.concatenate([corner, side], axis=1).tolist(), side.prod(axis=1).tolist(), strict=True)
    return {
        "image_id": 0,
        "annotations": [
            {"bbox": box, "area": area, "category_id": i % 5, "id": i, "iscrowd": 0}
            for i, (box, area) in enumerate(rows)
        ],
    }


def theirs(image: np.ndarray, objects: dict[str, Any]) -> dict[str, Callable[[], object]]:
    """CoarseDropout without boxes and with them; nothing where albumentations is not installed."""
    os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # it asks the network for a newer one otherwise
    try:
        albumentations = importlib.import_module("albumentations")
    except ImportError:
        return {}
    holes = albumentations.CoarseDropout(
        num_holes_range=(8, 8), hole_height_range=(0.1, 0.14), hole_width_range=(0.1, 0.14), fill=0, p=1
    )
    plain = albumentations.Compose([holes], seed=0)
    boxed = albumentations.Compose(
        [holes], seed=0, bbox_params=albumentations.BboxParams("coco", min_visibility=0.25, label_fields=["labels"])
    )
    boxes = [row["bbox"] for row in objects["annotations"]]
    labels = [row["category_id"] for row in objects["annotations"]]
    return {
        "albumentations, image": lambda: plain(image=image),
        "albumentations, image and boxes": lambda: boxed(image=image, bboxes=boxes, labels=labels),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=30)
    parser.add_argument("--boxes", type=int, default=20)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--batch", type=int, default=32)
    options = parser.parse_args()
    images = np.random.default_rng(1).integers(0, 256, (options.batch, options.size, options.size, 3), dtype=np.uint8)
    ids, grid = np.arange(options.batch), Grid(row=options.size, col=options.size)
    masking = Masking(pattern={"rectangles": HOLES}, budget=None, fill="zero")
    objects = target(options.boxes, options.size)
    mask = np.asarray(masking(images, grid=grid, example_ids=ids).mask)[0]
    patches = mask[:: options.size // 14, :: options.size // 14]
    corners = np.array([row["bbox"] for row in objects["annotations"]])
    corners[:, 2:] += corners[:, :2]
    sized = {**objects, "width": options.size, "height": options.size}
    drop, ignore, shrink = (BoxPolicy(name) for name in ("drop", "ignore", "shrink"))

    def whole() -> object:
        out = masking(images, grid=grid, example_ids=ids)
        return out.inputs, [drop(objects, one) for one in out.mask]

    jobs: dict[str, Callable[[], object]] = {
        **theirs(images[0], objects),
        "image": lambda: masking(images, grid=grid, example_ids=ids).inputs,
        "image and boxes": whole,
        "visible_share": lambda: visible_share(mask, corners),
        "drop": lambda: drop(objects, mask),
        "ignore": lambda: ignore(objects, mask),
        "shrink": lambda: shrink(objects, mask),
        "drop, mask of 14 x 14 patches": lambda: drop(sized, patches),
    }
    times = medians(jobs, options.repeats)
    for name in ("image", "image and boxes"):
        times[name] /= options.batch
    show(f"{options.boxes} boxes, one image of {options.size} x {options.size}", times)


def show(title: str, times: dict[str, float]) -> None:
    """Ours against theirs; what needs the boxes alone, against the time by which boxes make theirs slower."""
    whole = {name: times.get(f"albumentations, {name}", math.nan) for name in ("image", "image and boxes")}
    alone = whole["image and boxes"] - whole["image"]
    table = Table(title=title)
    for column in ("job", "µs", "times as fast as albumentations"):
        table.add_column(column, justify="left" if column == "job" else "right")
    if not math.isnan(alone):
        table.add_row("albumentations, boxes alone", f"{alone * 1e6:.0f}", "")
    for name, time in times.items():
        ratio = math.nan if "albumentations" in name else whole.get(name, alone) / time
        table.add_row(name, f"{time * 1e6:.0f}", "" if math.isnan(ratio) else f"{ratio:.1f}")
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
