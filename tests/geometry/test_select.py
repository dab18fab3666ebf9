from __future__ import annotations

import numpy as np
import pytest
import torch

from maskwright import Rng
from maskwright.geometry.select import bounded, exact, fixed_point, random_order, round_count, same_share, undecided
from maskwright.geometry.slices import first_of


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


def test_random_order_puts_what_is_not_there_last_and_is_the_same_on_torch_and_when_wide():
    rng = Rng.from_ids(np.arange(50))
    present = np.arange(40) < np.arange(50)[:, None] % 40
    bits = rng.bits(40)
    order = random_order(bits, present, np.full(50, 40))
    assert (np.sort(order, axis=1) == np.arange(40)).all()
    there = np.take_along_axis(present, order, axis=1)
    assert (np.diff(there.astype(int), axis=1) <= 0).all()
    there = random_order(torch.from_numpy(bits), torch.from_numpy(present), torch.full((50,), 40)).numpy()
    np.testing.assert_array_equal(order, there)
    wide = np.zeros((50, 5000), dtype=bool)
    wide[:, :40] = present
    more = np.concatenate([bits, np.zeros((50, 4960), dtype=np.int32)], axis=1)
    n = present.sum(1)
    for row, other, k in zip(order, random_order(more, wide, np.full(50, 40)), n, strict=True):
        np.testing.assert_array_equal(row[:k], other[:k])


def test_exact_tells_the_largest_score_from_cells_that_are_not_valid():
    top = np.iinfo(np.int32).max
    scores = np.array([[top, top, top - 1, top]], dtype=np.int32)
    valid = np.array([[False, True, True, True]])
    for count, expected in ((1, [0, 0, 1, 0]), (2, [0, 1, 1, 0]), (3, [0, 1, 1, 1])):
        mask = exact(scores, np.array([count]), valid)
        assert mask.astype(int).tolist() == [expected]
        there = exact(torch.from_numpy(scores), torch.tensor([count]), torch.from_numpy(valid))
        np.testing.assert_array_equal(mask, there.numpy())


def test_same_share_is_exact_on_average_and_never_too_much():
    draws = 20_000
    rng = Rng.from_ids(np.arange(draws))
    full = np.full(draws, 1)
    for count, n, other in ((13, 35, 7), (1, 3, 1000), (5, 5, 9), (0, 4, 9), (9, 4, 9), (3, 0, 0)):
        got = same_share(full * count, full * n, full * other, rng.draw())
        want = other * min(count, n) / max(n, 1)
        assert set(got) <= {int(want), int(np.ceil(want))}
        assert abs(got.mean() - want) <= 4 * 0.5 / np.sqrt(draws) * (want % 1 > 0) + 1e-12


def test_first_of_and_bounded():
    cells = np.array([[True, False, True, True], [False, False, True, True]])
    assert first_of(cells, np.array([2, 0])).astype(int).tolist() == [[1, 0, 1, 0], [0, 0, 0, 0]]
    rng = Rng.from_ids([0, 1])
    assert bounded(cells, np.array([3, 9]), rng) is cells
    fewer = bounded(cells, np.array([3, 1]), rng)
    assert fewer.sum(1).tolist() == [3, 1]
    assert not (fewer & ~cells).any()


@pytest.mark.parametrize("back", [np.asarray, torch.from_numpy])
def test_undecided_where_a_chosen_cell_scores_as_one_that_is_not(back):
    scores = np.array([[1, 2, 2, 9], [1, 2, 3, 9], [1, 2, 2, 2], [5, 5, 5, 5], [2, 2, 7, 2]], dtype=np.int32)
    valid = np.array([[1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 0, 0], [1, 1, 1, 1], [1, 1, 1, 0]], dtype=bool)
    counts = np.array([2, 2, 2, 4, 1])
    mask = exact(scores, counts, valid)
    assert undecided(back(scores), back(mask), back(valid)).tolist() == [True, False, False, False, True]


def test_rows_that_have_too_few_cells_do_not_make_up_for_rows_with_ties():
    scores = np.array([[1, 1, 1, 5], [1, 2, 3, 4]], dtype=np.int32)
    valid = np.array([[True, True, True, True], [True, False, False, False]])
    wanted = [[True, False, False, False], [True, False, False, False]]
    assert exact(scores, np.array([1, 3]), valid).tolist() == wanted
