from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from maskwright import ConfigError, MaskingError
from maskwright.backend.running_mean import RunningMean


def test_batches_add_up_to_the_mean_of_all_valid_finite_cells():
    random = np.random.default_rng(0)
    batches = [random.normal(size=(n, 5, 2)) for n in (3, 7, 1)]
    valid = [random.random((len(b), 5, 1)) < 0.7 for b in batches]
    batches[1][0, 0, 0] = np.nan
    cell, channel = RunningMean("cell"), RunningMean("channel")
    for number, (x, v) in enumerate(zip(batches, valid, strict=True)):
        x, v = (torch.from_numpy(x), torch.from_numpy(v)) if number == 1 else (x, v)
        cell, channel = cell.update(x, v), channel.update(x, v)
    kept = np.where(np.concatenate(valid), np.concatenate(batches), np.nan)
    np.testing.assert_allclose(channel.mean, np.nanmean(kept, axis=(0, 1)))
    np.testing.assert_allclose(cell.mean, np.nanmean(kept, axis=0))


def test_decay_forgets_and_state_comes_back():
    x = np.ones((4, 3))
    running = RunningMean(decay=0.5).update(x * 0).update(x)
    np.testing.assert_allclose(running.mean, 2 / 3)
    again = RunningMean.from_state(json.loads(json.dumps(running.state_dict())))
    np.testing.assert_array_equal(again.update(x).mean, running.update(x).mean)
    assert RunningMean.from_state(RunningMean().state_dict()).total is None


def test_an_update_changes_nothing_that_exists():
    first = RunningMean().update(np.ones((2, 3)))
    before = first.mean
    first.update(np.zeros((2, 3)))
    np.testing.assert_array_equal(first.mean, before)


def test_what_is_wrong_is_refused():
    for fields in ({"over": "row"}, {"decay": 0.0}, {"decay": 1.5}):
        with pytest.raises(ConfigError, match="RunningMean"):
            RunningMean(**fields)
    with pytest.raises(MaskingError, match="floating"):
        RunningMean().update(np.ones((2, 3), dtype=int))
    with pytest.raises(MaskingError, match="after ones"):
        RunningMean().update(np.ones((2, 3))).update(np.ones((2, 4)))
