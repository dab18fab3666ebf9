from __future__ import annotations

import numpy as np
import pytest
import torch

from maskwright import Grid, Masking, MaskingError, Mean, Rng, apply_mask
from maskwright.backend.running_mean import RunningMean


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


def test_the_mean_of_each_position_over_other_data():
    pool = np.random.default_rng(0).normal(size=(30, 5, 2))
    pool[3, 1] = np.nan
    x, mask = np.random.default_rng(1).normal(size=(4, 5, 2)), np.random.default_rng(2).random((4, 5)) < 0.5
    wanted = np.broadcast_to(np.nanmean(pool, axis=0), x.shape)
    for facts in (
        {"pool": pool},
        {"statistics": np.nanmean(pool, axis=0)},
        {"statistics": RunningMean("cell").update(pool)},
    ):
        out = apply_mask(x, mask, Mean("position"), **facts)
        np.testing.assert_allclose(out[mask], wanted[mask])
        np.testing.assert_array_equal(out[~mask], x[~mask])
        there = {k: torch.from_numpy(v) if isinstance(v, np.ndarray) else v for k, v in facts.items()}
        same = apply_mask(torch.from_numpy(x), torch.from_numpy(mask), Mean("position"), **there)
        np.testing.assert_allclose(same.numpy(), out, rtol=1e-12)


def test_a_running_mean_is_a_fact_of_a_masking():
    running = RunningMean().update(np.array([[[1.0, 10.0], [3.0, 30.0]]]))
    masking = Masking.from_dict({"pattern": "iid", "budget": 1.0, "fill": {"mean": "running"}})
    out = masking(np.zeros((2, 3, 2)), grid=Grid(time=3), example_ids=[0, 1], statistics=running)
    np.testing.assert_array_equal(out.inputs, np.broadcast_to([2.0, 20.0], (2, 3, 2)))


@pytest.mark.parametrize(
    ("over", "facts", "fragment"),
    [
        ("running", {}, "needs statistics=RunningMean"),
        ("running", {"statistics": np.ones(3)}, "given ndarray"),
        ("running", {"statistics": RunningMean()}, "nothing was seen"),
        ("position", {}, "needs statistics"),
        ("position", {"statistics": np.ones(4)}, "do not fit"),
        ("position", {"pool": np.ones((2, 4))}, "pool"),
    ],
)
def test_a_missing_or_unfit_reference_is_refused(over, facts, fragment):
    with pytest.raises(MaskingError, match=fragment):
        apply_mask(np.ones((2, 3)), np.ones((2, 3), dtype=bool), Mean(over), **facts)
