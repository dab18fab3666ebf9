from __future__ import annotations

import numpy as np
import pytest

from maskwright import ConfigError, Grid, Masking, MaskingError, Rng
from maskwright.patterns import traits
from maskwright.patterns.coarse import Coarse

SETTINGS = [
    {"coarse": {"pattern": "iid", "size": 2}},
    {"coarse": {"pattern": {"span": 2}, "size": [2, 3]}},
    {"coarse": {"pattern": {"coarse": {"pattern": "block", "size": 2}}, "size": 1}},
]


def hide(pattern, count, grid, draws=300):
    valid = np.ones((draws, *grid.shape), dtype=bool)
    return pattern(grid, np.full(draws, count), valid=valid, rng=Rng.from_ids(np.arange(draws)))


def test_boxes_are_hidden_whole_and_counted():
    mask = hide(Coarse("iid", 8), 9, Grid(row=48, col=48))
    boxes = mask.reshape(-1, 6, 8, 6, 8).sum((2, 4))
    assert set(boxes.ravel().tolist()) == {0, 64}
    assert (boxes.any((1, 2)) & ((boxes > 0).sum((1, 2)) == 9)).all()


def test_boxes_at_a_border_are_smaller_but_whole():
    mask = hide(Coarse("iid", 2), 1, Grid(row=3, col=5))
    assert set(mask.sum((1, 2)).tolist()) == {1, 2, 4}
    corner = mask[mask[:, 2, 4]]
    assert (corner.sum((1, 2)) == 1).all()
    assert len(corner) > 20


def test_a_size_for_each_axis():
    mask = hide(Coarse("iid", (1, 4)), 1, Grid(time=3, freq=8), draws=50)
    assert (mask.sum((1, 2)) == 4).all()
    assert (mask.any(2).sum(1) == 1).all()


def test_budgets_count_boxes_and_padding_makes_none():
    masking = Masking(Coarse("iid", 4), 0.5, "zero")
    valid = np.zeros((50, 16, 16), dtype=bool)
    valid[:, :8, :9] = True  # two rows of three boxes, the last one cell wide
    out = masking(np.ones((50, 16, 16)), example_ids=range(50), grid=Grid(row=16, col=16), valid=valid)
    assert {int(n) for n in out.mask[:, ::4, ::4].sum((1, 2))} == {3}


def test_signals_are_the_highest_of_a_box():
    scores = np.zeros((1, 4, 6))
    scores[0, 3, 5] = 9.0
    valid = np.ones((1, 4, 6), dtype=bool)
    mask = Coarse("by-score", 2)(Grid(row=4, col=6), np.array([1]), valid=valid, rng=Rng.from_ids([0]), scores=scores)
    assert mask.sum() == mask[0, 2:, 4:].sum() == 4


def test_inner_patterns_keep_what_they_declare():
    assert traits(Coarse("blockwise", 2)).biased
    assert traits(Coarse("blockwise", 2)).sets_own_count
    assert not traits(Coarse("iid", 2)).biased


def test_errors():
    with pytest.raises(ConfigError, match=r"Coarse\.size"):
        Coarse("iid", 0)
    with pytest.raises(ConfigError, match=r"Coarse\.size"):
        Coarse("iid", (2, 2.5))
    with pytest.raises(MaskingError, match="2 axes"):
        hide(Coarse("iid", (2, 2)), 1, Grid(token=8))
    with pytest.raises(MaskingError, match="does not fit"):
        hide(Coarse("blockwise", 2), 1, Grid(token=8))
