"""Patches dropped or replaced inside every verified family of vision models, against the encoder run by hand."""

from __future__ import annotations

import copy
import json
import os

import pytest
import torch
import transformers as hf

from maskwright import ConfigError, MaskingError
from maskwright.grid import Grid
from maskwright.vision.patch_tokens import PatchTokens, kept_patches

SMALL = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16}
IMAGE = {"image_size": 16, "patch_size": 4}
CLIP = {"vision_config": {**SMALL, **IMAGE, "projection_dim": 8}, "projection_dim": 8,
        "text_config": {**SMALL, "vocab_size": 20, "max_position_embeddings": 8, "projection_dim": 8,
                        "bos_token_id": 0, "pad_token_id": 1, "eos_token_id": 2}}  # fmt: skip
TWO = {"num_labels": 2}
CONFIGS = {
    "ViT": hf.ViTConfig(**SMALL, **IMAGE, **TWO),
    "DeiT": hf.DeiTConfig(**SMALL, **IMAGE, **TWO),
    "Dinov2": hf.Dinov2Config(**SMALL, **IMAGE, **TWO, mlp_ratio=1),
    "Dinov2WithRegisters": hf.Dinov2WithRegistersConfig(**SMALL, **IMAGE, **TWO, mlp_ratio=1, num_register_tokens=3),
    "Beit": hf.BeitConfig(**SMALL, **IMAGE, **TWO, drop_path_rate=0.0, use_absolute_position_embeddings=True),
    "Data2VecVision": hf.Data2VecVisionConfig(
        **SMALL, **IMAGE, **TWO, drop_path_rate=0.0, use_absolute_position_embeddings=True
    ),
    "ViTMSN": hf.ViTMSNConfig(**SMALL, **IMAGE, **TWO),
    "IJepa": hf.IJepaConfig(**SMALL, **IMAGE, **TWO),
    "CLIP": hf.CLIPConfig(**CLIP, **TWO),
    "CLIPVision": hf.CLIPVisionConfig(**CLIP["vision_config"]),
    "Siglip": hf.SiglipConfig(**CLIP, **TWO),
    "SiglipVision": hf.SiglipVisionConfig(**SMALL, **IMAGE),
    "DINOv3ViT": hf.DINOv3ViTConfig(**SMALL, **IMAGE, num_register_tokens=2),
    "VideoMAE": hf.VideoMAEConfig(**SMALL, **IMAGE, **TWO, num_frames=4, tubelet_size=2),
    "Vivit": hf.VivitConfig(**SMALL, image_size=16, num_frames=4, tubelet_size=[2, 4, 4], **TWO),
    "Yolos": hf.YolosConfig(**SMALL, image_size=[16, 16], patch_size=4, num_detection_tokens=3, **TWO),
}
CLASSES = [
    ("ViT", "ViTModel"), ("ViT", "ViTForImageClassification"), ("DeiT", "DeiTModel"),
    ("DeiT", "DeiTForImageClassification"), ("DeiT", "DeiTForImageClassificationWithTeacher"),
    ("Dinov2", "Dinov2Model"), ("Dinov2", "Dinov2ForImageClassification"),
    ("Dinov2WithRegisters", "Dinov2WithRegistersModel"),
    ("Dinov2WithRegisters", "Dinov2WithRegistersForImageClassification"),
    ("Beit", "BeitModel"), ("Beit", "BeitForImageClassification"), ("Data2VecVision", "Data2VecVisionModel"),
    ("Data2VecVision", "Data2VecVisionForImageClassification"), ("ViTMSN", "ViTMSNModel"),
    ("ViTMSN", "ViTMSNForImageClassification"), ("IJepa", "IJepaModel"), ("IJepa", "IJepaForImageClassification"),
    ("CLIPVision", "CLIPVisionModel"), ("CLIPVision", "CLIPVisionModelWithProjection"), ("CLIP", "CLIPModel"),
    ("CLIP", "CLIPForImageClassification"), ("SiglipVision", "SiglipVisionModel"), ("Siglip", "SiglipModel"),
    ("Siglip", "SiglipForImageClassification"), ("DINOv3ViT", "DINOv3ViTModel"), ("VideoMAE", "VideoMAEModel"),
    ("VideoMAE", "VideoMAEForVideoClassification"), ("Vivit", "VivitModel"),
    ("Vivit", "VivitForVideoClassification"), ("Yolos", "YolosModel"), ("Yolos", "YolosForObjectDetection"),
]  # fmt: skip
ALL = pytest.mark.parametrize(("family", "name"), CLASSES, ids=[name for _, name in CLASSES])
HEADS = [row for row in CLASSES if row[1] not in ("ViTModel", "DeiTModel", "ViTMSNModel", "VivitModel", "Dinov2Model")]


