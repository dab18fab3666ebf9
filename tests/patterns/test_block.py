from __future__ import annotations

import numpy as np
import pytest

from maskwright import ConfigError, Grid, Rng
from maskwright.patterns.block import Block

SETTINGS = ["block", {"block": {"min_area": 0.05, "max_area": 0.3, "of": "grid"}}]

IMAGE = Grid(row=14, col=14)


def hide(pattern, count, grid=IMAGE, draws=2000, seed=0):
    valid = np.ones((draws, *grid.shape), dtype=bool)
    rng = Rng.from_ids(np.arange(draws), seed=seed)
    return pattern(grid, np.full(draws, count), valid=valid, rng=rng)


def hidden_neighbours(mask):
    """Mean number of hidden pairs next to each other, around the borders."""
    pairs = (mask & np.roll(mask, 1, axis=1)).sum((1, 2)) + (mask & np.roll(mask, 1, axis=2)).sum((1, 2))
    return pairs.mean()


def test_one_box_is_a_rectangle_on_the_torus():
    # A box as large as the count covers it alone, but for rounding of its sides.
    mask = hide(Block(min_area=1.0, aspect=1.0), 36)
    rows, cols = mask.any(2).sum(1), mask.any(1).sum(1)
    assert (rows == 6).all()
    assert (cols == 6).all()
    assert (mask.sum((1, 2)) == 36).all()


def test_hidden_cells_lie_together():
    blocks, alone = hidden_neighbours(hide(Block(), 78)), hidden_neighbours(hide(Block(0.01, 0.01, "grid"), 78))
    chance = 2 * 196 * (78 / 196) * (77 / 195)
    assert blocks > 1.7 * chance
    assert alone < 1.5 * chance


def test_aspects_are_log_uniform_between_their_limits():
    mask = hide(Block(min_area=1.0, aspect=0.3), 36, draws=4000)
    rows, cols = mask.any(2).sum(1), mask.any(1).sum(1)
    ratio = np.log(rows / cols)
    # Mean 0 and variance (2 ln(1/0.3))**2 / 12, up to the rounding of sides and the cut of the last box.
    assert abs(ratio.mean()) < 0.06
    assert 0.75 < ratio.var() / ((2 * np.log(1 / 0.3)) ** 2 / 12) < 1.25
    assert rows.min() == 3
    assert rows.max() >= 11


@pytest.mark.parametrize("area", [0.05, 0.25])
def test_areas_are_shares_of_the_grid_or_of_the_count(area):
    mask = hide(Block(area, area, of="grid", aspect=1.0), round(area * 196), draws=200)
    side = round((area * 196) ** 0.5)
    assert (np.abs(mask.any(2).sum(1) - side) <= 1).all()
    small = hide(Block(0.25, 0.25, of="count", aspect=1.0), 64, draws=200)
    assert (small[:, :, :].any(2).sum(1) >= 4).all()
    assert small.any(2).sum(1).mean() > side, "several boxes of 16 cells, not one of 64"


def test_small_boxes_at_high_ratios_reach_the_count():
    for count in (150, 190, 195, 196):
        assert (hide(Block(0.01, 0.02, "grid"), count, draws=300).sum((1, 2)) == count).all()


def test_three_axes_make_cuboids():
    mask = hide(Block(min_area=1.0, aspect=1.0), 64, Grid(frame=8, row=8, col=8), draws=300)
    for axis in (1, 2, 3):
        others = tuple(a for a in (1, 2, 3) if a != axis)
        assert (mask.any(axis=others).sum(1) == 4).all()


def test_a_long_axis_takes_what_a_short_one_cannot_hold():
    mask = hide(Block(min_area=1.0, aspect=1.0), 80, Grid(frame=2, col=100), draws=100)
    assert (mask.any(1).sum(1) == 40).all()


def test_areas_the_wrong_way_round_are_refused():
    with pytest.raises(ConfigError, match=r"min_area is 0\.5, above max_area"):
        Block(min_area=0.5, max_area=0.2)
