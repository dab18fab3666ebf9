from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from maskwright import Grid, Masking, Rng
from maskwright.budgets.bernoulli import Bernoulli

SETTINGS = [{"bernoulli": 0.0}, {"bernoulli": 0.4}, {"bernoulli": 1.0}]


def test_counts_are_binomial():
    counts = Bernoulli(0.3)(np.full(30_000, 8), rng=Rng.from_ids(np.arange(30_000)), progress=0.0)
    expected = stats.binom.pmf(np.arange(9), 8, 0.3) * 30_000
    assert stats.chisquare(np.bincount(counts, minlength=9), expected).pvalue > 1e-4


@pytest.mark.parametrize("pattern", ["iid", {"span": {"length": 3}}], ids=str)
def test_counts_are_binomial_with_and_without_selection(pattern):
    masking = Masking.from_dict({"pattern": pattern, "budget": {"bernoulli": 0.3}, "fill": "zero"})
    out = masking(np.ones((30_000, 8)), grid=Grid(token=8), example_ids=np.arange(30_000))
    expected = stats.binom.pmf(np.arange(9), 8, 0.3) * 30_000
    assert stats.chisquare(np.bincount(out.count, minlength=9), expected).pvalue > 1e-4


def test_iid_cells_are_independent():
    masking = Masking.from_dict({"pattern": "iid", "budget": {"bernoulli": 0.3}, "fill": "zero"})
    mask = masking(np.ones((30_000, 8)), grid=Grid(token=8), example_ids=np.arange(30_000)).mask
    correlation = np.corrcoef(mask.T.astype(float)) - np.eye(8)
    assert np.abs(correlation).max() < 5 / np.sqrt(30_000)