def make(family: str, name: str, **changes):
    config = copy.deepcopy(CONFIGS[family])
    for key, value in changes.items():
        setattr(config, key, value)
    model = getattr(hf, name)(config)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():  # many begin as zeros, in which a mistake would not show
            parameter.copy_(0.3 * torch.randn(parameter.shape, generator=generator))
    return model.eval()


def inputs(family: str, batch: int = 3) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    shape = (batch, 4, 3, 16, 16) if family in ("VideoMAE", "Vivit") else (batch, 3, 16, 16)
    given = {"pixel_values": torch.randn(shape, generator=generator)}
    if family in ("CLIP", "Siglip"):
        given["input_ids"] = torch.tensor([[0, 5, 7, 2]]).expand(batch, -1)
    return given


def fitted(model, family: str, batch: int = 3) -> dict[str, torch.Tensor]:
    given = inputs(family, batch)
    return given if hasattr(model, "text_model") else {"pixel_values": given["pixel_values"]}


def mask_of(handle: PatchTokens, pixels: torch.Tensor, counts: list[int]) -> torch.Tensor:
    n = handle.grid(pixels.shape).size
    order = torch.rand(len(counts), n, generator=torch.Generator().manual_seed(2)).argsort(1)
    return order < torch.tensor(counts)[:, None]


def tensors(output) -> dict[str, torch.Tensor]:
    names = ("logits", "pred_boxes", "last_hidden_state", "pooler_output", "image_embeds", "logits_per_image",
             "distillation_logits")  # fmt: skip
    return {name: output[name] for name in names if output.get(name) is not None}


def on_pixels(mask: torch.Tensor, pixels: torch.Tensor) -> torch.Tensor:
    """The mask [B, n] as wide as the pixels, row by row as patches are counted."""
    wide = mask.view(-1, 2, 4, 4).repeat_interleave(2, 1) if pixels.ndim == 5 else mask.view(-1, 4, 4)
    return wide.repeat_interleave(4, -2).repeat_interleave(4, -1).unsqueeze(-3).expand_as(pixels)


def by_hand(model, given: dict[str, torch.Tensor], row: int, hidden: torch.Tensor) -> dict[str, torch.Tensor]:
    """One example alone, without hooks: its embeddings are computed whole, gathered, and put back into the model."""
    model = copy.deepcopy(model)
    tower = next(part for part in model.modules() if hasattr(part, "embeddings") and not hasattr(part, "text_model")
                 and type(part.embeddings).__name__ not in ("CLIPTextEmbeddings", "SiglipTextEmbeddings"))  # fmt: skip
    alone = {name: value[row : row + 1] for name, value in given.items()}
    more = {"bool_masked_pos": None} if "VideoMAE" in type(model).__name__ else {}
    whole = tower.embeddings(alone["pixel_values"], **more)
    pair = isinstance(whole, tuple)
    whole = whole[0] if pair else whole
    after = 3 if "Yolos" in type(model).__name__ else 0
    before, kept = whole.shape[1] - len(hidden) - after, (~hidden).nonzero()[:, 0]
    index = torch.cat([torch.arange(before), before + kept, torch.arange(whole.shape[1] - after, whole.shape[1])])
    gathered = whole[:, index]
    tower.embeddings.forward = lambda *_, **__: (gathered, (4, 4)) if pair else gathered
    if hasattr(tower, "rope_embeddings"):
        tables = [table[kept] for table in tower.rope_embeddings(alone["pixel_values"])]
        tower.rope_embeddings.forward = lambda _: tuple(tables)
    if after:
        table = tower.encoder.interpolation((16, 16))[:, :, index]
        tower.encoder.interpolation.forward = lambda _: table
    return tensors(model(**alone))


