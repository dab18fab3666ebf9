from __future__ import annotations

import numpy as np
import pytest

from maskwright import Rng
from maskwright.grid import Grid as Lattice
from maskwright.patterns.grid import Grid

SETTINGS = [
    {"grid": {"period": 2}},
    {"grid": {"period": 1, "law": "checkerboard"}},
    {"grid": {"period": 3, "law": "squares"}},
]


def hide(pattern, count, grid, draws=200):
    valid = np.ones((draws, *grid.shape), dtype=bool)
    return pattern(grid, np.full(draws, count), valid=valid, rng=Rng.from_ids(np.arange(draws)))


def test_every_nth_cell():
    for one in hide(Grid(3), 16, Lattice(row=12, col=12)):
        rows, cols = np.nonzero(one)
        assert len(set((rows % 3).tolist())) == 1
        assert len(set((cols % 3).tolist())) == 1


def test_a_class_is_whole_before_the_next_begins():
    for one in hide(Grid(3), 16 + 5, Lattice(row=12, col=12)):
        classes = [one[r::3, c::3].sum() for r in range(3) for c in range(3)]
        assert sorted(classes)[-2:] == [5, 16]


@pytest.mark.parametrize("field", [1, 2, 4])
def test_checkerboards(field):
    for one in hide(Grid(field, "checkerboard"), 32, Lattice(row=8, col=8)):
        np.testing.assert_array_equal(one, ~np.roll(one, field, axis=0))
        np.testing.assert_array_equal(one, ~np.roll(one, field, axis=1))
        assert one.sum() == 32


def test_squares_grow_with_the_count():
    for side in (1, 2, 3):
        for one in hide(Grid(4, "squares"), 9 * side**2, Lattice(row=12, col=12), draws=60):
            np.testing.assert_array_equal(one, np.roll(one, 4, axis=0))
            assert one.any(1).sum() == one.any(0).sum() == 3 * side


def test_it_begins_at_every_place_equally_often():
    first = np.argmax(hide(Grid(5), 3, Lattice(token=15), 10_000), axis=1)
    share = np.bincount(first, minlength=5) / 10_000
    assert np.abs(share - 0.2).max() < 5 * (0.16 / 10_000) ** 0.5
