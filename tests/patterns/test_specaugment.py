from __future__ import annotations

import numpy as np
import pytest
import torch

from maskwright import Grid, Masking, Rng
from maskwright.patterns.specaugment import Specaugment

SETTINGS = [
    {"specaugment": {"time_masks": 2, "time_width": 4, "freq_masks": 2, "freq_width": 2}},
    {"specaugment": {"time_masks": 3, "time_width": 3, "freq_width": 2, "total_share": 0.4, "edges": "wrap"}},
    {"specaugment": {"time_masks": 9, "time_share": 0.3, "masks_per_frame": 0.25, "freq_masks": 0}},
]

GRID = Grid(time=100, freq=40)


def lines(pattern, draws=2000, grid=GRID, valid=None):
    """Hidden frames [B, time] and bins [B, freq]."""
    count = np.full(draws, grid.size)
    out = pattern.compact(grid, count, valid=valid, rng=Rng.from_ids(np.arange(draws)))
    return out.axes[grid.axis("time")], out.axes[grid.axis("freq")]


def test_widths_are_uniform_from_zero_to_the_limit():
    time, freq = lines(Specaugment(time_masks=1, time_width=9, freq_masks=1, freq_width=4), draws=20_000)
    for hidden, limit in ((time, 9), (freq, 4)):
        widths = np.bincount(hidden.sum(1), minlength=limit + 1)
        assert len(widths) == limit + 1
        np.testing.assert_allclose(widths / 20_000, 1 / (limit + 1), atol=5 * np.sqrt(0.25 / 20_000))


def test_whole_lines_whatever_the_order_of_axes():
    pattern = Specaugment(time_width=9, freq_width=4)
    ids, count = np.arange(30), np.full(30, GRID.size)
    mask = pattern(GRID, count, valid=np.ones((30, *GRID.shape), dtype=bool), rng=Rng.from_ids(ids))
    turned = Grid(freq=40, time=100)
    other = pattern(turned, count, valid=np.ones((30, *turned.shape), dtype=bool), rng=Rng.from_ids(ids))
    np.testing.assert_array_equal(mask, other.swapaxes(1, 2))
    time, freq = lines(pattern, 30)
    np.testing.assert_array_equal(mask, time[:, :, None] | freq[:, None, :])
    assert len(np.unique(mask.reshape(30, -1), axis=0)) > 25, "each example has masks of its own"


def test_padding_is_never_hidden_and_the_true_length_is_the_measure():
    lengths = np.repeat([10, 30, 100], 200)
    valid = np.broadcast_to((np.arange(100) < lengths[:, None])[:, :, None], (600, *GRID.shape))
    pattern = Specaugment(time_masks=5, time_share=0.2, freq_masks=0)
    time, _ = lines(pattern, 600, valid=valid)
    assert not (time & (np.arange(100) >= lengths[:, None])).any()
    one, _ = lines(Specaugment(time_masks=1, time_share=0.2, freq_masks=0), 600, valid=valid)
    for length, limit in ((10, 2), (30, 6), (100, 20)):
        assert one[lengths == length].sum(1).max() == limit, "time_share caps each mask by the true length"
        assert 0.1 < time[lengths == length].sum(1).mean() / length < 0.5, "short ones lose no more than long ones"


def test_the_total_share_is_a_bound_on_all_masks_together():
    law = {"time_masks": 10, "time_width": 100, "freq_masks": 0}
    free, _ = lines(Specaugment(**law))
    assert free.mean(1).max() > 0.9
    for share in (0.0, 0.04, 0.2, 0.4):
        bound, _ = lines(Specaugment(**law, total_share=share))
        assert bound.sum(1).max() <= round(share * 100)
        assert share == 0 or bound.sum() > 0
    short = np.zeros((300, *GRID.shape), dtype=bool)
    short[:, :7] = True
    bound, _ = lines(Specaugment(**law, total_share=0.5), 300, valid=short)
    assert 0 < bound.sum(1).max() <= 3


def test_adaptive_number_and_width_follow_the_length():
    adaptive = Specaugment(time_masks=20, time_width=1_000_000, time_share=0.04, masks_per_frame=0.04, freq_masks=0)
    grid = Grid(time=1000, freq=2)
    most = []
    for length in (24, 25, 100, 1000):
        valid = np.zeros((2000, *grid.shape), dtype=bool)
        valid[:, :length] = True
        time, _ = lines(adaptive, 2000, grid, valid)
        n = min(20, length * 4 // 100)
        limit = length * 4 // 100
        assert time.sum(1).max() <= n * limit
        most.append(time.sum(1).mean())
    assert most[0] == 0, "a 24-frame utterance has 0.96 of a mask: none"
    assert most[1] == pytest.approx(0.5, abs=0.1), "one mask of width 0 or 1"
    assert most[2] == pytest.approx(4 * 2, rel=0.15)
    assert most[3] == pytest.approx(20 * 20 * 0.8, rel=0.2), "twenty of mean width 20, some overlapping"


def test_ends_are_hidden_less_as_published_and_equally_often_when_wrapped():
    law = {"time_masks": 1, "time_width": 40, "freq_masks": 1, "freq_width": 10}
    time, freq = lines(Specaugment(**law), 20_000)
    assert time[:, -1].sum() == 0
    assert time[:, 0].mean() < 0.2 * time[:, 50].mean()
    wrapped = Specaugment(**law, edges="wrap")
    assert Specaugment(**law).biased
    assert not wrapped.biased
    time, freq = lines(wrapped, 20_000)
    for rate in (time.mean(0), freq.mean(0)):
        assert np.abs(rate - rate.mean()).max() < 5 * np.sqrt(0.25 * 0.75 / 20_000)
    assert time.sum(1).max() == 40


def test_inputs_shorter_than_a_mask():
    for grid in (Grid(time=1, freq=1), Grid(time=3, freq=2), Grid(time=0, freq=4)):
        for edges in ("published", "wrap"):
            x = np.ones((50, *grid.shape), dtype=np.float32)
            masking = Masking(Specaugment(edges=edges), None, "zero")
            out = masking(x, grid=grid, example_ids=np.arange(50))
            assert out.inputs.shape == x.shape


def test_positions_do_not_depend_on_the_type_of_the_data():
    """bfloat16 has 700 distinct whole numbers up to 3000: places kept in it would be coarse."""
    grid = Grid(time=3000, freq=4)
    masking = Masking(Specaugment(time_masks=5, time_width=50), None, "zero")
    ids = torch.arange(8)
    coarse = masking(torch.ones(8, 3000, 4, dtype=torch.bfloat16), grid=grid, example_ids=ids)
    fine = masking(torch.ones(8, 3000, 4, dtype=torch.float64), grid=grid, example_ids=ids)
    assert torch.equal(coarse.mask, fine.mask)
    assert torch.equal(coarse.inputs == 0, coarse.mask)
    starts = np.flatnonzero(np.diff(coarse.mask[:, :, 0].int().numpy(), axis=1).any(0))
    assert (starts[starts > 512] % 4 != 0).any()
