from __future__ import annotations

from collections import Counter
from math import comb

import numpy as np
import pytest
from scipy import stats

from maskwright import ConfigError, Grid, MaskingError, Rng
from maskwright.patterns.t5_spans import T5Spans

SETTINGS = ["t5-spans", {"t5-spans": {"length": 2, "roll": True}}]


def hide(pattern, n, count, draws=20_000, valid=None):
    valid = np.ones((draws, n), dtype=bool) if valid is None else valid
    return pattern(Grid(token=valid.shape[1]), np.full(len(valid), count), valid=valid, rng=Rng.from_ids(range(draws)))


def test_the_published_law_favours_the_end_and_rolling_does_not():
    rate = hide(T5Spans(), 128, 19).mean(0)
    assert rate[0] == 0
    assert rate[127] == 1
    np.testing.assert_allclose(rate[[124, 126]], [0.38, 0.72], atol=0.02)  # measured on T5's own code
    rolled = hide(T5Spans(roll=True), 128, 19).mean(0)
    error = np.sqrt(19 / 128 * (1 - 19 / 128) / 20_000)
    assert np.abs(rolled - 19 / 128).max() < 4.5 * error
    assert "visible" in T5Spans().biased
    assert not T5Spans(roll=True).biased


@pytest.mark.parametrize("roll", [False, True])
def test_every_way_of_cutting_is_as_likely(roll):
    """10 cells, 4 hidden in 2 spans: 3 ways to cut the hidden, 5 the visible; rolled, 10 shifts of each."""
    masks = hide(T5Spans(length=2, roll=roll), 10, 4)
    found = Counter(map(bytes, masks))
    if not roll:
        assert len(found) == comb(3, 1) * comb(5, 1)
        assert stats.chisquare(list(found.values())).pvalue > 1e-4
    runs = [(row & ~np.roll(row, 1)).sum() for row in masks[:2000]]
    assert set(runs) == {2}


@pytest.mark.parametrize(("count", "length", "spans"), [(19, 3, 6), (5, 2, 2), (7, 2, 4), (1, 3, 1), (9, 1, 3)])
def test_number_of_spans_is_rounded_to_the_even_half_and_fits(count, length, spans):
    n = 12 if count == 9 else 60
    for row in hide(T5Spans(length=length), n, count, draws=50):
        assert (np.diff(np.r_[0, row.astype(int)]) == 1).sum() == spans
        assert row.sum() == count


def test_very_long_spans_hide_the_end():
    mask = hide(T5Spans(length=1_000_000), 16, 4, draws=20)
    np.testing.assert_array_equal(mask, np.arange(16)[None, :].repeat(20, 0) >= 12)


def test_holes_are_stepped_over():
    valid = np.random.default_rng(0).random((500, 40)) < 0.6
    whole = np.ones((1, 40), dtype=bool)
    for roll in (False, True):
        mask = hide(T5Spans(roll=roll), 40, 6, draws=500, valid=valid)
        assert not (mask & ~valid).any()
        assert mask.sum(1).tolist() == np.minimum(6, valid.sum(1)).tolist()
        among = [np.diff(np.r_[0, row[v].astype(int)]).tolist().count(1) for row, v in zip(mask, valid, strict=True)]
        assert set(among) <= ({2, 3} if roll else {2})
    assert hide(T5Spans(), 40, 40, draws=1, valid=whole).all()


def test_a_plane_is_refused():
    with pytest.raises(ConfigError, match="roll"):
        T5Spans(roll="yes")
    with pytest.raises(MaskingError, match="one axis"):
        T5Spans()(Grid(row=2, col=2), np.array([1]), valid=np.ones((1, 2, 2), dtype=bool), rng=Rng.from_ids([0]))
