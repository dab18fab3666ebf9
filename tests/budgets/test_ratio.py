from __future__ import annotations

import numpy as np

from maskwright import Ratio, Rng

SETTINGS = [{"ratio": 0.0}, {"ratio": 0.15}, {"ratio": 0.5}, {"ratio": 1.0}, {"ratio": {"ratio": 0.1, "minimum": 1}}]


def test_ten_percent_of_four_tokens_is_sometimes_one():
    counts = Ratio(0.1)(np.full(10_000, 4), rng=Rng.from_ids(np.arange(10_000)), progress=0.0)
    assert set(counts.tolist()) == {0, 1}
    assert abs(counts.mean() - 0.4) < 0.02


def test_minimum_hides_at_least_that_many_where_there_are_enough():
    n = np.array([0, 1, 4, 100])
    counts = Ratio(0.01, minimum=2)(n, rng=Rng.from_ids(np.arange(4)), progress=0.0)
    assert counts.tolist()[:3] == [0, 1, 2]
    assert counts[3] == 2
