"""Pictures of two classes, a masked autoencoder of them, and a model for masked image modeling."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import ViTConfig, ViTForMaskedImageModeling

from maskwright.tasks.vision.picture_tasks import plain_processor
from tests.tasks.reconstruction.made_up import SIZES, config, task


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Two classes: red and blue."""
    folder, rng = tmp_path_factory.mktemp("pictures"), np.random.default_rng(0)
    for number in range(40):
        pixels = rng.integers(0, 60, (8, 8, 3), dtype=np.uint8)
        pixels[..., 0 if number % 2 else 2] += 150
        path = folder / ("red" if number % 2 else "blue") / f"{number}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(pixels).save(path)
    return folder


@pytest.fixture(scope="module")
def run(pictures):
    settings = config(pictures)
    data = task.load(settings.data)
    return SimpleNamespace(config=settings, data=data, **vars(task.build(settings, data)))


@pytest.fixture(scope="module")
def mim(tmp_path_factory, pictures):
    """A ViT for masked image modeling, saved."""
    folder = tmp_path_factory.mktemp("mim")
    torch.manual_seed(0)
    ViTForMaskedImageModeling(ViTConfig(image_size=8, patch_size=2, encoder_stride=2, **SIZES)).save_pretrained(folder)
    plain_processor(8).save_pretrained(folder)
    return folder
