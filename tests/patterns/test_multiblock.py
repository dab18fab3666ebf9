from __future__ import annotations

import numpy as np
import pytest

from maskwright import ConfigError, Grid, Rng
from maskwright.patterns.multiblock import Multiblock

SETTINGS = ["multiblock", {"multiblock": {"published": True, "duration": 0.5}}]

IMAGE, CLIP = Grid(row=14, col=14), Grid(frame=8, row=14, col=14)


def blocks(pattern, grid=IMAGE, draws=2000):
    valid = np.ones((draws, *grid.shape), dtype=bool)
    return pattern.blocks(grid, valid=valid, rng=Rng.from_ids(np.arange(draws)))


def area_and_aspect_together(targets):
    rows, cols = targets.any(3).sum(2)[:, 0], targets.any(2).sum(2)[:, 0]
    return np.corrcoef(rows * cols, rows / cols)[0, 1]


def test_targets_are_rectangles_of_their_scale_and_aspect():
    _, targets = blocks(Multiblock())
    rows, cols = targets.any(3).sum(2), targets.any(2).sum(2)
    np.testing.assert_array_equal(targets.sum((2, 3)), rows * cols)
    share = rows * cols / 196
    assert 0.12 < share.min() < share.max() < 0.23, "0.15 of 196 cells with an aspect of 1 is rounded to 5 x 5"
    assert abs(share.mean() - 0.175) < 0.005
    aspect = rows / cols
    assert aspect.min() > 0.6
    assert aspect.max() < 1.8
    assert (rows == rows[:, :1]).all(), "the targets of an example have one size"


def test_the_context_has_no_cell_of_a_target_and_the_mask_is_the_rest():
    context, targets = blocks(Multiblock())
    assert not (context[:, None] & targets).any()
    valid = np.ones((2000, 14, 14), dtype=bool)
    mask = Multiblock()(IMAGE, np.full(2000, 196), valid=valid, rng=Rng.from_ids(np.arange(2000)))
    np.testing.assert_array_equal(mask, ~context)
    large = context | targets.any(1)
    assert (large.sum((1, 2)) >= 0.8 * 196).all()


def test_every_cell_is_a_target_and_context_equally_often():
    context, targets = blocks(Multiblock(), draws=20_000)
    for mask in (context, targets[:, 0]):
        rate = mask.mean(0)
        p = rate.mean()
        assert np.abs(rate - p).max() < 5 * (p * (1 - p) / 20_000) ** 0.5


def test_published_faults_of_images():
    context, targets = blocks(Multiblock(published=True))
    assert not targets[..., -1, :].any(), "the released code never chooses the last row"
    assert not targets[..., :, -1].any()
    assert not context[:, -1].any()
    # One random number for both: large targets are the tall ones. Sides are rounded, which blurs it.
    assert area_and_aspect_together(targets) > 0.5
    assert abs(area_and_aspect_together(blocks(Multiblock())[1])) < 0.1
    # Per row, measured from the released collator: .049 .100 ... .309 ... .049 .000
    by_row = targets.mean((0, 1, 3))
    assert abs(by_row[0] - 0.049) < 0.01
    assert abs(by_row[6] - 0.309) < 0.02
    assert Multiblock(published=True).biased


def test_published_clips_stay_inside_and_ours_go_around():
    law = {"targets": 8, "min_scale": 0.15, "max_scale": 0.15, "min_context": 1.0}
    context, targets = blocks(Multiblock(**law, published=True), CLIP, 400)
    np.testing.assert_array_equal(context, ~targets.any(1))
    assert targets[..., -1, :].any()
    corner, centre = targets[..., 0, 0].mean(), targets[..., 7, 7].mean()
    assert corner < 0.3 * centre
    around = blocks(Multiblock(**law), CLIP, 400)[1]
    assert around[..., 0, 0].mean() > 0.7 * around[..., 7, 7].mean()


def test_duration_is_a_share_of_the_frames():
    _, targets = blocks(Multiblock(duration=0.5), CLIP, 100)
    assert (targets.any((3, 4)).sum(2) == 4).all()
    _, targets = blocks(Multiblock(duration=0.0), CLIP, 100)
    assert (targets.any((3, 4)).sum(2) == 1).all()


def test_limits_the_wrong_way_round_are_refused():
    with pytest.raises(ConfigError, match=r"min_scale is 0\.5, above max_scale"):
        Multiblock(min_scale=0.5)
    with pytest.raises(ConfigError, match="published"):
        Multiblock(published=1)
