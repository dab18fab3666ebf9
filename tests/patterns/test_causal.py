from __future__ import annotations

import numpy as np
import pytest

from maskwright import ConfigError, Grid, Masking, MaskingError, Rng
from maskwright.patterns.causal import Causal

SETTINGS = ["causal", {"causal": {"axis": "col", "visible": 0}}]

N = 9000


def hide(pattern, grid, count, valid=None):
    valid = np.ones((N, *grid.shape), dtype=bool) if valid is None else valid
    return pattern(grid, np.full(len(valid), count), valid=valid, rng=Rng.from_ids(np.arange(len(valid))))


def test_what_is_hidden_is_the_future_and_the_cut_is_uniform():
    mask = hide(Causal(), Grid(token=10), 10)
    assert (np.diff(mask.astype(int), axis=1) >= 0).all()
    share = np.bincount(mask.sum(1), minlength=11) / N
    assert share[0] == share[10] == 0
    assert (np.abs(share[1:10] - 1 / 9) < 4 * np.sqrt(8 / 81 / N)).all()


def test_a_bound_keeps_the_draw_uniform():
    share = np.bincount(hide(Causal(), Grid(token=10), 3).sum(1), minlength=4) / N
    assert share[0] == 0
    assert (np.abs(share[1:] - 1 / 3) < 4 * np.sqrt(2 / 9 / N)).all()


def test_whole_slices_of_the_named_axis():
    mask = hide(Causal(axis="time", visible=2), Grid(freq=3, time=5), 5)
    assert (mask == mask[:, :1]).all()
    assert set(mask[:, 0].sum(1)) == {1, 2, 3}
    assert hide(Causal(), Grid(frame=4, patch=3), 4).any((1, 2)).all(), "the first axis, if none is named"


def test_short_examples_are_left_whole():
    valid = np.arange(5) < np.arange(4)[:, None]
    mask = hide(Causal(visible=2), Grid(token=5), 5, valid)
    assert mask.sum(1).tolist() == [0, 0, 0, 1]
    assert mask[3, 2]


def test_no_budget_is_needed_and_bad_parameters_are_refused():
    out = Masking(pattern="causal", budget=None, fill="zero")(
        np.ones((3, 4)), grid=Grid(token=4), example_ids=[1, 2, 3]
    )
    assert out.mask[:, 3].all()
    with pytest.raises(MaskingError, match="causal along frame"):
        hide(Causal(axis="frame"), Grid(token=3), 1)
    with pytest.raises(ConfigError, match="axis"):
        Causal(axis=1)
