from __future__ import annotations

import numpy as np
import pytest

from maskwright import Grid, Masking
from maskwright.presets import preset
from maskwright.presets.tabular import PRESETS

SHARES = {"automask-tabular": 0.4, "automask-series": 0.4, "vime": 0.3, "scarf": 0.6, "tst": 0.15, "patchtst": 0.4}


@pytest.mark.parametrize("given", PRESETS, ids=lambda given: given.name)
def test_presets_load_round_trip_and_hide_their_share(given):
    masking = preset(given.name)
    assert Masking.from_dict(masking.to_dict()) == masking
    grid = Grid(**given.grid)
    x = np.random.default_rng(0).standard_normal((500, *grid.shape)).astype(np.float32)
    out = masking(x, grid=grid, example_ids=np.arange(500))
    assert out.mask.mean() == pytest.approx(SHARES[given.name], abs=0.03)
    np.testing.assert_array_equal(out.inputs[~out.mask], x[~out.mask])
    assert (out.inputs[out.mask] != x[out.mask]).mean() > 0.95


@pytest.mark.parametrize("name", ["vime", "scarf"])
def test_values_come_from_the_same_column(name):
    x = np.arange(50.0)[:, None] + 1000 * np.arange(8)[None, :]
    out = preset(name)(x, grid=Grid(feature=8), example_ids=np.arange(50))
    np.testing.assert_array_equal(out.inputs // 1000, np.broadcast_to(np.arange(8), (50, 8)))


def test_runs_of_tst_have_their_mean_length():
    out = preset("tst")(np.ones((200, 400, 4)), grid=Grid(time=400, feature=4), example_ids=np.arange(200))
    begins = (out.mask[:, 1:] & ~out.mask[:, :-1]).sum() + out.mask[:, 0].sum()
    assert out.mask.sum() / begins == pytest.approx(3, rel=0.04)
