from __future__ import annotations

import numpy as np
import pytest
import torch

from maskwright import Rng, apply_mask
from maskwright.fills.marginal import Marginal


def test_each_cell_draws_a_row_of_its_own_and_never_its_own_row():
    rows = np.arange(300)
    x = np.repeat(rows[:, None], 8, axis=1) * 8 + np.arange(8)
    mask = np.random.default_rng(0).random(x.shape) < 0.7
    out = apply_mask(x, mask, "marginal")
    assert (out % 8 == np.arange(8)).all(), "a value came from another column"
    assert (out[mask] // 8 != np.broadcast_to(rows[:, None], x.shape)[mask]).all()
    np.testing.assert_array_equal(out[~mask], x[~mask])
    different = [len(set(row[hidden] // 8)) == hidden.sum() for row, hidden in zip(out, mask, strict=True)]
    assert np.mean(different) > 0.8  # 5.6 rows of 299 seldom meet


def test_the_marginal_of_a_column_is_kept():
    pool = np.random.default_rng(0).choice([0, 1, 5], p=[0.7, 0.2, 0.1], size=(1000, 1))
    out = apply_mask(np.zeros((20_000, 1), dtype=int), np.ones((20_000, 1), dtype=bool), "marginal", pool=pool)
    for value in (0, 1, 5):
        share = (pool == value).mean()
        assert abs((out == value).mean() - share) < 5 * np.sqrt(share * (1 - share) / 20_000)


@pytest.mark.parametrize("shapes", [((40, 9), (40, 9)), ((40, 9, 3), (40, 9, 1)), ((9, 3, 4, 5), (9, 1, 4, 5))])
def test_cells_that_are_padding_or_not_finite_are_never_drawn(shapes):
    shape, of_mask = shapes
    random = np.random.default_rng(1)
    own = np.broadcast_to(np.arange(shape[0]).reshape((-1,) + (1,) * (len(shape) - 1)), shape)
    x = own.astype(float)
    valid = random.random(of_mask) < 0.6
    mask, lost = valid & (random.random(of_mask) < 0.5), np.broadcast_to(random.random(of_mask) < 0.2, shape)
    x[lost] = np.nan
    out = Marginal()(x, mask, valid=valid, rng=Rng.from_ids(np.arange(shape[0])))
    there = Marginal()(
        torch.from_numpy(x),
        torch.from_numpy(mask),
        valid=torch.from_numpy(valid),
        rng=Rng.from_ids(torch.arange(len(x))),
    )
    np.testing.assert_array_equal(out, there.numpy())
    hidden = np.broadcast_to(mask, shape)
    assert np.isfinite(out[hidden]).all()
    usable = np.broadcast_to(valid, shape) & ~lost
    for place in np.argwhere(hidden & (out > 0)):
        donor = int(out[tuple(place)])
        assert donor != place[0]
        assert usable[(donor, *place[1:])]


def test_where_nothing_can_be_drawn_it_is_zero():
    x = np.array([[3, 4], [5, 6]])
    valid = np.array([[True, True], [False, True]])
    out = Marginal()(x, valid, valid=valid, rng=Rng.from_ids([0, 1]))
    np.testing.assert_array_equal(out, [[0, 6], [5, 4]])
