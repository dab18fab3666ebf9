from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from maskwright import Grid, Rng, Span


def hide(pattern, n, count, draws=4000, grid=None):
    grid = grid or Grid(token=n)
    valid = np.ones((draws, *grid.shape), dtype=bool)
    return pattern(grid, np.full(draws, count), valid=valid, rng=Rng.from_ids(np.arange(draws)))


def circular_runs(row):
    """Lengths of the hidden runs of a circle that is not hidden whole."""
    start = int(np.flatnonzero(~row)[0])
    row = np.roll(row, -start)
    edges = np.flatnonzero(np.diff(np.r_[0, row.astype(int), 0]))
    return edges[1::2] - edges[::2]


def test_constant_spans_have_their_length():
    for row in hide(Span(length=4), 40, 4, draws=500):
        assert circular_runs(row).tolist() == [4]
    for row in hide(Span(length=4), 40, 12, draws=500):
        assert (circular_runs(row) % 4 == 0).all(), "neighbouring spans join; none is cut when the count is a multiple"


def test_only_the_last_span_is_cut():
    for row in hide(Span(length=4), 40, 10, draws=500):
        assert sum(length % 4 != 0 for length in circular_runs(row)) <= 1


def test_geometric_spans_have_geometric_lengths():
    mask = hide(Span(length=3, law="geometric"), 400, 8, draws=4000)
    firsts = [runs[0] for runs in map(circular_runs, mask) if len(runs) > 1]
    # With a small share hidden, runs seldom touch: whole runs follow the geometric law (cut at the count).
    lengths = np.array([r for row in mask for r in circular_runs(row)])
    assert 1.8 < lengths.mean() < 3.2
    assert len(set(firsts)) > 4


def test_max_length_cuts_long_spans():
    mask = hide(Span(length=50, law="geometric", max_length=5), 500, 5, draws=800)
    assert max(len(circular_runs(row)) for row in mask) > 1 or all(circular_runs(row).max() <= 5 for row in mask)
    assert all(circular_runs(row).max() <= 5 for row in mask)


def test_a_span_starts_at_every_place_equally_often():
    mask = hide(Span(length=3), 11, 3, draws=20_000)
    starts = (mask & ~np.roll(mask, 1, axis=1)).sum(0)
    assert mask.sum(1).tolist() == [3] * 20_000
    assert stats.chisquare(starts).pvalue > 1e-4


def test_texts_shorter_than_a_span():
    for n, count in ((1, 1), (2, 1), (3, 3)):
        assert hide(Span(length=10), n, count).sum(1).tolist() == [count] * 4000


def test_each_line_of_a_grid_is_its_own_circle():
    mask = hide(Span(length=4), 0, 4, draws=400, grid=Grid(row=5, col=12))
    lines = mask.reshape(-1, 12)
    lines = lines[lines.any(1)]
    whole = [runs for runs in map(circular_runs, lines) if runs.tolist() == [4]]
    assert len(whole) == len(lines) == 400


@pytest.mark.parametrize("length", [1, 3])
def test_spans_take_words_not_cells(length):
    valid = np.array([[False, True, True, False, True, True, True, False]])
    mask = Span(length=length)(Grid(token=8), np.array([length]), valid=valid, rng=Rng.from_ids([5]))
    assert mask.sum() == length
    assert circular_runs(mask[0][valid[0]]).tolist() == [length]
