from __future__ import annotations

import numpy as np
import pytest
import torch

from maskwright import ConfigError, Fixed, Grid, MaskingError, Rng

SETTINGS = [{"fixed": {"first": 2, "last": 1}}, {"fixed": {"positions": [0, -2, 5]}}]

VALID = np.array([[False, True, True, True, True, False], [True, True, False, False, False, False]])


def hide(pattern, count=(99, 99)):
    return pattern(Grid(token=6), np.array(count), valid=VALID, rng=Rng.from_ids([0, 1])).astype(int).tolist()


def test_positions_count_valid_cells():
    assert hide(Fixed(first=1)) == [[0, 1, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0]]
    assert hide(Fixed(last=1)) == [[0, 0, 0, 0, 1, 0], [0, 1, 0, 0, 0, 0]]
    assert hide(Fixed(positions=(1, -1))) == [[0, 0, 1, 0, 1, 0], [0, 1, 0, 0, 0, 0]]
    assert hide(Fixed(positions=(3,))) == [[0, 0, 0, 0, 1, 0], [0, 0, 0, 0, 0, 0]]


def test_a_budget_is_an_upper_bound():
    assert hide(Fixed(first=3), count=(2, 0)) == [[0, 1, 1, 0, 0, 0], [0] * 6]


def test_a_given_mask_of_any_shape():
    given = np.array([[True, False], [False, True]])
    pattern = Fixed(mask=given)
    assert pattern == Fixed(mask=((True, False), (False, True)))
    grid, valid = Grid(row=2, col=2), np.array([[[True, True], [True, False]]])
    mask = pattern(grid, np.array([4]), valid=valid, rng=Rng.from_ids([0]))
    np.testing.assert_array_equal(mask, [[[True, False], [False, False]]])
    with pytest.raises(MaskingError, match="shape of the grid"):
        pattern(Grid(row=3, col=2), np.array([4]), valid=np.ones((1, 3, 2), dtype=bool), rng=Rng.from_ids([0]))


def test_positions_are_whole_numbers():
    for wrong in ((0.5,), 0.5, None, "ab", (True,)):
        with pytest.raises(ConfigError, match="whole numbers"):
            Fixed(positions=wrong)


def test_masks_are_read_and_checked_at_construction():
    both = Fixed(mask=((True, False), (False, True)))
    assert both == Fixed(mask=[[1, 0], [0, 1]]) == Fixed(mask=torch.eye(2, dtype=torch.bool))
    for wrong in ("abc", 3, [[1], [1, 2]], [[2, 0]], [[0.5, 1.0]]):
        with pytest.raises(ConfigError, match=r"Fixed\.mask"):
            Fixed(mask=wrong)
