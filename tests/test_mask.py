from __future__ import annotations

import numpy as np
import pytest
import torch

from maskwright import Grid, Masking, MaskingError
from maskwright.mask import Mask
from tests.settings import small_vocabulary

BACKS = pytest.mark.parametrize("back", [np.asarray, torch.from_numpy], ids=["numpy", "torch"])


def masks(examples=5, grid=(3, 4), count=5, seed=0):
    order = np.random.default_rng(seed).random((examples, int(np.prod(grid)))).argsort(1)
    return (order < count).reshape((examples, *grid))


@BACKS
def test_indices_of_equal_counts(back):
    hidden = masks()
    mask = Mask(back(hidden))
    flat = hidden.reshape(5, 12)
    assert mask.keep_indices().tolist() == [np.flatnonzero(~row).tolist() for row in flat]
    assert mask.hidden_indices().tolist() == [np.flatnonzero(row).tolist() for row in flat]
    np.testing.assert_array_equal(mask.bool_masked_pos, flat)
    np.testing.assert_array_equal(mask.context[0], mask.keep_indices())
    np.testing.assert_array_equal(mask.targets[0], mask.hidden_indices())


@BACKS
def test_unequal_counts_and_cells_that_do_not_exist(back):
    hidden = np.array([[1, 0, 0, 1], [0, 0, 1, 0], [0, 0, 0, 0]], dtype=bool)
    valid = np.array([[1, 1, 1, 1], [0, 1, 1, 1], [0, 0, 0, 0]], dtype=bool)
    mask = Mask(back(hidden), back(valid))
    index, present = mask.keep_indices(padded=True)
    assert index.tolist() == [[1, 2], [1, 3], [0, 0]]
    assert present.tolist() == [[True, True], [True, True], [False, False]]
    assert mask.position_ids(padded=True)[0].tolist() == [[1, 2], [0, 2], [0, 0]]
    assert mask.cu_seqlens.tolist() == [0, 2, 4, 4]
    assert str(mask.cu_seqlens.dtype).endswith("int32")
    assert mask.ids_restore.tolist() == [[2, 0, 1, 3], [3, 0, 2, 1], [0, 1, 2, 3]]
    for call in (mask.keep_indices, mask.hidden_indices, mask.position_ids, lambda: mask.context):
        with pytest.raises(MaskingError, match=r"0 to 2.*padded=True"):
            call()


@BACKS
def test_sorting_the_noise_keeps_exactly_the_visible_cells(back):
    for count in range(13):
        mask = Mask(back(masks(count=count)))
        order = np.argsort(np.asarray(mask.noise), axis=1)
        np.testing.assert_array_equal(order[:, : 12 - count], mask.keep_indices())
        np.testing.assert_array_equal(np.argsort(order, axis=1), mask.ids_restore)
        assert int(12 * (1 - mask.mask_ratio)) == 12 - count


