from __future__ import annotations

import numpy as np
import pytest
import torch

from maskwright.select import exact, fixed_point, round_count


@pytest.mark.parametrize("ties", [False, True])
def test_takes_the_lowest_scores_and_breaks_ties_by_place(ties):
    rng = np.random.default_rng(0)
    scores = rng.integers(0, 4 if ties else 2**31 - 1, size=(50, 11)).astype(np.int32)
    valid = rng.random((50, 11)) < 0.8
    count = rng.integers(0, 13, size=50)
    expected = np.zeros_like(valid)
    for row in range(50):
        order = sorted(np.flatnonzero(valid[row]), key=lambda cell: (scores[row, cell], cell))
        expected[row, order[: count[row]]] = True
    np.testing.assert_array_equal(exact(scores, count, valid), expected)
    there = exact(torch.from_numpy(scores), torch.from_numpy(count), torch.from_numpy(valid))
    np.testing.assert_array_equal(there.numpy(), expected)


def test_a_valid_cell_with_the_worst_score_can_be_chosen():
    scores = np.array([[2**31 - 1, 2**31 - 1]], dtype=np.int32)
    np.testing.assert_array_equal(exact(scores, np.array([1]), np.array([[False, True]])), [[False, True]])


@pytest.mark.parametrize(
    ("n", "ratio", "expected"), [(10, 0.1, 1), (100, 0.29, 29), (20, 0.15, 3), (4096, 0.3, 1228.8)]
)
def test_rounding_is_unbiased_and_whole_products_are_certain(n, ratio, expected):
    draws = np.arange(0, 1 << 24, 64)
    counts = round_count(np.full(len(draws), n), fixed_point(ratio), draws)
    assert counts.mean() == pytest.approx(expected, abs=1e-4)
    assert counts.max() - counts.min() == (0 if expected % 1 == 0 else 1)
