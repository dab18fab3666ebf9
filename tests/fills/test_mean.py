from __future__ import annotations

import numpy as np
import pytest

from maskwright import Grid, Masking, MaskingError, Mean, Rng, apply_mask


def test_channels_have_means_of_their_own():
    x = np.array([[[1.0, 10.0], [3.0, 30.0], [99.0, 99.0]]])
    out = apply_mask(x, np.array([[False, False, True]]), "mean")
    np.testing.assert_array_equal(out[0, 2], [2.0, 20.0])


def test_padding_does_not_count_and_nothing_visible_gives_zero():
    x, valid = np.array([[1.0, 3.0, 99.0], [5.0, 5.0, 5.0]]), np.array([[True, True, False], [True, True, True]])
    mask = np.array([[False, True, False], [True, True, True]])
    out = Mean()(x, mask, valid=valid, rng=Rng.from_ids([0, 1]))
    np.testing.assert_array_equal(out, [[1.0, 1.0, 99.0], [0.0, 0.0, 0.0]])


def test_images_get_the_mean_of_each_channel():
    x = np.random.default_rng(0).random((2, 4, 4, 3))
    out = Masking.from_dict({"pattern": "iid", "budget": 0.5, "fill": "mean"})(
        x, grid=Grid(row=4, col=4), example_ids=[1, 2]
    )
    for image in range(2):
        hidden = out.mask[image]
        mean = x[image][~hidden].mean(0)
        np.testing.assert_allclose(out.inputs[image][hidden], np.broadcast_to(mean, (hidden.sum(), 3)))


def test_the_mean_of_token_ids_means_nothing():
    with pytest.raises(MaskingError, match="floating-point"):
        apply_mask(np.array([1, 2]), np.array([True, False]), "mean")


def test_half_precision_sums_do_not_overflow():
    x = np.ones((1, 100_000), dtype=np.float16)
    out = apply_mask(x, np.arange(100_000)[None] == 0, "mean")
    assert out.dtype == np.float16
    assert out[0, 0] == 1.0
