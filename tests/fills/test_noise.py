from __future__ import annotations

import numpy as np
import pytest
import torch

from maskwright import MaskingError, Rng, apply_mask
from maskwright.fills.noise import Noise

SETTINGS = ["noise", {"noise": {"law": "uniform", "match": "unit"}}]


@pytest.mark.parametrize("law", ["normal", "uniform"])
def test_it_has_the_mean_and_spread_of_each_channel(law):
    x = np.random.default_rng(0).normal(size=(3, 40_000, 2)) * [2.0, 0.1] + [5.0, -1.0]
    mask = np.random.default_rng(1).random((3, 40_000)) < 0.5
    out = apply_mask(x, mask, Noise(law))
    for example in range(3):
        for channel in range(2):
            seen, put = x[example, ~mask[example], channel], out[example, mask[example], channel]
            error = seen.std() / np.sqrt(len(put))
            assert abs(put.mean() - seen.mean()) < 4 * error
            assert abs(put.std() - seen.std()) < 4 * error


def test_unit_laws_are_the_laws_and_the_same_to_the_bit_on_back_ends():
    mask = np.ones((4, 50_000), dtype=bool)
    for law in ("normal", "uniform"):
        fill, x = Noise(law, "unit"), np.zeros((4, 50_000), dtype=np.float32)
        out = apply_mask(x, mask, fill)
        there = apply_mask(torch.from_numpy(x), torch.from_numpy(mask), fill).numpy()
        np.testing.assert_array_equal(out, there)
        assert abs(out.mean()) < 4 / np.sqrt(out.size)
        assert abs(out.std() - 1) < 4 / np.sqrt(out.size)
        within = (np.abs(out) < 1).mean()
        assert abs(within - (0.6827 if law == "normal" else 1 / np.sqrt(3))) < 4 * 0.5 / np.sqrt(out.size)
    assert abs(np.corrcoef(out[0], out[1])[0, 1]) < 4 / np.sqrt(50_000)


def test_a_value_belongs_to_the_cell_and_not_to_the_size_of_the_array():
    rng = Rng.from_ids(np.arange(2))
    narrow, wide = np.zeros((2, 3, 4)), np.zeros((2, 5, 9))
    fill = Noise(match="unit")
    small = fill(narrow, narrow == 0, valid=narrow == 0, rng=rng)
    np.testing.assert_array_equal(small, fill(wide, wide == 0, valid=wide == 0, rng=rng)[:, :3, :4])


def test_nothing_visible_gives_zero_and_integers_are_refused():
    assert (apply_mask(np.ones((2, 3)), np.ones((2, 3), dtype=bool), "noise") == 0).all()
    with pytest.raises(MaskingError, match="noise: expected floating"):
        apply_mask(np.ones((2, 3), dtype=int), np.ones((2, 3), dtype=bool), "noise")
