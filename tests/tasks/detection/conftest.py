"""Runs of detectors that train in seconds."""

import pytest

from maskwright.tasks import parse_config
from maskwright.tasks.vision import models as vision_models
from tests.tasks.detection.made_up import PATCH
from tests.tasks.scenes import write_scenes


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    root = tmp_path_factory.mktemp("scenes")
    sizes = {"train": 12, "validation": 4, "test": 6}
    return {name: write_scenes(root / name, n, seed=seed) for seed, (name, n) in enumerate(sizes.items())}


@pytest.fixture
def make_config(files, tmp_path, monkeypatch):
    monkeypatch.setitem(vision_models.SIZES, "tiny", vision_models.Size(layers=1, hidden=24, heads=2))

    def make(name="run", model="scratch:yolos-tiny", masking=None, evaluation=None, data=None, **training):
        settings = {"epochs": 1, "batch_size": 6, "learning_rate": 3e-3, "output": str(tmp_path / name), **training}
        node = {
            "task": "object-detection",
            "model": str(model),
            "data": {
                **files,
                "size": 64 if model == "scratch:tiny" or "rt_detr" in str(model) else 32,  # see STRIDE
                "queries": 10 if str(model).startswith("scratch:") else None,
                **(data or {}),
            },
            "masking": masking or {"pattern": "iid", "fill": "mean", **PATCH},
            "training": settings,
            "evaluation": {"ratios": [0, 0.5], "bootstrap": 200, "draws": 1, "examples": 2, **(evaluation or {})},
        }
        return parse_config(node)

    return make
