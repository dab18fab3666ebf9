from __future__ import annotations

import numpy as np
import pytest

from maskwright import Grid, MaskingError, Rng
from maskwright.patterns import traits
from maskwright.patterns.complement import Complement
from maskwright.patterns.span import Span

SETTINGS = [
    {"complement": {"span": 3}},
    {"complement": {"tied": {"pattern": "iid", "axis": "frame"}}},
    {"complement": {"budgeted": [{"tied": {"pattern": "iid", "axis": "row"}}, 0.4]}},
]

RNG = Rng.from_ids(np.arange(60))


def test_a_pattern_and_its_complement_split_the_input():
    valid = np.random.default_rng(0).random((60, 15)) < 0.8
    n = valid.sum(1)
    count = np.arange(60) % (n + 1)
    grid = Grid(token=15)
    one = Span(length=3)(grid, n - count, valid=valid, rng=RNG)
    two = Complement(Span(length=3))(grid, count, valid=valid, rng=RNG)
    np.testing.assert_array_equal(one ^ two, valid)
    np.testing.assert_array_equal(two.sum(1), count)


def test_what_stays_visible_is_a_span():
    valid = np.ones((60, 12), dtype=bool)
    mask = Complement({"span": 4})(Grid(token=12), np.full(60, 8), valid=valid, rng=RNG)
    assert ((mask != np.roll(mask, 1, axis=1)).sum(1) == 2).all()


def test_units_and_own_counts_are_those_of_the_pattern():
    valid = np.ones((60, 3, 5), dtype=bool)
    grid = Grid(frame=3, patch=5)
    tubes = Complement({"tied": {"pattern": "iid", "axis": "frame"}})
    assert (tubes(grid, np.full(60, 2), valid=valid, rng=RNG).sum((1, 2)) == 2 * 3).all()
    rest = Complement({"budgeted": [{"tied": {"pattern": "iid", "axis": "frame"}}, {"count": 1}]})
    assert traits(rest).sets_own_count
    assert (rest(grid, np.full(60, 5), valid=valid, rng=RNG).sum((1, 2)) == 4 * 3).all()
    assert (rest(grid, np.full(60, 2), valid=valid, rng=RNG).sum((1, 2)) == 2).all(), "a bound is kept"


def test_a_grid_that_does_not_fit_is_refused():
    pattern = Complement({"tied": {"pattern": "iid", "axis": "frame"}})
    with pytest.raises(MaskingError, match="complement"):
        pattern(Grid(token=2), np.array([1]), valid=np.ones((1, 2), dtype=bool), rng=RNG)
