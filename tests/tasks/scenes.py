"""Little pictures with bright rectangles on dark noise, red or blue, and COCO files that say where they are."""

import json
from pathlib import Path

import numpy as np
from PIL import Image

NAMES = {3: "red", 8: "blue"}


def write_scenes(folder: Path, n: int = 8, pixels: int = 32, seed: int = 0, change=None) -> str:
    """`folder/scenes.json` and `folder/images`; `change` may change the content before it is written."""
    rng = np.random.default_rng(seed)
    (folder / "images").mkdir(parents=True, exist_ok=True)
    images, annotations = [], []
    for number in range(n):
        picture = rng.integers(0, 40, (pixels, pixels, 3)).astype(np.uint8)
        for _ in range(1 + number % 2):
            x, y = (int(place) for place in rng.integers(0, pixels - 14, 2))
            width, height = (int(side) for side in rng.integers(8, 15, 2))
            category = int(rng.choice(list(NAMES)))
            picture[y : y + height, x : x + width, 0 if category == 3 else 2] = 255
            box = {"bbox": [x, y, width, height], "area": width * height, "iscrowd": 0}
            annotations.append({"id": len(annotations) + 1, "image_id": number, "category_id": category, **box})
        name = f"images/{number}.png"
        Image.fromarray(picture).save(folder / name)
        images.append({"id": number, "file_name": name, "width": pixels, "height": pixels})
    categories = [{"id": number, "name": name} for number, name in NAMES.items()]
    content = {"images": images, "annotations": annotations, "categories": categories}
    if change is not None:
        change(content)
    (folder / "scenes.json").write_text(json.dumps(content))
    return str(folder / "scenes.json")
