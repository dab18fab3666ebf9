"""Little pictures that a model can tell apart at once: reddish or bluish noise."""

from pathlib import Path

import numpy as np
from PIL import Image

CLASSES = ("blue", "red")


def write_pictures(folder: Path, n: int = 12, pixels: int = 16, seed: int = 0) -> Path:
    """`folder/<class>/<number>.png`, n of each class."""
    rng = np.random.default_rng(seed)
    for name in CLASSES:
        (folder / name).mkdir(parents=True, exist_ok=True)
        for number in range(n):
            picture = rng.integers(0, 60, (pixels, pixels, 3))
            picture[..., 0 if name == "red" else 2] += 150
            Image.fromarray(picture.astype(np.uint8)).save(folder / name / f"{number:02d}.png")
    return folder
