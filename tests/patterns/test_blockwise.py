from __future__ import annotations

import numpy as np
import pytest

from maskwright import ConfigError, Grid, Rng
from maskwright.patterns.blockwise import Blockwise

SETTINGS = [
    "blockwise",
    {"blockwise": {"min_area": 2, "complete": True}},
    {"blockwise": {"min_area": 2, "complete": True, "shift": True}},
]

IMAGE = Grid(row=14, col=14)
DRAWS = 4000


def hide(pattern, count=75, grid=IMAGE, draws=DRAWS):
    valid = np.ones((draws, *grid.shape), dtype=bool)
    return pattern(grid, np.full(draws, count), valid=valid, rng=Rng.from_ids(np.arange(draws)))


def corners_and_centre(mask):
    rate = mask.mean(0)
    return rate[[0, 0, -1, -1], [0, -1, 0, -1]].mean(), rate[5:9, 5:9].mean()


def test_published_counts_and_bias():
    # Measured from the released generator, 3000 draws: 66.7 % exact, at least 66, centre .698, corners .040.
    mask = hide(Blockwise())
    count = mask.sum((1, 2))
    error = (0.667 * 0.333 * (1 / DRAWS + 1 / 3000)) ** 0.5
    assert abs((count == 75).mean() - 0.667) < 4 * error
    assert count.max() == 75
    assert count.min() >= 55
    corners, centre = corners_and_centre(mask)
    assert abs(corners - 0.040) < 0.012
    assert abs(centre - 0.698) < 0.02


def test_complete_meets_the_count_and_keeps_the_bias():
    mask = hide(Blockwise(complete=True))
    assert (mask.sum((1, 2)) == 75).all()
    corners, centre = corners_and_centre(mask)
    assert centre > 10 * corners


def test_shift_takes_the_bias():
    mask = hide(Blockwise(complete=True, shift=True))
    rate = mask.mean(0)
    assert np.abs(rate - 75 / 196).max() < 5 * (0.383 * 0.617 / DRAWS) ** 0.5


def test_what_it_declares_follows_the_options():
    assert Blockwise().sets_own_count
    assert Blockwise().biased
    assert not Blockwise(complete=True).sets_own_count
    assert Blockwise(complete=True).biased
    assert not Blockwise(complete=True, shift=True).biased


def test_one_rectangle_is_a_rectangle_inside_the_grid():
    mask = hide(Blockwise(min_area=20), 20, draws=500)
    whole = mask[mask.sum((1, 2)) > 0]
    for one in whole:
        rows, cols = np.flatnonzero(one.any(1)), np.flatnonzero(one.any(0))
        assert len(rows) < 14
        assert len(cols) < 14
        if one.sum() == len(rows) * len(cols):
            assert np.ptp(rows) + 1 == len(rows)
    assert len(whole) > 450


def test_options_are_true_or_false():
    with pytest.raises(ConfigError, match=r"Blockwise\.shift"):
        Blockwise(shift="yes")
