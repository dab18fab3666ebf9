from __future__ import annotations

import numpy as np
import pytest
import torch

from maskwright import Grid, Masking, MaskingError, Rng, apply_mask
from maskwright.fills.swap import Swap

IDS = np.arange(400)


def test_one_donor_for_all_cells_of_an_example_and_never_itself():
    x = np.repeat(IDS[:, None], 6, axis=1)
    mask = np.random.default_rng(0).random(x.shape) < 0.5
    out = apply_mask(x, mask, "swap")
    donors = np.where(mask, out, -1).max(1)[mask.any(1)]
    for row, hidden, own in zip(out, mask, IDS, strict=True):
        assert len(set(row[hidden])) <= 1
        assert own not in row[hidden]
        assert (row[~hidden] == own).all()
    assert len(set(donors.tolist())) > 200


def test_every_other_example_is_as_likely():
    x, mask = np.arange(5)[:, None] * np.ones((5, 1)), np.ones((5, 1), dtype=bool)
    seen = np.zeros((5, 5))
    for seed in range(2000):
        out = apply_mask(x, mask, "swap", seed=seed)[:, 0].astype(int)
        seen[np.arange(5), out] += 1
    assert (np.diag(seen) == 0).all()
    assert np.abs(seen[~np.eye(5, dtype=bool)] - 500).max() < 5 * np.sqrt(2000 * 0.25 * 0.75)


def test_a_pool_makes_it_independent_of_the_batch():
    pool = np.random.default_rng(1).normal(size=(50, 6))
    masking, x = Masking.from_dict({"pattern": "iid", "budget": 0.5, "fill": "swap"}), np.zeros((400, 6))
    given = {"grid": Grid(feature=6), "pool": pool}
    whole = masking(x, example_ids=IDS, **given)
    one = masking(x[7:8], example_ids=IDS[7:8], **given)
    np.testing.assert_array_equal(whole.inputs[7:8], one.inputs)
    there = masking(torch.zeros(400, 6).double(), example_ids=IDS, grid=given["grid"], pool=torch.from_numpy(pool))
    np.testing.assert_array_equal(whole.inputs, there.inputs.numpy())


def test_padding_and_nan_of_the_donor_are_not_taken():
    x = np.array([[1.0, np.nan, 7.0], [2.0, 4.0, np.inf]])
    valid, mask = np.array([[True, True, True], [True, False, True]]), np.array([[True, True, True], [False] * 3])
    out = Swap()(x, mask, valid=valid, rng=Rng.from_ids([0, 1]))
    np.testing.assert_array_equal(out[0], [2.0, 0.0, 0.0])


@pytest.mark.parametrize("fill", ["swap", "marginal"])
def test_what_cannot_be_drawn_from_is_refused(fill):
    one = np.ones((1, 3), dtype=bool)
    with pytest.raises(MaskingError, match="batch of one"):
        apply_mask(np.ones((1, 3)), one, fill)
    for pool in (np.ones((0, 3)), np.ones((4, 2)), [[1, 2, 3]], torch.ones(4, 3)):
        with pytest.raises(MaskingError, match=r"pool: expected ndarray \[N, 3\]"):
            apply_mask(np.ones((1, 3)), one, fill, pool=pool)