@ALL
def test_dropping_is_the_encoder_on_the_gathered_embeddings(family, name):
    model = make(family, name)
    given = fitted(model, family)
    plain, hooked = model(**given), copy.deepcopy(model)
    handle = PatchTokens.attach(hooked, "drop")
    assert all(torch.equal(value, hooked(**given)[key]) for key, value in tensors(plain).items())
    mask = mask_of(handle, given["pixel_values"], [10, 10, 10])
    grid = handle.grid(given["pixel_values"].shape)
    with torch.no_grad():
        found = tensors(hooked(**given, hidden_patches=mask))
        shaped = tensors(hooked(**given, hidden_patches=mask.view(-1, *grid.shape)))
    for key, value in found.items():
        assert torch.equal(value, shaped[key])
    for row in range(3):
        for key, value in by_hand(model, given, row, mask[row]).items():
            if key == "logits_per_image":
                torch.testing.assert_close(found[key][row : row + 1, row : row + 1], value, rtol=1e-4, atol=1e-4)
            else:
                torch.testing.assert_close(found[key][row : row + 1], value, rtol=1e-4, atol=1e-4)
    if "last_hidden_state" in found:
        assert found["last_hidden_state"].shape[1] == plain.last_hidden_state.shape[1] - 10


@pytest.mark.parametrize("how", ["drop", "mask-token"])
@ALL
def test_pixels_of_hidden_patches_reach_neither_output_nor_gradients(family, name, how):
    model = make(family, name)
    given = fitted(model, family)
    handle = PatchTokens.attach(model, how)
    mask = mask_of(handle, given["pixel_values"], [10, 10, 10])
    wide = on_pixels(mask, given["pixel_values"])
    seen = []
    for other in (7.0, float("nan")):
        pixels = torch.where(wide, other, given["pixel_values"])
        output = tensors(model(**{**given, "pixel_values": pixels}, hidden_patches=mask))
        sum(value.sum() for value in output.values()).backward()
        seen.append([*output.values(), *(p.grad.clone() for p in model.parameters() if p.grad is not None)])
        model.zero_grad()
    for one, two in zip(*seen, strict=True):
        assert torch.isfinite(one).all()
        assert torch.equal(one, two)
    if how == "mask-token":
        assert handle._place.embeddings.mask_token.numel() == 16


@pytest.mark.parametrize(("family", "name"), HEADS, ids=[name for _, name in HEADS])
@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_padded_examples_are_as_each_alone(family, name, attention):
    model = make(family, name)
    model.set_attn_implementation(attention)
    given = fitted(model, family)
    handle = PatchTokens.attach(model, "drop")
    mask = mask_of(handle, given["pixel_values"], [4, 10, 15])
    if family == "VideoMAE" or (family == "Yolos" and attention == "eager"):
        with pytest.raises(MaskingError, match="equally many everywhere"):
            model(**given, hidden_patches=mask)
        return
    with torch.no_grad():
        found = tensors(model(**given, hidden_patches=mask))
        for row in range(3):
            alone = {key: value[row : row + 1] for key, value in given.items()}
            single = tensors(model(**alone, hidden_patches=mask[row : row + 1]))
            for key, value in single.items():
                mine = found[key][row : row + 1]
                if key == "last_hidden_state":  # tokens before the padding
                    end = value.shape[1] - (3 if family == "Yolos" else 0)
                    mine, value = mine[:, :end], value[:, :end]
                elif key == "logits_per_image":
                    mine = mine[:, row : row + 1]
                torch.testing.assert_close(mine, value, rtol=1e-4, atol=1e-4)


