from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from maskwright import ConfigError, Grid, Rng, Span
from maskwright.geometry.spans import Lengths

SETTINGS = [
    {"span": {"length": 1}},
    {"span": {"length": 3}},
    {"span": {"length": 2.5, "law": "geometric"}},
    {"span": {"length": 3, "law": "geometric", "max_length": 4}},
    {"span": {"law": "uniform", "min_length": 2, "max_length": 4}},
    {"span": {"length": 3, "law": "poisson"}},
    {"span": {"length": 2, "min_gap": 1}},
    {"span": {"length": 2.5, "law": "geometric", "min_gap": 2, "whole": True}},
    {"span": {"length": 3, "whole": True}},
]


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


def line_runs(row):
    """Lengths of the hidden runs of a line, without those at its ends, and of the visible runs between them."""
    edges = np.flatnonzero(np.diff(np.r_[0, row.astype(int), 0]))
    return edges[1::2] - edges[::2], edges[2::2] - edges[1:-1:2]


def theory(law, length, low, high):
    values = np.arange(low, high + 1)
    weights = {
        "geometric": stats.geom.pmf(values, 1 / length),
        "poisson": stats.poisson.pmf(values, length),
        "uniform": np.ones(len(values)),
    }[law]
    return values, weights / weights.sum()


@pytest.mark.parametrize(
    ("law", "length", "low", "high"),
    [
        ("geometric", 5, 1, 10),
        ("geometric", 3, 1, 60),
        ("uniform", 3, 2, 6),
        ("poisson", 3, 1, 40),
        ("poisson", 6, 4, 9),
    ],
)
def test_lengths_follow_their_law(law, length, low, high):
    bits = Rng.from_ids(np.arange(200)).bits(300)
    drawn = Lengths(law, length, low, high).draw(bits, 10_000)
    values, share = theory(law, length, low, high)
    seen = np.array([(drawn == value).sum() for value in values])
    assert seen.sum() == drawn.size, "a length outside the bounds"
    rare = share * drawn.size < 5
    expected = np.append(share[~rare], share[rare].sum()) * drawn.size
    seen = np.append(seen[~rare], seen[rare].sum())
    keep = expected > 0
    assert stats.chisquare(seen[keep], expected[keep] * seen.sum() / expected[keep].sum()).pvalue > 1e-4
    assert abs(Lengths(law, length, low, high).mean(10_000) - (values * share).sum()) < 1e-3


@pytest.mark.parametrize("law", ["geometric", "poisson"])
def test_a_table_cut_at_the_line_gives_the_same_lengths(law):
    bits = Rng.from_ids(np.arange(20)).bits(500)
    law = Lengths(law, 7)
    np.testing.assert_array_equal(np.minimum(law.draw(bits, 500), 9), law.draw(bits, 9))


def test_lengths_on_torch_are_the_same():
    import torch

    bits = Rng.from_ids(np.arange(50)).bits(400)
    for law in (Lengths("geometric", 4.5), Lengths("poisson", 3), Lengths("uniform", 3, 2, 5), Lengths("constant", 3)):
        np.testing.assert_array_equal(law.draw(bits, 64), law.draw(torch.from_numpy(bits), 64).numpy())


@pytest.mark.parametrize("pattern", [Span(law="uniform", min_length=2, max_length=5), Span(law="poisson", length=4)])
def test_masks_have_the_lengths_of_the_law(pattern):
    mask = hide(pattern, 600, 7, draws=3000)
    # One or two spans of 600 cells: the first whole, the second cut at the count; they seldom touch.
    longest = np.array([circular_runs(row).max() for row in mask])
    if pattern.law == "uniform":
        assert (longest <= 7).all()
        assert (np.bincount(longest, minlength=8)[3:6] > 100).all()
    else:
        assert 3.5 < longest.mean() < 6


@pytest.mark.parametrize("gap", [1, 3])
@pytest.mark.parametrize("law", ["constant", "geometric"])
def test_spans_keep_their_gap(gap, law):
    mask = hide(Span(length=3, law=law, min_gap=gap), 60, 24, draws=800)
    for row in mask:
        hidden, visible = line_runs(row)
        assert (visible >= gap).all()
        if law == "constant":
            assert (hidden <= 3).all()
    assert mask.sum(1).max() == 24


def test_a_count_beyond_what_gaps_allow_hides_every_span():
    mask = hide(Span(length=2, min_gap=2), 40, 40, draws=300)
    assert set(mask.sum(1).tolist()) == {20}


@pytest.mark.parametrize("pattern", [Span(length=3, min_gap=2), Span(law="geometric", min_gap=1, whole=True)])
@pytest.mark.parametrize("count", [3, 9])
def test_spans_with_gaps_hide_every_cell_equally_often(pattern, count):
    draws = 20_000
    mask = hide(pattern, 17, count, draws=draws)
    rate, share = mask.mean(0), mask.mean()
    assert np.abs(rate - share).max() < 5 * np.sqrt(share * (1 - share) / draws)


def test_whole_spans_are_never_cut_and_their_count_is_right_on_average():
    draws = 20_000
    mask = hide(Span(length=4, whole=True), 40, 10, draws=draws)
    assert set(mask.sum(1).tolist()) == {8, 12}
    assert abs(mask.sum(1).mean() - 10) < 4 * 2 / np.sqrt(draws)


def test_bad_laws_are_refused():
    for wrong, words in (
        ({"law": "uniform"}, "max_length"),
        ({"law": "geometric", "min_length": 5, "max_length": 4}, "given 4 below 5"),
        ({"whole": 1}, "true or false"),
        ({"length": 2, "max_length": 4}, "whole length"),
    ):
        with pytest.raises(ConfigError, match=words):
            Span(**wrong)
