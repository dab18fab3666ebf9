from __future__ import annotations

import numpy as np
import pytest
import torch

from maskwright import MaskingError, Rng
from maskwright.audio.time_warp import time_warp

IDS = np.arange(40)


def test_time_is_stretched_in_two_parts_and_the_ends_stay():
    x = np.broadcast_to(np.arange(100.0), (40, 100))
    out = time_warp(x, 20, rng=Rng.from_ids(IDS))
    np.testing.assert_allclose(out[:, [0, -1]], x[:, [0, -1]])
    steps = np.diff(out, axis=1)
    assert (steps > 0).all(), "the order of frames stays"
    shift = np.abs(out - x).max(1)
    assert 10 < shift.max() <= 20 + 1e-9
    assert len(np.unique(out, axis=0)) > 35, "each example has its own"
    for row in steps:
        assert len(np.unique(row.round(9))) <= 3, "two speeds, and the step between them"


def test_torch_agrees_and_the_batch_does_not_matter():
    x = np.random.default_rng(0).standard_normal((40, 60, 3))
    lengths = np.arange(40) + 21
    out = time_warp(x, 5, rng=Rng.from_ids(IDS), lengths=lengths)
    there = time_warp(
        torch.from_numpy(x), 5, rng=Rng.from_ids(torch.from_numpy(IDS)), lengths=torch.from_numpy(lengths)
    )
    np.testing.assert_allclose(out, there.numpy(), rtol=0, atol=1e-12)
    one = time_warp(x[7:8, :40], 5, rng=Rng.from_ids(IDS[7:8]), lengths=lengths[7:8])
    np.testing.assert_array_equal(out[7:8, :40], one)
    turned = time_warp(x.swapaxes(1, 2), 5, rng=Rng.from_ids(IDS), lengths=lengths, axis=2)
    np.testing.assert_array_equal(turned.swapaxes(1, 2), out)


def test_padding_and_short_examples_stay_as_they_are():
    x = np.random.default_rng(0).standard_normal((40, 60))
    lengths = np.repeat([11, 12, 50, 60], 10)
    out = time_warp(x, 5, rng=Rng.from_ids(IDS), lengths=lengths)
    beyond = np.arange(60) >= lengths[:, None]
    np.testing.assert_array_equal(out[beyond], x[beyond])
    np.testing.assert_array_equal(out[:10], x[:10])
    assert (out[20:] != x[20:]).any(1).mean() > 0.8
    np.testing.assert_array_equal(time_warp(x, 0, rng=Rng.from_ids(IDS)), x)
    assert time_warp(x[:, :0], 3, rng=Rng.from_ids(IDS)).shape == (40, 0)


def test_the_array_given_and_its_type_stay():
    for dtype in (np.float16, np.float32, np.float64):
        x = np.random.default_rng(0).standard_normal((40, 60)).astype(dtype)
        before = x.copy()
        out = time_warp(x, 10, rng=Rng.from_ids(IDS))
        assert out.dtype == dtype
        np.testing.assert_array_equal(x, before)
    assert time_warp(torch.ones(2, 30).bfloat16(), 4, rng=Rng.from_ids(torch.arange(2))).dtype is torch.bfloat16


def test_long_inputs_of_short_types_are_warped_as_finely():
    x = np.zeros((40, 4000), dtype=np.float16)
    x[:, 1::2] = 1
    fine = time_warp(x.astype(np.float64), 80, rng=Rng.from_ids(IDS))
    np.testing.assert_allclose(time_warp(x, 80, rng=Rng.from_ids(IDS)), fine, atol=2e-3)


@pytest.mark.parametrize(
    ("x", "options"),
    [
        (np.ones((2, 9), dtype=np.int64), {}),
        (np.ones((2, 9)), {"axis": 2}),
        (np.ones((2, 9)), {"lengths": np.array([3])}),
        (np.ones((2, 9)), {"lengths": np.array([3, 10])}),
    ],
)
def test_what_does_not_fit_is_refused(x, options):
    with pytest.raises(MaskingError, match="time_warp"):
        time_warp(x, 2, rng=Rng.from_ids([0, 1]), **options)


def test_random_numbers_and_lengths_are_moved_to_where_the_cells_lie():
    x, lengths = np.random.default_rng(0).standard_normal((40, 60)), np.arange(40) + 21
    out = time_warp(x, 5, rng=Rng.from_ids(IDS), lengths=lengths)
    there = time_warp(torch.from_numpy(x), 5, rng=Rng.from_ids(IDS), lengths=lengths)
    np.testing.assert_allclose(there.numpy(), out, rtol=0, atol=1e-12)
    back = time_warp(x, 5, rng=Rng.from_ids(torch.from_numpy(IDS)), lengths=lengths.tolist())
    np.testing.assert_array_equal(back, out)
    with pytest.raises(MaskingError, match="given Generator"):
        time_warp(x, 5, rng=np.random.default_rng(0))