@ALL
def test_a_mask_token_takes_the_place_of_the_projected_patch(family, name):
    model = make(family, name)
    given = fitted(model, family)
    handle = PatchTokens.attach(model, "mask-token")
    token = handle._place.embeddings.mask_token
    with torch.no_grad():
        token.copy_(torch.linspace(-1, 1, 16).reshape(token.shape))
    mask = mask_of(handle, given["pixel_values"], [4, 10, 15])
    found = tensors(model(**given, hidden_patches=mask))
    expected = copy.deepcopy(model)
    copied = expected.__dict__["_maskwright_patch_tokens"]
    copied.remove()
    projection = copied._place.projection
    wide = mask.view(3, 1, *handle.grid(given["pixel_values"].shape).shape)
    axes = (1, 16, *(1 for _ in projection.kernel_size))
    vector = token.detach().reshape(axes)
    projection.register_forward_hook(lambda _, __, output: torch.where(wide, vector, output))
    for key, value in tensors(expected(**given)).items():
        torch.testing.assert_close(found[key], value, rtol=1e-4, atol=1e-4)
    if not (family == "IJepa" and name == "IJepaModel"):
        sum((value**2).sum() for value in found.values()).backward()
        assert token.grad.abs().sum() > 0


def test_a_models_own_mask_token_gives_what_bool_masked_pos_gives():
    model = hf.ViTModel(copy.deepcopy(CONFIGS["ViT"]), use_mask_token=True).eval()
    torch.nn.init.normal_(model.embeddings.mask_token)
    given, own = inputs("ViT"), model.embeddings.mask_token
    handle = PatchTokens.attach(model, "mask-token")
    mask = mask_of(handle, given["pixel_values"], [4, 10, 15])
    assert model.embeddings.mask_token is own
    torch.testing.assert_close(
        model(**given, hidden_patches=mask).last_hidden_state, model(**given, bool_masked_pos=mask).last_hidden_state
    )


def test_grid_handle_and_removal():
    model = make("ViT", "ViTForImageClassification")
    given = inputs("ViT")
    first = PatchTokens.attach(model, "drop")
    assert PatchTokens.attach(model, "drop") is first
    assert first.grid((2, 3, 16, 12)) == Grid(row=4, col=3)
    with pytest.raises(MaskingError, match=r"expected \[B, C, row, col\]"):
        first.grid((2, 4, 3, 16, 16))
    video = PatchTokens.attach(make("Vivit", "VivitModel"), "drop")
    assert video.grid((2, 4, 3, 16, 16)) == Grid(frame=2, row=4, col=4)
    mask = mask_of(first, given["pixel_values"], [4, 4, 4])
    dropped = model(**given, hidden_patches=mask).logits
    second = PatchTokens.attach(model, "mask-token")
    assert second is not first
    assert not torch.allclose(model(**given, hidden_patches=mask).logits, dropped)
    with pytest.raises(ConfigError, match="Did you mean 'drop'"):
        PatchTokens.attach(model, "dropp")
    second.remove()
    assert sum(len(part._forward_pre_hooks) + len(part._forward_hooks) for part in model.modules()) == 0
    assert torch.equal(model(**given, hidden_patches=mask).logits, model(**given).logits)  # Transformers ignores it


def test_all_hidden_leaves_the_class_token_and_refuses_models_without_one():
    model = make("Dinov2", "Dinov2ForImageClassification")
    given = inputs("Dinov2")
    PatchTokens.attach(model, "drop")
    some, every = torch.ones(3, 16, dtype=torch.bool), torch.ones(3, 16, dtype=torch.bool)
    some[1:, :2] = False
    logits = model(**given, hidden_patches=some).logits
    assert torch.isfinite(logits).all()
    torch.testing.assert_close(logits[:1], model(**given, hidden_patches=every).logits[:1], rtol=1e-4, atol=1e-4)
    bare = make("IJepa", "IJepaModel")
    PatchTokens.attach(bare, "drop")
    with pytest.raises(MaskingError, match="Leave at least one patch visible"):
        bare(**given, hidden_patches=some)


