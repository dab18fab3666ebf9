from __future__ import annotations

import numpy as np
import pytest
import torch

from maskwright import ConfigError, Grid, Masking, MaskingError, apply_mask
from maskwright.fills import from_node
from maskwright.fills.indicator import Indicator

SETTINGS = ["indicator", {"indicator": 0}, {"indicator": {"fill": "noise", "axis": 1, "stack": True}}]


@pytest.mark.parametrize("dtype", ["float32", "float16", "int64", "uint8"])
@pytest.mark.parametrize("back", [np.asarray, torch.from_numpy])
def test_channels_hidden_together_get_one_channel_more(dtype, back):
    x = (np.random.default_rng(0).random((2, 4, 5, 3)) * 100).astype(dtype)
    mask = np.random.default_rng(1).random((2, 4, 5)) < 0.5
    out = np.asarray(apply_mask(back(x), back(mask), Indicator(0)))
    assert out.dtype == x.dtype
    np.testing.assert_array_equal(out[..., :3], apply_mask(x, mask, 0))
    np.testing.assert_array_equal(out[..., 3], mask.astype(dtype))


def test_channels_first_and_tables_and_a_new_axis():
    x, mask = np.random.default_rng(0).random((2, 3, 4, 5)), np.random.default_rng(1).random((2, 1, 4, 5)) < 0.5
    first = apply_mask(x, mask, Indicator("mean", axis=1))
    assert first.shape == (2, 4, 4, 5)
    np.testing.assert_array_equal(first[:, :3], apply_mask(x, mask, "mean"))
    np.testing.assert_array_equal(first[:, 3:], mask)
    table, hidden = x[:, 0, 0], mask[:, 0, 0]
    np.testing.assert_array_equal(apply_mask(table, hidden, Indicator(0))[:, 5:], hidden)
    stacked = apply_mask(table, hidden, Indicator(0, stack=True))
    assert stacked.shape == (2, 5, 2)
    np.testing.assert_array_equal(stacked[..., 1], hidden)


def test_masks_that_serve_all_examples_are_spread():
    out = apply_mask(np.ones((3, 4)), np.array([[True, False, False, True]]), Indicator(0))
    np.testing.assert_array_equal(out[:, 4:], [[1, 0, 0, 1]] * 3)


def test_in_a_masking_it_takes_any_fill_and_its_facts():
    pool = np.random.default_rng(0).random((9, 4, 2))
    node = {"pattern": "iid", "budget": 0.5, "fill": {"indicator": {"fill": {"mean": "position"}}}}
    out = Masking.from_dict(node)(np.zeros((5, 4, 2)), grid=Grid(time=4), example_ids=np.arange(5), pool=pool)
    assert out.inputs.shape == (5, 4, 3)
    np.testing.assert_array_equal(out.inputs[..., 2], out.mask)
    np.testing.assert_allclose(out.inputs[out.mask][:, :2], np.broadcast_to(pool.mean(0), (5, 4, 2))[out.mask])
    inner = {"mix": [["zero", 0.5], [{"constant": 3}, 0.5]]}
    mixed = apply_mask(np.ones((9, 50)), np.ones((9, 50), dtype=bool), from_node({"indicator": {"fill": inner}}))
    assert set(np.unique(mixed[:, :50])) == {0.0, 3.0}


def test_what_cannot_be_is_refused():
    for node in ("drop", "indicator"):
        with pytest.raises(ConfigError, match="changes the shape"):
            Indicator(node)
    with pytest.raises(ConfigError, match="part of"):
        from_node({"mix": [["indicator", 0.5], ["keep", 0.5]]})
    with pytest.raises(ConfigError, match="axis 0"):
        Indicator(axis=0)
    with pytest.raises(MaskingError, match="no axis 3"):
        apply_mask(np.ones((2, 3)), np.ones((2, 3), dtype=bool), Indicator(axis=3))
