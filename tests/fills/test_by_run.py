from __future__ import annotations

import numpy as np
import pytest

from maskwright import ConfigError, MaskingError, Rng, fills
from tests.settings import small_vocabulary

SETTINGS = [{"by-run": {"fill": {"mix": {"mask-token": 0.8, "random-token": 0.1, "keep": 0.1}}}}]

BERT = {"mix": {"mask-token": 0.8, "random-token": 0.1, "keep": 0.1}}


def test_a_run_is_filled_as_one_and_the_shares_are_kept():
    ids = np.full((4000, 10), 5)
    mask = np.zeros_like(ids, dtype=bool)
    mask[:, 1:4] = mask[:, 6:9] = True
    rng, everything = Rng.from_ids(np.arange(4000)), mask | True
    facts = {"valid": everything, "vocabulary": small_vocabulary(), "groups": np.arange(10)[None, :]}
    out = fills.from_node({"by-run": {"fill": BERT}})(ids, mask, rng=rng, **facts)
    runs = np.concatenate([out[:, 1:4], out[:, 6:9]])
    masked = (runs == 3).sum(1)
    assert set(masked) == {0, 3}
    assert abs((masked == 3).mean() - 0.8) < 4 * np.sqrt(0.8 * 0.2 / 8000)
    first, second = np.split(masked == 3, 2)
    assert abs((first & second).mean() - 0.64) < 4 * np.sqrt(0.64 * 0.36 / 4000), "runs draw for themselves"
    by_token = fills.from_node(BERT)(ids, mask, rng=rng, **facts)
    assert len(set((by_token[:, 1:4] == 3).sum(1))) == 4
    np.testing.assert_array_equal(out[~mask], 5)


def test_runs_lie_on_one_axis():
    x = np.zeros((1, 2, 3))
    with pytest.raises(MaskingError, match="one axis"):
        fills.from_node({"by-run": "zero"})(x, x == 0, valid=x == 0, rng=Rng.from_ids([0]))


def test_fills_that_change_the_shape_are_refused():
    for fill in ("drop", "sentinel"):
        with pytest.raises(ConfigError, match="changes the shape"):
            fills.from_node({"by-run": fill})
