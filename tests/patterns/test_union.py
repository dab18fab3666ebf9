from __future__ import annotations

import numpy as np
import pytest

from maskwright import ConfigError, Grid, Masking, Rng
from maskwright.patterns.union import Union

SETTINGS = [
    {"union": [{"budgeted": ["iid", 0.2]}, {"budgeted": [{"span": 3}, {"count": 3}]}]},
    {
        "union": [
            {"budgeted": [{"tied": {"pattern": {"span": 2}, "axis": "freq"}}, 0.3]},
            {"budgeted": [{"tied": {"pattern": {"span": 2}, "axis": "time"}}, 0.3]},
        ]
    },
]

N = 4000


def part(pattern, budget):
    return {"budgeted": [pattern, budget]}


def test_parts_hide_together_and_independently():
    valid = np.ones((N, 6), dtype=bool)
    union = Union((part("iid", 0.5), part("iid", 0.5)))
    mask = union(Grid(token=6), np.full(N, 6), valid=valid, rng=Rng.from_ids(np.arange(N)))
    assert abs(mask.mean() - 0.75) < 0.01
    assert set(mask.sum(1)) == {3, 4, 5, 6}, "from the same three cells twice to all six"


def test_time_and_frequency_masks():
    stripes = [part({"tied": {"pattern": {"span": 2}, "axis": axis}}, {"count": 2}) for axis in ("time", "freq")]
    masking = Masking(pattern=Union(tuple(stripes)), budget=None, fill="zero")
    mask = masking(np.ones((50, 9, 5)), grid=Grid(time=9, freq=5), example_ids=np.arange(50)).mask
    assert (mask.all(1).sum(1) == 2).all()
    assert (mask.all(2).sum(1) == 2).all()
    assert (mask.sum((1, 2)) == 2 * 9 + 2 * 5 - 4).all()


def test_a_budget_is_an_upper_bound():
    valid = np.ones((200, 8), dtype=bool)
    union = Union((part("iid", 0.5), part("span", 0.5)))
    rng = Rng.from_ids(np.arange(200))
    free = union(Grid(token=8), np.full(200, 8), valid=valid, rng=rng)
    bound = union(Grid(token=8), np.full(200, 5), valid=valid, rng=rng)
    assert (free.sum(1) > 5).any()
    np.testing.assert_array_equal(bound.sum(1), np.minimum(free.sum(1), 5))
    assert not (bound & ~free).any()


def test_parts_without_a_budget_are_refused():
    with pytest.raises(ConfigError, match="budget of its own"):
        Union(("iid",))
    with pytest.raises(ConfigError, match=r"Union\.parts"):
        Union(())
