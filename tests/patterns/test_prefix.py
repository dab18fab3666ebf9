from __future__ import annotations

import numpy as np
import pytest

from maskwright import ConfigError, Grid, Masking, MaskingError, Rng
from maskwright.patterns.prefix import Prefix

SETTINGS = ["prefix", {"prefix": "freq"}]

RNG = Rng.from_ids(np.arange(2))


def test_the_first_valid_cells_in_reading_order():
    valid = np.ones((2, 2, 3), dtype=bool)
    valid[1, 0, 0] = False
    mask = Prefix()(Grid(row=2, col=3), np.array([4, 2]), valid=valid, rng=RNG)
    assert mask.astype(int).tolist() == [[[1, 1, 1], [1, 0, 0]], [[0, 1, 1], [0, 0, 0]]]


def test_whole_slices_along_an_axis_and_only_those_that_exist_count():
    valid = np.ones((2, 3, 2), dtype=bool)
    valid[1, 0] = False
    valid[1, 1, 1] = False
    mask = Prefix(axis="frame")(Grid(frame=3, patch=2), np.array([2, 1]), valid=valid, rng=RNG)
    assert mask.astype(int).tolist() == [[[1, 1], [1, 1], [0, 0]], [[0, 0], [1, 0], [0, 0]]]


def test_a_budget_counts_slices():
    out = Masking(pattern=Prefix(axis="col"), budget=0.5, fill="zero")(
        np.ones((2, 3, 4)), grid=Grid(row=3, col=4), example_ids=[0, 1]
    )
    assert (out.mask == (np.arange(4) < 2)).all()


def test_an_axis_that_is_not_there_is_refused():
    with pytest.raises(MaskingError, match="prefix along frame"):
        Prefix(axis="frame")(Grid(row=2), np.array([1]), valid=np.ones((1, 2), bool), rng=RNG)
    with pytest.raises(ConfigError, match="axis"):
        Prefix(axis=3)
