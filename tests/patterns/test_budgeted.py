from __future__ import annotations

import numpy as np
import pytest

from maskwright import ConfigError, Grid, Masking, Rng
from maskwright.patterns import traits
from maskwright.patterns.budgeted import Budgeted

SETTINGS = [
    {"budgeted": ["iid", 0.4]},
    {"budgeted": {"pattern": {"tied": {"pattern": "iid", "axis": "freq"}}, "budget": {"count": 2}}},
]


def rng(n):
    return Rng.from_ids(np.arange(n))


def test_hides_what_its_budget_says_and_needs_none_from_the_masking():
    masking = Masking(pattern=Budgeted({"span": 2}, 0.25), budget=None, fill="zero")
    out = masking(np.ones((40, 16)), grid=Grid(token=16), example_ids=np.arange(40))
    assert (out.mask.sum(1) == 4).all()


def test_the_count_given_is_an_upper_bound():
    valid = np.ones((3, 10), dtype=bool)
    mask = Budgeted("iid", 0.5)(Grid(token=10), np.array([0, 3, 9]), valid=valid, rng=rng(3))
    assert mask.sum(1).tolist() == [0, 3, 5]


def test_the_budget_counts_the_patterns_units():
    valid = np.ones((5, 4, 6), dtype=bool)
    tubes = Budgeted({"tied": {"pattern": "iid", "axis": "frame"}}, {"count": 2})
    mask = tubes(Grid(frame=4, patch=6), np.full(5, 24), valid=valid, rng=rng(5))
    assert (mask.sum((1, 2)) == 2 * 4).all()
    assert traits(Budgeted("iid", 0.5)).bundles is None


def test_what_has_no_meaning_is_refused():
    with pytest.raises(ConfigError, match="sets its own count"):
        Budgeted({"fixed": {"first": 1}}, 0.5)
    for shape in ("linear", "cosine", "cyclic"):
        with pytest.raises(ConfigError, match="progress"):
            Budgeted("iid", {"schedule": {"start": 0.5, "end": 0.1, "shape": shape}})