def test_the_ratio_gives_back_the_count_where_rounding_down_does_not():
    for cells in (10, 100, 196, 400, 1568):
        hidden = np.arange(cells)[None] < np.arange(cells + 1)[:, None]
        for row in hidden[:: max(1, cells // 50)]:
            mask = Mask(row[None])
            assert int(cells * (1 - mask.mask_ratio)) == (~row).sum()


@BACKS
def test_labels_pixels_and_the_way_back(back):
    hidden = masks()
    mask, ids = Mask(back(hidden), grid=Grid(row=3, col=4)), np.arange(60).reshape(5, 3, 4)
    np.testing.assert_array_equal(mask.labels(back(ids)), np.where(hidden, ids, -100))
    np.testing.assert_array_equal(mask.labels(back(ids.astype(np.uint8))), np.where(hidden, ids, -100))
    with pytest.raises(MaskingError, match="whole numbers"):
        mask.labels(back(ids / 2))
    np.testing.assert_array_equal(mask.pixels(2), hidden.repeat(2, 1).repeat(2, 2))
    np.testing.assert_array_equal(mask.pixels((1, 3)), hidden.repeat(3, 2))
    x = np.random.default_rng(1).normal(size=(5, 12, 7))
    kept = back(np.take_along_axis(x, np.asarray(mask.keep_indices())[..., None], axis=1))
    token = np.arange(7.0)
    restored = mask.restore(kept, back(token))
    np.testing.assert_array_equal(restored, np.where(hidden[..., None], token, x.reshape(5, 3, 4, 7)))


@pytest.mark.parametrize(
    ("call", "fragment"),
    [
        (lambda m: Mask(m.astype(int)), "expected bool"),
        (lambda m: Mask(m, m), None),
        (lambda m: Mask(m, ~m), "not valid"),
        (lambda m: Mask(m, grid=Grid(cell=12)), "expected bool of shape"),
        (lambda m: Mask(m).pixels(0), "pixels"),
        (lambda m: Mask(m).pixels((2, 2, 2)), "pixels"),
        (lambda m: Mask(m).labels(np.zeros((5, 12))), "labels"),
        (lambda m: Mask(m).restore(np.zeros((5, 3))), "restore"),
        (lambda m: Mask([[True]]), "list"),
    ],
)
def test_what_does_not_fit_is_refused(call, fragment):
    if fragment is None:
        assert call(masks()).keep_indices().shape == (5, 0)
        return
    with pytest.raises(MaskingError, match=fragment):
        call(masks())


def test_empty_batches_and_grids():
    for shape in ((0, 4), (3, 0), (0, 0)):
        mask = Mask(np.zeros(shape, dtype=bool))
        assert mask.keep_indices().shape == (shape[0], shape[1] if shape[0] else 0)
        assert mask.noise.shape == shape
        assert mask.cu_seqlens.tolist() == [0] * (shape[0] + 1)
        assert mask.position_ids().shape == mask.keep_indices().shape


def test_the_view_of_a_masking():
    masking = Masking.from_dict({"pattern": "iid", "budget": {"count": 3}, "fill": "zero"})
    valid = np.arange(8)[None] < np.array([[8], [5]])
    out = masking(np.ones((2, 8)), grid=Grid(time=8), valid=valid, example_ids=[0, 1])
    np.testing.assert_array_equal(out.view.hidden, out.mask)
    np.testing.assert_array_equal(out.view.cu_seqlens, [0, 5, 7])
    assert out.view.grid == Grid(time=8)


def test_the_view_of_a_text_counts_special_tokens_and_leaves_padding_out():
    batch = {
        "input_ids": np.array([[0, 1, 6, 7, 2], [1, 6, 7, 8, 2]]),
        "attention_mask": np.array([[0] + [1] * 4, [1] * 5]),
    }
    for fill in ("mask-token", "drop"):
        out = Masking.from_dict({"pattern": "iid", "budget": 1.0, "fill": fill})(
            batch, example_ids=[0, 1], vocabulary=small_vocabulary()
        )
        np.testing.assert_array_equal(out.view.labels(batch["input_ids"]), out.reconstruction_labels())
        if fill == "mask-token":
            assert out.view.keep_indices().tolist() == [[1, 4], [0, 4]]
            assert out.view.position_ids().tolist() == [[0, 3], [0, 4]]
            assert out.view.cu_seqlens.tolist() == [0, 2, 4]


SMALL = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 8, "num_channels": 1}


def test_vit_mae_hides_what_the_noise_says():
    from transformers import ViTMAEConfig, ViTMAEModel

    for count in (1, 8, 12):
        mask = Mask(torch.from_numpy(masks(3, (4, 4), count)))
        model = ViTMAEModel(ViTMAEConfig(image_size=8, patch_size=2, mask_ratio=mask.mask_ratio, **SMALL)).eval()
        out = model(torch.rand(3, 1, 8, 8), noise=mask.noise)
        assert torch.equal(out.mask == 1, mask.bool_masked_pos)
        assert torch.equal(out.ids_restore, mask.ids_restore)
        assert out.last_hidden_state.shape[1] == 16 - count + 1


def test_vit_with_mask_tokens_sees_no_hidden_pixel():
    from transformers import ViTConfig, ViTForMaskedImageModeling

    mask = Mask(torch.from_numpy(masks(2, (4, 4), 7)))
    config = ViTConfig(image_size=8, patch_size=2, encoder_stride=2, **SMALL)
    model = ViTForMaskedImageModeling(config).eval()
    under = mask.pixels(2)[:, None].float()
    plain, below, beside = (
        model(pixels, bool_masked_pos=mask.bool_masked_pos).reconstruction
        for pixels in (under, under * 9, under + (1 - under) * 9)
    )
    assert torch.equal(plain, below)
    assert not torch.allclose(plain, beside)


def test_video_mae_drops_what_is_hidden():
    from transformers import VideoMAEConfig, VideoMAEForPreTraining

    mask = Mask(torch.from_numpy(masks(2, (2, 2, 2), 5)), grid=Grid(frame=2, row=2, col=2))
    small = {"decoder_num_hidden_layers": 1, "decoder_hidden_size": 8, "decoder_num_attention_heads": 1}
    sizes = {"decoder_intermediate_size": 8, "image_size": 8, "patch_size": 4, "num_frames": 4, "tubelet_size": 2}
    model = VideoMAEForPreTraining(VideoMAEConfig(**{**SMALL, "num_channels": 3}, **small, **sizes)).eval()
    video = torch.rand(2, 4, 3, 8, 8)
    out = model(video, bool_masked_pos=mask.bool_masked_pos)
    assert out.logits.shape[1] == 5
    hidden = mask.pixels((2, 4, 4))[:, :, None]
    changed = model(torch.where(hidden, video + 1, video), bool_masked_pos=mask.bool_masked_pos)
    assert torch.equal(out.logits, changed.logits)


def test_hiera_keeps_what_the_noise_puts_first():
    from transformers import HieraConfig, HieraModel

    mask = Mask(torch.from_numpy(masks(2, (2, 2), 3)))
    sizes = {"image_size": [16, 16], "patch_size": [3, 3], "patch_stride": [2, 2], "patch_padding": [1, 1]}
    layers = {"depths": [1, 1], "num_heads": [1, 1], "masked_unit_size": [4, 4], "num_query_pool": 1}
    config = HieraConfig(embed_dim=8, num_channels=1, mask_ratio=mask.mask_ratio, **sizes, **layers)
    model = HieraModel(config, is_mae=True).eval()
    out = model(torch.rand(2, 1, 16, 16), noise=mask.noise)
    assert torch.equal(out.bool_masked_pos, ~mask.bool_masked_pos)  # Hiera: True = kept


def test_v_jepa_takes_the_lists():
    from transformers import VJEPA2Config, VJEPA2Model

    mask = Mask(torch.from_numpy(masks(2, (1, 4, 4), 6)), grid=Grid(frame=1, row=4, col=4))
    sizes = {"patch_size": 4, "crop_size": 16, "frames_per_clip": 2, "tubelet_size": 2, "hidden_size": 24}
    layers = {"num_attention_heads": 2, "num_hidden_layers": 1, "pred_hidden_size": 24}
    layers |= {"pred_num_attention_heads": 2, "pred_num_hidden_layers": 1, "pred_num_mask_tokens": 2}
    model = VJEPA2Model(VJEPA2Config(**sizes, **layers)).eval()
    video = torch.rand(2, 2, 3, 16, 16)
    out = model(video, context_mask=mask.context, target_mask=mask.targets)
    assert out.predictor_output.last_hidden_state.shape[1] == 6
    where = mask.hidden_indices()[..., None].expand(-1, -1, 24)
    assert torch.equal(out.predictor_output.target_hidden_state, out.last_hidden_state.gather(1, where))
