"""Patches of images and tubelets of clips, in the layout that models take."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from maskwright import Masking, MaskingError, RunningMean
from maskwright.mask import Mask
from maskwright.units.patches import Patches
from maskwright.vision.pixels import hide_pixels

BACKS = pytest.mark.parametrize("back", [np.asarray, torch.from_numpy], ids=["numpy", "torch"])
SHAPES = pytest.mark.parametrize(("shape", "side"), [((6, 3, 12, 20), (4, 5)), ((6, 4, 3, 6, 10), (2, 3, 5))])


def pixels(shape):
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


def over_channels(mask):
    """[B, (frame,) row, col] -> [B, (frame,) 1, row, col]."""
    return np.expand_dims(np.asarray(mask), -3)


@BACKS
@SHAPES
def test_the_layout_stays_and_half_of_the_patches_are_hidden(shape, side, back):
    x, patches = pixels(shape), Patches.of(shape, side)
    given = back(x.copy())
    out = hide_pixels(Masking("iid", 0.5, "zero", unit="patch"), given, patches, example_ids=np.arange(6))
    np.testing.assert_array_equal(out.mask, Mask(np.asarray(out.unit_mask)).pixels(side))
    np.testing.assert_array_equal(out.inputs, np.where(over_channels(out.mask), 0, x))
    np.testing.assert_array_equal(given, x)
    np.testing.assert_array_equal(out.count, [patches.grid.size // 2] * 6)
    assert out.original is given
    own = hide_pixels(Masking("iid", 0.5, "zero"), given, patches, example_ids=np.arange(6), out=given)
    assert own.inputs is given
    np.testing.assert_array_equal(given, out.inputs)
    other = back(np.zeros_like(x))
    into = hide_pixels(Masking("iid", 0.5, "zero"), back(x), patches, example_ids=np.arange(6), out=other)
    assert into.inputs is other
    np.testing.assert_array_equal(other, out.inputs)


@BACKS
@SHAPES
def test_the_mean_is_that_of_the_visible_pixels_of_a_channel(shape, side, back):
    x, patches = pixels(shape), Patches.of(shape, side)
    out = hide_pixels(Masking("iid", 0.5, "mean"), back(x), patches, example_ids=np.arange(6))
    hidden = np.broadcast_to(over_channels(out.mask), shape)
    axes = tuple(a for a in range(1, len(shape)) if a != len(shape) - 3)
    mean = np.nanmean(np.where(hidden, np.nan, x), axis=axes, keepdims=True)
    np.testing.assert_allclose(out.inputs, np.where(hidden, mean, x), rtol=1e-5, atol=1e-6)


@BACKS
@SHAPES
def test_an_indicator_is_one_more_channel(shape, side, back):
    x, patches = pixels(shape), Patches.of(shape, side)
    out = hide_pixels(Masking("iid", 0.5, {"indicator": "zero"}), back(x), patches, example_ids=np.arange(6))
    assert out.inputs.shape == (*shape[:-3], 4, *shape[-2:])
    values, flags = np.split(np.asarray(out.inputs), [3], axis=-3)
    np.testing.assert_array_equal(flags, over_channels(out.mask))
    np.testing.assert_array_equal(values, np.where(flags == 1, 0, x))


@BACKS
@SHAPES
def test_statistics_and_pools_have_the_layout_of_the_pixels(shape, side, back):
    x, patches = pixels(shape), Patches.of(shape, side)
    masking, ids = Masking("iid", 0.5, {"mean": "position"}), np.arange(6)
    pool = pixels((5, *shape[1:]))
    by_channel = np.array([1.0, 2.0, 3.0], dtype=np.float32)
    spread = np.broadcast_to(by_channel[:, None, None], shape[1:])
    cases = (
        ({"pool": back(pool)}, pool.mean(0)),
        ({"statistics": back(pool.mean(0))}, pool.mean(0)),
        ({"statistics": by_channel}, spread),
        ({"statistics": RunningMean().update(np.moveaxis(spread, -3, -1)[None])}, spread),
    )
    for facts, expected in cases:
        out = hide_pixels(masking, back(x), patches, example_ids=ids, **facts)
        hidden = np.broadcast_to(over_channels(out.mask), shape)
        np.testing.assert_allclose(out.inputs, np.where(hidden, expected, x), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("fill", "fragment"), [("drop", "drop removes"), ({"indicator": {"stack": True}}, "leaves no")]
)
def test_fills_that_leave_no_image_are_refused(fill, fragment):
    x = pixels((2, 3, 8, 8))
    with pytest.raises(MaskingError, match=fragment):
        hide_pixels(Masking("iid", 0.5, fill), x, Patches.of(x.shape, 4), example_ids=[0, 1])
    with pytest.raises(MaskingError, match="expected \\[B, 3, 8, 8\\]"):
        hide_pixels(Masking("iid", 0.5, "zero"), x[..., :4], Patches.of(x.shape, 4), example_ids=[0, 1])
