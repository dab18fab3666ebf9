from __future__ import annotations

import numpy as np
import pytest

from maskwright import ConfigError, Grid, MaskingError, Rng
from maskwright.patterns.prefix import Prefix
from maskwright.patterns.suffix import Suffix

SETTINGS = ["suffix", {"suffix": {"axis": "row"}}]

RNG = Rng.from_ids(np.arange(3))


def test_the_last_valid_cells_in_reading_order():
    valid = np.ones((3, 5), dtype=bool)
    valid[1, 3:] = False
    mask = Suffix()(Grid(token=5), np.array([2, 2, 9]), valid=valid, rng=RNG)
    assert mask.astype(int).tolist() == [[0, 0, 0, 1, 1], [0, 1, 1, 0, 0], [1, 1, 1, 1, 1]]


def test_it_is_what_the_prefix_leaves_visible():
    valid = np.random.default_rng(0).random((3, 4, 5)) < 0.7
    grid, count = Grid(frame=4, patch=5), np.array([0, 1, 3])
    for axis in (None, "frame", "patch"):
        n = Suffix(axis).bundles(grid, valid).sum(1)
        first = Prefix(axis)(grid, n - count, valid=valid, rng=RNG)
        np.testing.assert_array_equal(Suffix(axis)(grid, count, valid=valid, rng=RNG), valid & ~first)


def test_an_axis_that_is_not_there_is_refused():
    with pytest.raises(MaskingError, match="suffix along frame"):
        Suffix(axis="frame")(Grid(row=2), np.array([1]), valid=np.ones((1, 2), bool), rng=RNG)
    with pytest.raises(ConfigError, match="axis"):
        Suffix(axis=3)
