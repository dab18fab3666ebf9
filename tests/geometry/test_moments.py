from __future__ import annotations

import numpy as np
import pytest

from maskwright import ConfigError, Grid, Rng, patterns
from maskwright.geometry import moments

CELLS, DRAWS = 12, 200_000
GROUP = np.array([0, 0, 1, 1, 1, 2, 2, 3, 3, 3, 3, 4])


def uniform_starts(rng, draws, number, length, cells=CELLS):
    """[draws, cells] visible after `number` spans at uniform starts."""
    starts = rng.integers(0, cells - length + 1, size=(draws, number, 1))
    place = np.arange(cells)
    return ~((place >= starts) & (place < starts + length)).any(1)


def random_lengths(rng, draws, shares, number):
    visible = np.ones((draws, CELLS), dtype=bool)
    for _ in range(number):
        length = rng.choice(np.arange(1, len(shares) + 1), size=draws, p=shares)
        start = (rng.random(draws) * (CELLS - length + 1)).astype(int)
        place = np.arange(CELLS)
        visible &= ~((place >= start[:, None]) & (place < (start + length)[:, None]))
    return visible


def boxes(rng, draws, number):
    rows = ~uniform_starts(rng, draws * number, 1, 2, 3).reshape(draws, number, 3, 1)
    cols = ~uniform_starts(rng, draws * number, 1, 3, 4).reshape(draws, number, 1, 4)
    return ~(rows & cols).any(1).reshape(draws, 12)


def poisson(rng, draws, mean):
    number = rng.poisson(mean, size=draws)
    starts = rng.integers(0, CELLS - 3 + 1, size=(draws, 12, 1))
    place = np.arange(CELLS)
    drawn = np.arange(12)[None, :, None] < number[:, None, None]  # more than 12 of a mean of 1.5 come once in 10**8
    return ~((place >= starts) & (place < starts + 3) & drawn).any(1)


def started(rng, draws, chance, length):
    begins = rng.random((draws, CELLS)) < chance
    return ~np.stack([begins[:, max(0, j - length + 1) : j + 1].any(1) for j in range(CELLS)], axis=1)


def some_groups(rng, draws, count):
    return ~(rng.random((draws, 5)).argsort(1).argsort(1) < count)[:, GROUP]


SHARES = [0.5, 0.3, 0.0, 0.2]
LAWS = {
    "bernoulli": (moments.bernoulli(CELLS, 0.3), lambda r, n: r.random((n, CELLS)) >= 0.3),
    "exact count": (moments.exact_count(CELLS, 5), lambda r, n: r.random((n, CELLS)).argsort(1).argsort(1) >= 5),
    "groups": (moments.groups(GROUP, 0.4), lambda r, n: (r.random((n, 5)) >= 0.4)[:, GROUP]),
    "exact groups": (moments.exact_groups(GROUP, 2), lambda r, n: some_groups(r, n, 2)),
    "spans": (moments.several(moments.covered(CELLS, 3), 2), lambda r, n: uniform_starts(r, n, 2, 3)),
    "long spans": (moments.several(moments.covered(CELLS, 8), 1), lambda r, n: uniform_starts(r, n, 1, 8)),
    "random lengths": (
        moments.several(moments.covered_of_lengths(CELLS, SHARES), 3),
        lambda r, n: random_lengths(r, n, SHARES, 3),
    ),
    "rectangles": (moments.several(moments.covered_by_box((3, 4), (2, 3)), 2), lambda r, n: boxes(r, n, 2)),
    "poisson": (moments.poisson(moments.covered(CELLS, 3), 1.5), lambda r, n: poisson(r, n, 1.5)),
    "wav2vec2": (moments.started(CELLS, 4, 0.12), lambda r, n: started(r, n, 0.12, 4)),
    "random ratio": (
        moments.random_ratio(CELLS, 0.45, 0.5**2 / 12),
        lambda r, n: r.random((n, CELLS)) >= r.uniform(0.2, 0.7, size=(n, 1)),
    ),
}
PATTERNS = [
    ("iid", Grid(row=3, col=4), 5),
    ({"tied": {"pattern": "iid", "axis": "row"}}, Grid(row=3, col=4), 1),
    ({"complement": {"mix": {"iid": 1}}}, Grid(token=9), 4),
    ({"mix": [["iid", 1], [{"complement": "iid"}, 3]]}, Grid(token=9), 2),
]


def check(expected, visible):
    """Whether all is within five standard errors: 150 entries fail with a chance below 1e-4, and seeds are fixed."""
    n = len(visible)
    visible = visible.astype(np.float64)
    m, second = visible.mean(0), visible.T @ visible / n
    pairs = ((m, expected[0]), (second, expected[1]))
    assert all(got.shape == want.shape for got, want in pairs)
    return all((np.abs(got - want) <= 5 * np.sqrt(want * (1 - want) / n) + 1e-9).all() for got, want in pairs)


@pytest.mark.parametrize("name", LAWS)
def test_formulas_agree_with_samples(name):
    expected, sample = LAWS[name]
    np.testing.assert_allclose(np.diagonal(expected[1]), expected[0], err_msg="M is 0 or 1, so S_jj = m_j")
    np.testing.assert_allclose(expected[1], expected[1].T, atol=1e-15)
    assert check(expected, sample(np.random.default_rng(1), DRAWS))


def pattern_masks(node, grid, count, draws=DRAWS):
    valid = np.ones((draws, *grid.shape), dtype=bool)
    rng = Rng.from_ids(np.arange(draws))
    mask = patterns.from_node(node)(grid, np.full(draws, count), valid=valid, rng=rng)
    return ~mask.reshape(draws, grid.size)


@pytest.mark.parametrize(("node", "grid", "count"), PATTERNS, ids=str)
def test_patterns_have_the_moments_they_say(node, grid, count):
    assert check(patterns.from_node(node).moments(grid, count), pattern_masks(node, grid, count))


@pytest.mark.parametrize(
    ("cells", "length", "count"), [(12, 3, 5), (12, 5, 7), (11, 4, 4), (7, 3, 6), (5, 9, 2), (9, 1, 4)]
)
def test_spans_of_a_circle(cells, length, count):
    node = {"span": {"length": length}}
    expected = patterns.from_node(node).moments(Grid(token=cells), count)
    np.testing.assert_array_equal(expected[1], moments.circle_spans(cells, length, count)[1])
    assert check(expected, pattern_masks(node, Grid(token=cells), count))


def test_patterns_whose_moments_are_not_known_have_none():
    for node in (
        {"tied": {"pattern": {"filtered": "red"}, "axis": "row"}},
        {"span": {"length": 3, "law": "geometric"}},
        {"mix": {"iid": 1, "filtered": 1}},
    ):
        assert patterns.traits(patterns.from_node(node)).moments is None


def test_bad_numbers_are_refused():
    with pytest.raises(ConfigError, match="1 to 4"):
        moments.covered(4, 5)
    with pytest.raises(ConfigError, match="sum to 1"):
        moments.covered_of_lengths(4, [0.5, 0.2])
