from __future__ import annotations

import numpy as np
import pytest
import torch

from maskwright import ConfigError, Grid, Masking, Rng
from maskwright.patterns import traits
from maskwright.patterns.iid import Iid
from maskwright.patterns.mix import Mix
from maskwright.patterns.span import Span
from maskwright.strategy import to_node

SETTINGS = [
    {"mix": {"iid": 1, "span": 3}},
    {"mix": [["iid", 0.3], [{"tied": {"pattern": "iid", "axis": "frame"}}, 0.7]]},
    {"mix": [[{"budgeted": [{"span": 3}, 0.15]}, 1], [{"budgeted": ["iid", {"uniform": [0.2, 0.5]}]}, 2]]},
]

N = 6000


def rng(n=N):
    return Rng.from_ids(np.arange(n))


def test_parts_are_chosen_by_weight():
    pairs = [[{"fixed": {"positions": [place]}}, weight] for place, weight in ((0, 1), (1, 2.5), (2, 6.5))]
    mix = Mix(pairs)
    mask = mix(Grid(token=3), np.full(N, 3), valid=np.ones((N, 3), dtype=bool), rng=rng())
    assert (mask.sum(1) == 1).all(), "one pattern per example"
    share = np.array([0.1, 0.25, 0.65])
    assert (np.abs(mask.mean(0) - share) < 4 * np.sqrt(share * (1 - share) / N)).all()
    assert to_node(mix)["mix"][1][1] == 2.5, "weights are kept as given"


def test_each_row_is_as_its_pattern_alone_would_hide_it():
    grid, valid, count = Grid(token=20), np.ones((200, 20), dtype=bool), np.full(200, 8)
    mask = Mix({"iid": 1, "span": 1})(grid, count, valid=valid, rng=rng(200))
    alone = [pattern(grid, count, valid=valid, rng=rng(200).child("part")) for pattern in (Iid(), Span())]
    same = np.array([(mask == other).all(1) for other in alone])
    assert same.any(0).all()
    assert 60 < same[0].sum() < 140


def test_a_mix_in_a_mix_draws_anew():
    first, second, third = ({"fixed": {"positions": [place]}} for place in range(3))
    mix = Mix([[{"mix": [[first, 1], [second, 1]]}, 1], [third, 1]])
    mask = mix(Grid(token=3), np.full(N, 3), valid=np.ones((N, 3), dtype=bool), rng=rng())
    share = np.array([0.25, 0.25, 0.5])
    assert (np.abs(mask.mean(0) - share) < 4 * np.sqrt(share * (1 - share) / N)).all()


def test_tubes_get_their_share_of_tubes():
    mix = Mix([["iid", 1], [{"tied": {"pattern": "iid", "axis": "frame"}}, 1]])
    assert traits(mix).approximate
    grid, valid = Grid(frame=5, patch=7), np.ones((N, 5, 7), dtype=bool)
    mask = mix(grid, np.full(N, 13), valid=valid, rng=rng())  # 13 cells of 35 are 2.6 tubes of 7
    tubes = (mask == mask[:, :1]).all((1, 2))
    counts = mask[tubes].sum((1, 2)) / 5
    assert set(counts) == {2.0, 3.0}
    assert abs(counts.mean() - 2.6) < 4 * np.sqrt(0.24 / tubes.sum())
    assert (mask[~tubes].sum((1, 2)) == 13).all()


def test_signals_reach_the_parts_that_ask_for_them():
    mix = Mix({"iid": 1, "by-score": 1})
    assert traits(mix).signals == ("scores",)
    scores = np.tile(np.arange(10.0), (50, 1))
    valid = np.ones((50, 10), dtype=bool)
    mask = mix(Grid(token=10), np.full(50, 2), valid=valid, rng=rng(50), scores=scores)
    top = mask[:, 8:].all(1)
    assert 10 < top.sum() < 40
    there = mix(
        Grid(token=10),
        torch.full((50,), 2),
        valid=torch.from_numpy(valid),
        rng=Rng.from_ids(torch.arange(50)),
        scores=torch.from_numpy(scores),
    )
    np.testing.assert_array_equal(mask, there.numpy())


def test_budgets_of_the_parts():
    parts = [[{"budgeted": ["iid", {"count": 1}]}, 1], [{"budgeted": ["span", {"count": 5}]}, 1]]
    masking = Masking(pattern=Mix(parts), budget=None, fill="zero")
    out = masking(np.ones((100, 12)), grid=Grid(token=12), example_ids=np.arange(100))
    assert set(out.mask.sum(1).tolist()) == {1, 5}


def test_what_has_no_meaning_is_refused():
    for wrong in ([], {}, [["iid"]], {"iid": 0}, {"iid": -1}, {"iid": True}, {"iid": float("nan")}, 3):
        with pytest.raises(ConfigError, match=r"Mix\.parts"):
            Mix(wrong)
    with pytest.raises(ConfigError, match="there is no pattern"):
        Mix({"idd": 1})
    with pytest.raises(ConfigError, match="budget of their own"):
        Mix([["iid", 1], [{"fixed": {"first": 1}}, 1]])
