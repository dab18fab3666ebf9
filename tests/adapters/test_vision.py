"""Images in the forms people have them, and patches removed in the slot that timm's models have."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from maskwright import ConfigError, Masking, MaskingError
from maskwright.adapters.vision import ImageMasking, PatchDrop, mask_images

PATCHES = Masking.from_dict({"pattern": {"coarse": {"pattern": "iid", "size": 4}}, "budget": 0.5, "fill": "zero"})
PIXELS = np.random.default_rng(0).integers(1, 256, (8, 16, 3), dtype=np.uint8)


class Tagged(torch.Tensor):
    """A tensor with a class of its own, as torchvision's are."""


FORMS = {
    "array": (lambda x: x, lambda x: x),
    "floats": (lambda x: x.astype(np.float32), lambda x: x.astype(np.uint8)),
    "picture": (Image.fromarray, np.asarray),
    "tensor": (lambda x: torch.from_numpy(x).movedim(-1, 0), lambda x: x.movedim(0, -1).numpy()),
    "tagged": (
        lambda x: torch.from_numpy(x).movedim(-1, 0).as_subclass(Tagged),
        lambda x: x.as_subclass(torch.Tensor).movedim(0, -1).numpy(),
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_keeps_its_kind_and_has_the_same_patches_hidden(form):
    make, read = FORMS[form]
    hide = ImageMasking(PATCHES, seed=0)
    hide.set_epoch(0)
    given = make(PIXELS)
    out = hide({"image": given, "image_id": 5, "boxes": "boxes"})
    assert type(out["image"]) is type(given)
    assert out["boxes"] == "boxes"
    hidden = read(out["image"]) == 0
    cells = hidden.reshape(2, 4, 4, 4, 3).swapaxes(1, 2).reshape(8, -1)
    assert (cells.all(1) == cells.any(1)).all()
    assert cells.all(1).sum() == 4
    np.testing.assert_array_equal(read(out["image"])[~hidden], PIXELS[~hidden])
    np.testing.assert_array_equal(read(given), PIXELS)
    np.testing.assert_array_equal(hidden, hide({"image": PIXELS, "image_id": 5})["image"] == 0)


def test_grey_pictures_and_targets_beside_the_image():
    hide = ImageMasking(PATCHES, seed=0)
    hide.set_epoch(0)
    grey, target = Image.fromarray(PIXELS[..., 0]), {"image_id": torch.tensor(5), "boxes": [[0, 0, 1, 1]]}
    image, same = hide(grey, target)
    assert same is target
    assert image.mode == "L"
    assert hide((grey, target))[1] is target
    np.testing.assert_array_equal(np.asarray(image) == 0, hide({"image": PIXELS, "image_id": 5})["image"][..., 0] == 0)


@pytest.mark.parametrize("fill", ["mean", "noise", "blur", {"mix": {"mean": 0.5, "zero": 0.5}}], ids=str)
def test_fills_that_compute_take_bytes_and_round(fill):
    masking = Masking("iid", 0.5, fill)
    given = PIXELS // 8 + 224  # so bright that noise has to be kept below 256
    hide = ImageMasking(masking, seed=0)
    hide.set_epoch(0)
    out, floats = (hide({"image": image, "image_id": 5})["image"] for image in (given, given.astype(np.float32)))
    assert out.dtype == np.uint8
    np.testing.assert_array_equal(out, floats.round().clip(0, 255).astype(np.uint8))
    assert 0.3 < (out != given).any(-1).mean() <= 0.5
    picture = hide({"image": Image.fromarray(given), "image_id": 5})["image"]
    np.testing.assert_array_equal(np.asarray(picture), out)
    tensor = hide({"image": torch.from_numpy(given).movedim(-1, 0), "image_id": 5})["image"]
    assert tensor.dtype == torch.uint8
    assert np.abs(tensor.movedim(0, -1).numpy().astype(int) - out).max() <= 1, "sums may round the other way"


@pytest.mark.parametrize(
    ("fill", "fragment"),
    [
        ("drop", "use maskwright.adapters.vision.PatchDrop"),
        ("indicator", "no place"),
        ("sentinel", "for text"),
        ("swap", "one at a time"),
        ("marginal", "pool="),
        ({"mix": {"swap": 0.5, "zero": 0.5}}, "fill swap"),
        ({"mean": {"over": "position"}}, "over: example"),
    ],
    ids=str,
)
def test_fills_that_leave_no_image_are_refused_at_construction(fill, fragment):
    with pytest.raises(ConfigError, match=fragment):
        ImageMasking(Masking("iid", 0.5, fill))


def test_the_other_layout_is_refused_and_both_readings_are_named():
    hide = ImageMasking(PATCHES)
    with pytest.raises(MaskingError, match=r"read as \[row, col, C\]: 3 x 8 pixels with 16 .* 8 x 16 pixels with 3"):
        hide(PIXELS.transpose(2, 0, 1))
    with pytest.raises(MaskingError, match=r"read as \[C, row, col\]: 16 x 3 pixels with 8 .* 8 x 16 pixels with 3"):
        hide(torch.from_numpy(PIXELS))
    assert hide(torch.ones(13, 8, 16)).shape == (13, 8, 16), "many channels alone are no reason"
    with pytest.raises(MaskingError, match="read as"):
        mask_images(PATCHES, torch.from_numpy(PIXELS)[None], example_ids=[0])
    with pytest.raises(ConfigError, match="fill drop"):
        mask_images(Masking("iid", 0.5, "drop"), torch.ones(1, 3, 8, 16), example_ids=[0])


def test_epochs_content_and_freshness():
    keyed, fresh = ImageMasking(PATCHES, seed=0), ImageMasking(PATCHES)
    with pytest.raises(MaskingError, match=r"transform\.set_epoch") as caught:
        keyed(PIXELS)
    assert "attach" not in str(caught.value)
    with pytest.raises(MaskingError, match="set_epoch"):
        keyed(PIXELS)
    keyed.set_epoch(0)
    first = keyed(PIXELS)
    np.testing.assert_array_equal(keyed(PIXELS), first)
    keyed.set_epoch(1)
    assert (keyed(PIXELS) != first).any()
    assert len({fresh(PIXELS).tobytes() for _ in range(8)}) > 4


@pytest.mark.parametrize(
    ("given", "fragment"),
    [((), "nothing"), (({"text": 1},), "image"), (("a picture",), "axes"), ((np.ones(3),), "axes")],
)
def test_what_is_no_image_is_refused(given, fragment):
    with pytest.raises(MaskingError, match=fragment):
        ImageMasking(PATCHES)(*given)


class Slotted(torch.nn.Module):
    """A transformer with timm's order of things: embed, add places, `patch_drop`, blocks, class token."""

    def __init__(self, indices=False):
        super().__init__()
        self.patch_embed = torch.nn.Conv2d(3, 16, 4, 4)
        self.cls_token = torch.nn.Parameter(torch.zeros(1, 1, 16))
        self.pos_embed = torch.nn.Parameter(torch.randn(1, 33, 16))
        self.patch_drop = torch.nn.Identity()
        self.block = torch.nn.TransformerEncoderLayer(16, 2, 32, 0.0, batch_first=True)
        self.lengths: list[int] = []

    def forward(self, images):
        x = self.patch_embed(images).flatten(2).mT
        x = torch.cat([self.cls_token.expand(len(x), -1, -1), x], 1) + self.pos_embed
        x = self.patch_drop(x)
        self.lengths.append(x.shape[1])
        return self.block(x)[:, 0]


def test_the_slot_of_a_vision_transformer():
    model, images = Slotted(), torch.rand(3, 3, 16, 32)
    model.patch_drop = PatchDrop(0.75, grid=(4, 8))
    model(images).sum().backward()
    model.eval()(images)
    assert model.lengths == [9, 33]
    assert torch.isfinite(model.patch_embed.weight.grad).all()


@pytest.mark.parametrize("pattern", ["iid", {"block": {}}], ids=str)
def test_masks_are_keyed_by_the_examples(pattern):
    drop = PatchDrop(0.5, pattern=pattern, grid=(4, 8), num_prefix_tokens=2, return_indices=True, seed=3)
    drop.set_epoch(0)
    x = torch.arange(3 * 34 * 2.0).reshape(3, 34, 2)
    with pytest.raises(MaskingError, match="set_examples"):
        drop(x)
    drop.set_examples([5, 6, 7])
    out, kept = drop(x)
    assert kept.shape == (3, 16)
    assert torch.equal(out[:, :2], x[:, :2])
    assert torch.equal(out[:, 2:], torch.stack([row[2:][index] for row, index in zip(x, kept, strict=True)]))
    drop.set_examples([7])
    assert torch.equal(drop(x[:1])[1], kept[2:])
    drop.set_epoch(1)
    drop.set_examples([7])
    assert not torch.equal(drop(x[:1])[1], kept[2:])
    assert drop.eval()(x) == (x, None)


def test_freshness_limits_and_refusals():
    x = torch.rand(2, 5, 3)
    drop = PatchDrop(0.5, return_indices=True)
    assert len({str(drop(x)[1].tolist()) for _ in range(20)}) > 5
    assert PatchDrop(0.99)(x).shape == (2, 2, 3), "one patch stays"
    assert PatchDrop(0.0)(x) is x
    with pytest.raises(ConfigError, match="below 1"):
        PatchDrop(1.0)
    with pytest.raises(MaskingError, match="does not fit 4 patch tokens"):
        PatchDrop(0.5, grid=(3, 3))(x)


@pytest.mark.filterwarnings("ignore")
def test_with_timm_itself():
    timm = pytest.importorskip("timm")
    model = timm.create_model("vit_tiny_patch16_224", img_size=64, depth=1)
    model.patch_drop = PatchDrop(0.5, grid=model.patch_embed.grid_size)
    assert torch.isfinite(model(torch.rand(2, 3, 64, 64))).all()
