"""What remains once cells are taken out."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from maskwright.geometry.kept import existing, kept, run_starts, take

STAY = np.array([[1, 0, 1, 1, 0], [0, 0, 0, 1, 0], [0, 0, 0, 0, 0], [1, 1, 1, 1, 1]], dtype=bool)
X = np.arange(20).reshape(4, 5)


@pytest.mark.parametrize("make", [np.array, torch.tensor])
@pytest.mark.parametrize("left", [False, True])
def test_what_remains_moves_together_and_keeps_its_order(make, left):
    index, present = kept(make(STAY), left)
    rows = np.asarray(take(make(X), index, present, -1)).tolist()
    for row, x, stay in zip(rows, X, STAY, strict=True):
        body, padding = x[stay].tolist(), [-1] * (5 - int(stay.sum()))
        assert row == (padding + body if left else body + padding)


def test_the_width_is_the_most_that_remains():
    index, present = kept(STAY[:3])
    assert index.shape == present.shape == (3, 3)
    assert kept(STAY[2:3])[0].shape == (1, 0)


@pytest.mark.parametrize("make", [np.array, torch.tensor])
def test_cells_exist_up_to_the_last_valid_one_on_each_axis(make):
    valid = np.zeros((3, 3, 4), dtype=bool)
    valid[0, 1, 2] = valid[1, 0, 3] = valid[1, 2, 0] = True
    expected = np.zeros_like(valid)
    expected[0, :2, :3] = True
    expected[1] = True
    np.testing.assert_array_equal(np.asarray(existing(make(valid))), expected)
    assert np.asarray(existing(make(valid | True))).all()


@pytest.mark.parametrize("make", [np.array, torch.tensor])
def test_runs_begin_where_the_cell_before_is_visible(make):
    mask = np.array([[1, 1, 0, 1, 0, 1], [0, 0, 1, 1, 1, 0]], dtype=bool)
    starts = np.asarray(run_starts(make(mask)))
    np.testing.assert_array_equal(starts, np.array([[1, 0, 0, 1, 0, 1], [0, 0, 1, 0, 0, 0]], dtype=bool))
    assert np.asarray(run_starts(make(mask[:, :0]))).shape == (2, 0)