def test_masks_that_do_not_fit_are_refused_and_leave_nothing_behind():
    model = make("CLIP", "CLIPModel")
    given = inputs("CLIP")
    whole = model(**given).logits_per_image
    PatchTokens.attach(model, "drop")
    for mask, text in (
        (torch.zeros(3, 15, dtype=torch.bool), r"expected the shape \[3, 16\] or \[3, 4, 4\]"),
        (torch.zeros(2, 16, dtype=torch.bool), r"given \[2, 16\]"),
        (torch.zeros(3, 16), "expected bool, True = hidden"),
    ):
        with pytest.raises(MaskingError, match=text):
            model(**given, hidden_patches=mask)
        assert torch.equal(model(**given).logits_per_image, whole)
    assert torch.equal(model(**given, hidden_patches=None).logits_per_image, whole)
    mask = torch.arange(16).expand(3, -1) < 12
    part = model.get_image_features(given["pixel_values"], hidden_patches=mask).pooler_output
    whole_part = model(**given, hidden_patches=mask).image_embeds
    torch.testing.assert_close(part / part.norm(dim=-1, keepdim=True), whole_part)


def test_without_pixels_a_mask_is_an_error():
    model = make("ViT", "ViTModel")
    PatchTokens.attach(model, "drop")
    model.forward = lambda: torch.zeros(1)
    with pytest.raises(MaskingError, match="without pixel_values"):
        model(hidden_patches=torch.zeros(3, 16, dtype=torch.bool))


@pytest.mark.parametrize(
    ("model", "how"),
    [
        (hf.SwinConfig(embed_dim=8, depths=[1, 1], num_heads=[1, 1], image_size=16, patch_size=4), "drop"),
        (hf.SwinConfig(embed_dim=8, depths=[1, 1], num_heads=[1, 1], image_size=16, patch_size=4), "mask-token"),
        (hf.ConvNextConfig(hidden_sizes=[4, 4, 4, 4], depths=[1, 1, 1, 1]), "drop"),
        (hf.ResNetConfig(embedding_size=4, hidden_sizes=[4, 4], depths=[1, 1]), "drop"),
        (hf.BeitConfig(**SMALL, **IMAGE, use_relative_position_bias=True), "drop"),
        (hf.BeitConfig(**SMALL, **IMAGE, use_shared_relative_position_bias=True), "drop"),
    ],
)
def test_other_models_are_refused_with_the_fills_that_work(model, how):
    model = hf.AutoModel.from_config(model)
    with pytest.raises(ConfigError, match="mean, noise or blur") as told:
        PatchTokens.attach(model, how)
    assert type(model).__name__ in str(told.value)
    assert "Dinov2" in str(told.value)
    assert not model._forward_pre_hooks


def test_heads_that_need_the_grid_take_mask_tokens_only():
    model = hf.ViTForMaskedImageModeling(hf.ViTConfig(**SMALL, **IMAGE, encoder_stride=4))
    with pytest.raises(ConfigError, match="mask-token, which keeps the grid"):
        PatchTokens.attach(model, "drop")
    PatchTokens.attach(model, "mask-token")
    mask = torch.arange(16).expand(3, -1) < 12
    assert model(**inputs("ViT"), hidden_patches=mask).reconstruction.shape == (3, 3, 16, 16)
    biased = hf.BeitModel(hf.BeitConfig(**SMALL, **IMAGE, use_relative_position_bias=True))
    PatchTokens.attach(biased, "mask-token")
    assert biased(**inputs("Beit"), hidden_patches=mask).last_hidden_state.shape == (3, 17, 16)
    with pytest.raises(ConfigError, match="before it is wrapped"):
        PatchTokens.attach(torch.nn.Sequential(make("ViT", "ViTModel")), "drop")


