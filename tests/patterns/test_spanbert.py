from __future__ import annotations

import numpy as np
import pytest

from maskwright import Grid, MaskingError, Rng
from maskwright.patterns.spanbert import Spanbert

SETTINGS = ["spanbert", {"spanbert": {"p": 0.5, "max_length": 4}}]

DRAWS = 4000


def hide(pattern, n, count, draws=DRAWS):
    valid = np.ones((draws, n), dtype=bool)
    return pattern(Grid(token=n), np.full(draws, count), valid=valid, rng=Rng.from_ids(np.arange(draws)))


def published(n, count, draws, seed=0):
    """SpanBERT's own loop, without words."""
    rng = np.random.default_rng(seed)
    shares = 0.2 * 0.8 ** np.arange(10)
    out = np.zeros((draws, n), dtype=bool)
    for row in out:
        while row.sum() < count:
            length, anchor = rng.choice(10, p=shares / shares.sum()) + 1, rng.integers(n)
            if not row[anchor]:
                stop = anchor
                while stop < min(anchor + length, n) and row.sum() < count:
                    row[stop] = True
                    stop += 1
    return out


@pytest.mark.parametrize(("n", "count"), [(24, 4), (24, 10)])
def test_the_law_is_that_of_the_published_loop(n, count):
    here, there = hide(Spanbert(), n, count), published(n, count, DRAWS)
    rate = there.mean(0)
    error = np.sqrt(2 * np.maximum(rate * (1 - rate), 0.01) / DRAWS)
    assert (np.abs(here.mean(0) - rate) / error).max() < 4
    # Neighbours are hidden together equally often, which tells spans from single cells.
    pairs = (there[:, 1:] & there[:, :-1]).mean(0)
    error = np.sqrt(2 * np.maximum(pairs * (1 - pairs), 0.01) / DRAWS)
    assert (np.abs((here[:, 1:] & here[:, :-1]).mean(0) - pairs) / error).max() < 4


def test_the_first_cells_are_hidden_less_often():
    rate = hide(Spanbert(), 64, 10).mean(0)
    assert rate[0] < 0.08 < 0.14 < rate[32]
    assert Spanbert().biased


def test_lengths_are_geometric_cut_off_at_ten():
    mask = hide(Spanbert(), 400, 10, draws=8000)
    first = np.array(
        [np.diff(np.flatnonzero(np.diff(np.r_[0, row.astype(int), 0])))[::2] for row in mask], dtype=object
    )
    one_run = np.mean([len(runs) == 1 for runs in first])
    # A single run: the first span takes all ten cells (share .0301), rarely others that touch it.
    assert 0.02 < one_run < 0.05
    assert max(runs.max() for runs in first) <= 10


def test_longest_one_is_independent_cells():
    mask = hide(Spanbert(max_length=1), 20, 5, draws=20_000)
    assert np.abs(mask.mean(0) - 0.25).max() < 4.5 * np.sqrt(0.25 * 0.75 / 20_000)


def test_a_plane_is_refused():
    with pytest.raises(MaskingError, match="one axis"):
        Spanbert()(Grid(row=2, col=2), np.array([1]), valid=np.ones((1, 2, 2), dtype=bool), rng=Rng.from_ids([0]))
