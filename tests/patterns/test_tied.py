from __future__ import annotations

import numpy as np
import pytest

from maskwright import ConfigError, Grid, Masking, MaskingError, Rng
from maskwright.patterns import traits
from maskwright.patterns.iid import Iid
from maskwright.patterns.tied import Tied

SETTINGS = [
    {"tied": {"pattern": "iid", "axis": "frame"}},
    {"tied": {"pattern": "iid", "axis": ["row", "frame"]}},
    {"tied": {"pattern": {"span": 2}, "axis": "freq"}},
    {
        "tied": {
            "pattern": {"tied": {"pattern": {"span": {"length": 2, "law": "geometric"}}, "axis": "row"}},
            "axis": "frame",
        }
    },
]


def rng(n):
    return Rng.from_ids(np.arange(n))


def test_every_frame_has_the_same_cells_hidden_and_the_count_is_of_tubes():
    grid, valid = Grid(frame=4, row=3, col=5), np.ones((50, 4, 3, 5), dtype=bool)
    mask = Tied("iid", axis="frame")(grid, np.full(50, 6), valid=valid, rng=rng(50))
    assert (mask == mask[:, :1]).all()
    assert (mask.sum((1, 2, 3)) == 6 * 4).all()
    flat = Iid()(Grid(row=3, col=5), np.full(50, 6), valid=valid[:, 0], rng=rng(50))
    np.testing.assert_array_equal(mask[:, 0], flat)


def test_two_axes_tied_leave_lines_of_the_third():
    grid, valid = Grid(frame=2, row=3, col=4), np.ones((20, 2, 3, 4), dtype=bool)
    mask = Tied(Iid(), axis=("row", "frame"))(grid, np.full(20, 1), valid=valid, rng=rng(20))
    assert (mask.any((1, 2)).sum(1) == 1).all()
    assert (mask.sum((1, 2, 3)) == 6).all()


def test_a_tube_is_where_any_of_its_cells_is_valid_and_only_those_are_hidden():
    valid = np.zeros((1, 2, 3), dtype=bool)
    valid[0, 0, 0] = valid[0, 1, 2] = True
    tied, grid = Tied("iid", axis="frame"), Grid(frame=2, patch=3)
    assert tied.bundles(grid, valid).tolist() == [[True, False, True]]
    np.testing.assert_array_equal(tied(grid, np.array([2]), valid=valid, rng=rng(1)), valid)


def test_a_budget_counts_tubes():
    masking = Masking(pattern=Tied("iid", axis="time"), budget=0.5, fill="zero")
    out = masking(np.ones((30, 7, 4)), grid=Grid(time=7, freq=4), example_ids=np.arange(30))
    assert (out.mask.any(1).sum(1) == 2).all()


def test_signals_are_tied_by_their_highest_number():
    scores = np.zeros((1, 2, 3))
    scores[0, 1, 1] = 5.0
    valid = np.ones((1, 2, 3), dtype=bool)
    tied = Tied("by-score", axis="frame")
    assert traits(tied).signals == ("scores",)
    mask = tied(Grid(frame=2, patch=3), np.array([1]), valid=valid, rng=rng(1), scores=scores)
    assert mask[0].tolist() == [[False, True, False]] * 2
    valid[0, 1, 1] = False
    scores[0, 0, 2] = 1.0
    mask = tied(Grid(frame=2, patch=3), np.array([1]), valid=valid, rng=rng(1), scores=scores)
    assert mask[0].tolist() == [[False, False, True]] * 2, "numbers of cells that are not valid do not count"
    mask = tied(Grid(frame=2, patch=3), np.array([1]), valid=valid, rng=rng(1), scores=scores > 0.5)
    assert mask[0].tolist() == [[False, False, True]] * 2, "true and false are numbers too"


def test_declarations_are_those_of_the_pattern():
    assert traits(Tied({"fixed": {"first": 1}}, axis="row")).sets_own_count
    assert traits(Tied({"fixed": {"first": 1}}, axis="row")).biased
    assert not traits(Tied("iid", axis="row")).biased


def test_what_does_not_fit_is_refused():
    for wrong in ((), ("row", "row"), "", 3, None, {"row": 1}, (("row",),)):
        with pytest.raises(ConfigError, match="axis"):
            Tied("iid", axis=wrong)
    cells, grid = np.ones((1, 2, 3), dtype=bool), Grid(row=2, col=3)
    with pytest.raises(MaskingError, match="scores"):
        Tied("by-score", axis="row")(grid, np.array([1]), valid=cells, rng=rng(1), scores=np.ones((1, 3, 3)))
    tied = Tied("iid", axis="frame")
    for grid in (Grid(frame=3), Grid(row=3, col=2)):
        valid = np.ones((1, *grid.shape), dtype=bool)
        assert not tied.fits(grid)
        with pytest.raises(MaskingError, match="tied over frame"):
            tied(grid, np.array([1]), valid=valid, rng=rng(1))