@pytest.mark.parametrize(
    ("family", "name", "other", "known"),
    [
        ("ViT", "ViTForImageClassification", "ViTModel", False),
        ("Beit", "BeitForImageClassification", "BeitModel", True),
        ("CLIP", "CLIPModel", "CLIPVisionModel", False),
        ("VideoMAE", "VideoMAEForVideoClassification", "VideoMAEModel", False),
    ],
)
@pytest.mark.parametrize("sharded", [False, True])
def test_a_learned_mask_token_is_saved_and_read_back(tmp_path, family, name, other, known, sharded):
    model = make(family, name)
    given = fitted(model, family)
    handle = PatchTokens.attach(model, "mask-token")
    assert not handle._place.embeddings.mask_token.any()
    with torch.no_grad():
        handle._place.embeddings.mask_token.normal_()
    mask = mask_of(handle, given["pixel_values"], [4, 10, 15])
    model.save_pretrained(tmp_path, max_shard_size="4KB" if sharded else "5GB")
    assert (tmp_path / "model.safetensors.index.json").is_file() == sharded
    loaded, told = type(model).from_pretrained(tmp_path, output_loading_info=True)
    assert not told["missing_keys"]
    assert bool(told["unexpected_keys"]) != known
    for kind in (loaded, getattr(hf, other).from_pretrained(tmp_path)):
        back = PatchTokens.attach(kind, "mask-token", tmp_path)
        assert torch.equal(back._place.embeddings.mask_token, handle._place.embeddings.mask_token)
    mine, theirs = (tensors(m.eval()(**given, hidden_patches=mask)) for m in (model, loaded))
    assert all(torch.equal(value, theirs[key]) for key, value in mine.items())


def test_a_folder_without_a_mask_token_is_an_error(tmp_path):
    make("ViT", "ViTModel").save_pretrained(tmp_path)
    with pytest.raises(ConfigError, match=r"no tensor '\.\.\.embeddings.mask_token'"):
        PatchTokens.attach(make("ViT", "ViTModel"), "mask-token", tmp_path)
    wide = hf.ViTModel(hf.ViTConfig(**{**SMALL, "hidden_size": 8}, **IMAGE), use_mask_token=True)
    wide.save_pretrained(tmp_path / "wide")
    with pytest.raises(ConfigError, match="8 numbers, this model's 16"):
        PatchTokens.attach(make("ViT", "ViTModel"), "mask-token", tmp_path / "wide")


@pytest.mark.parametrize("counts", [[10, 10, 10], [4, 10, 15]])
@pytest.mark.parametrize(
    ("family", "name"), [row for row in CLASSES if "For" in row[1] and row[0] not in ("VideoMAE", "Yolos")]
)
def test_gradient_checkpointing_gives_the_same_gradients(family, name, counts):
    model = make(family, name).train()
    for part in model.modules():
        if isinstance(part, torch.nn.Dropout):
            part.p = 0.0
    given = fitted(model, family)
    handle = PatchTokens.attach(model, "drop")
    mask = mask_of(handle, given["pixel_values"], counts)
    found = []
    for checkpointing in (False, True):
        if checkpointing:
            model.gradient_checkpointing_enable({"use_reentrant": False})
        model.zero_grad()
        tensors(model(**given, hidden_patches=mask))["logits"].sum().backward()
        found.append({key: p.grad.clone() for key, p in model.named_parameters() if p.grad is not None})
    assert found[0].keys() == found[1].keys()
    for key, value in found[0].items():
        torch.testing.assert_close(value, found[1][key])


@pytest.mark.parametrize("how", ["drop", "mask-token"])
@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_bfloat16_autocast_and_whole_models(how, attention):
    for family, name in (("ViT", "ViTForImageClassification"), ("Data2VecVision", "Data2VecVisionModel"),
                         ("Yolos", "YolosModel"), ("Siglip", "SiglipModel")):  # fmt: skip
        if family == "Yolos" and attention == "eager":
            continue
        model = make(family, name)
        model.set_attn_implementation(attention)
        given = fitted(model, family)
        handle = PatchTokens.attach(model, how)
        mask = mask_of(handle, given["pixel_values"], [4, 10, 15])
        exact = tensors(model(**given, hidden_patches=mask))
        with torch.autocast("cpu", dtype=torch.bfloat16):
            rough = tensors(model(**given, hidden_patches=mask))
        for key, value in exact.items():
            assert (rough[key] - value).abs().mean() < 0.1 * value.abs().mean() + 0.05
        assert all(torch.isfinite(v).all() for v in tensors(model.bfloat16()(
            **{**given, "pixel_values": given["pixel_values"].bfloat16()}, hidden_patches=mask)).values())  # fmt: skip


def test_copies_are_independent():
    model = make("ViT", "ViTForImageClassification")
    given = inputs("ViT")
    mask = mask_of(PatchTokens.attach(model, "drop"), given["pixel_values"], [4, 4, 4])
    twin = copy.deepcopy(model)
    wanted = model(**given, hidden_patches=mask).logits
    with torch.no_grad():
        model.vit.embeddings.position_embeddings.zero_()
    PatchTokens.attach(model, "drop").remove()
    assert torch.equal(twin(**given, hidden_patches=mask).logits, wanted)


def test_kept_patches_of_a_batch():
    hidden = torch.tensor([[False, True, False], [True, True, False]])
    index, real = kept_patches(hidden)
    assert index[0].tolist() == [0, 2]
    assert index[1, 0] == 2
    assert real.tolist() == [[True, True], [True, False]]
    index, real = kept_patches(hidden[:1].expand(2, -1))
    assert real is None
    assert kept_patches(torch.ones(2, 3, dtype=torch.bool))[1].tolist() == [[False], [False]]


class Rows(torch.utils.data.Dataset):
    def __len__(self):
        return 4

    def __getitem__(self, row):
        pixels = inputs("ViT", 4)["pixel_values"][row]
        return {"pixel_values": pixels, "labels": row % 2, "hidden_patches": torch.arange(16) < 12}


@pytest.mark.parametrize("how", ["drop", "mask-token"])
def test_the_trainer_hands_the_mask_on(tmp_path, how):
    model = make("ViT", "ViTForImageClassification")
    handle = PatchTokens.attach(model, how)
    before = model.vit.embeddings.position_embeddings.detach().clone()
    arguments = hf.TrainingArguments(
        str(tmp_path), max_steps=1, per_device_train_batch_size=2, report_to=[], save_strategy="no", use_cpu=True,
        disable_tqdm=True, remove_unused_columns=False, gradient_checkpointing=how == "drop", bf16=True,
    )  # fmt: skip
    trainer = hf.Trainer(model, arguments, train_dataset=Rows(), eval_dataset=Rows())
    trainer.train()
    moved = (model.vit.embeddings.position_embeddings.detach() != before).any(-1)[0]
    assert moved[[0, 13, 14, 15, 16]].all()
    assert moved[1:13].any() == (how == "mask-token")
    assert trainer.evaluate()["eval_loss"] > 0
    if how == "mask-token":
        assert handle._place.embeddings.mask_token.any()


def one_process(rank: int, folder: str) -> None:
    os.environ |= {"RANK": str(rank), "WORLD_SIZE": "2"}
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", f"file://{folder}/meet", rank=rank, world_size=2)
    found = {}
    for how in ("drop", "mask-token"):
        model = make("ViT", "ViTForImageClassification")
        handle = PatchTokens.attach(model, how)
        given = inputs("ViT", 4)
        mask = mask_of(handle, given["pixel_values"], [4, 10, 15, 10])
        labels = torch.tensor([0, 1, 1, 0])
        parallel = torch.nn.parallel.DistributedDataParallel(model)
        mine = slice(2 * rank, 2 * rank + 2)
        for hidden in (torch.zeros_like(mask), mask):  # a mask that hides nothing reaches every parameter too
            model.zero_grad()
            parallel(
                pixel_values=given["pixel_values"][mine], labels=labels[mine], hidden_patches=hidden[mine]
            ).loss.backward()
        shared = [p.grad.clone() for p in model.parameters()]
        model.zero_grad()
        model(**given, labels=labels, hidden_patches=mask).loss.backward()
        alone = [p.grad for p in model.parameters()]
        found[how] = max(float((a - b).abs().max()) for a, b in zip(shared, alone, strict=True))
    if rank == 0:
        with open(f"{folder}/found.json", "w", encoding="utf-8") as file:
            json.dump(found, file)
    torch.distributed.destroy_process_group()


@pytest.mark.slow
def test_two_processes_have_the_gradients_of_one(tmp_path):
    torch.multiprocessing.spawn(one_process, (str(tmp_path),), nprocs=2)
    found = json.loads((tmp_path / "found.json").read_text("utf-8"))
    assert max(found.values()) < 1e-5
