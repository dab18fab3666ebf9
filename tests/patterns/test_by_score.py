from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from maskwright import ConfigError, Grid, Masking, MaskingError, Rng
from maskwright.patterns.by_score import ByScore

SETTINGS = [
    "by-score",
    {"by-score": {"highest": False, "temperature": 0.3}},
    {"by-score": {"random_share": 0.5, "hint": 0.25}},
]

N = 20_000


def hide(pattern, scores, count, valid=None):
    scores = np.asarray(scores)
    valid = np.ones(scores.shape, dtype=bool) if valid is None else valid
    rng = Rng.from_ids(np.arange(len(scores)))
    grid = Grid(token=scores.shape[1])
    return pattern(grid, np.full(len(scores), count), valid=valid, rng=rng, scores=scores)


def rows(scores, n=N):
    return np.tile(np.asarray(scores), (n, 1))


def test_the_highest_or_the_lowest_are_hidden():
    scores = np.random.default_rng(0).normal(size=(50, 12))
    order = np.argsort(-scores, axis=1)
    for highest, top in ((True, order[:, :5]), (False, order[:, -5:])):
        mask = hide(ByScore(highest=highest), scores, 5)
        assert all(set(np.flatnonzero(row)) == set(want) for row, want in zip(mask, top, strict=True))


@pytest.mark.parametrize("change", [lambda s: s * 1e30, lambda s: s**3, lambda s: s.astype(np.float32)])
def test_only_the_order_counts(change):
    scores = np.random.default_rng(1).permuted(rows(np.arange(15.0), 40), axis=1)
    for pattern in (ByScore(), ByScore(temperature=0.2), ByScore(hint=0.3, random_share=0.2)):
        np.testing.assert_array_equal(hide(pattern, scores, 6), hide(pattern, change(scores), 6))


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int8", "uint8", "int32", "int64", "bool"])
def test_back_ends_agree_for_every_dtype(dtype):
    scores = np.random.default_rng(2).integers(0, 2 if dtype == "bool" else 100, size=(60, 9)).astype(dtype)
    valid = np.random.default_rng(3).random(scores.shape) < 0.8
    pattern = ByScore(temperature=0.1, random_share=0.3, hint=0.1)
    there = pattern(
        Grid(token=9),
        torch.full((60,), 4),
        valid=torch.from_numpy(valid),
        rng=Rng.from_ids(torch.arange(60)),
        scores=torch.from_numpy(scores),
    )
    np.testing.assert_array_equal(hide(pattern, scores, 4, valid), there.numpy())


def test_equal_scores_are_drawn_for():
    rate = hide(ByScore(), rows([1, 1, 1, 5, 1, 1]), 3).mean(0)
    assert rate[3] == 1.0
    assert (np.abs(np.delete(rate, 3) - 0.4) < 4 * math.sqrt(0.24 / N)).all()


def test_infinite_scores_and_cells_that_are_not_valid():
    scores = np.array([[np.inf, 2.0, np.nan, -np.inf, np.inf]])
    valid = np.array([[True, True, False, True, True]])
    assert hide(ByScore(), scores, 2, valid).tolist() == [[True, False, False, False, True]]
    assert hide(ByScore(highest=False), scores, 2, valid).tolist() == [[False, True, False, True, False]]


def test_temperature_draws_with_the_weights_it_promises():
    n, temperature = 5, 0.5
    mask = hide(ByScore(temperature=temperature), rows(np.arange(n)), 1)
    weights = np.exp(np.linspace(0, 1, n) / temperature)
    expected = weights / weights.sum()
    # The table's 2**14 steps move a share by less than a hundredth of the sampling error.
    assert (np.abs(mask.mean(0) - expected) < 4 * np.sqrt(expected * (1 - expected) / N)).all()


def test_the_random_share_comes_from_all_other_cells():
    rate = hide(ByScore(random_share=0.5), rows(np.arange(10)), 4).mean(0)
    assert (rate[8:] == 1).all()
    assert (np.abs(rate[:8] - 2 / 8) < 4 * math.sqrt(0.19 / N)).all()


def test_hints_leave_a_share_of_the_top_visible():
    rate = hide(ByScore(hint=0.2), rows(np.arange(10)), 4).mean(0)
    assert (rate[:5] == 0).all()
    assert (np.abs(rate[5:] - 0.8) < 4 * math.sqrt(0.16 / N)).all()


def test_through_a_masking():
    masking = Masking(pattern="by-score", budget=0.5, fill="zero")
    scores = np.array([[3.0, 1.0, 2.0, 0.0]])
    out = masking(np.ones((1, 4)), grid=Grid(token=4), example_ids=[0], scores=scores)
    assert out.mask.tolist() == [[True, False, True, False]]


def test_scores_of_any_type_are_ordered_exactly():
    exact = np.array([[1.0, 1.0 + 2**-50, 3e300, 2e300, -np.inf, -0.0, 0.0, -1e-310]])
    mask = hide(ByScore(), exact, 4)
    assert mask.tolist() == [[1, 1, 1, 1, 0, 0, 0, 0]]
    assert hide(ByScore(), exact, 3).tolist() == [[0, 1, 1, 1, 0, 0, 0, 0]]
    assert hide(ByScore(highest=False), exact, 2).tolist() == [[0, 0, 0, 0, 1, 0, 0, 1]]
    whole = np.array([[2**60, 2**60 + 1, -(2**60), 5]])
    assert hide(ByScore(), whole, 1).tolist() == [[0, 1, 0, 0]]
    coarse = torch.tensor([[0.1, 0.3, 0.2]], dtype=torch.bfloat16, requires_grad=True)
    one, valid = torch.tensor([1]), torch.ones((1, 3), dtype=torch.bool)
    mask = ByScore()(Grid(token=3), one, valid=valid, rng=Rng.from_ids(torch.tensor([0])), scores=coarse)
    assert mask.tolist() == [[0, 1, 0]]


def test_bad_scores_and_parameters_are_refused():
    with pytest.raises(MaskingError, match="NaN"):
        hide(ByScore(), [[1.0, np.nan]], 1)
    for wrong in (np.ones((1, 4), dtype=complex), np.full((1, 4), "a")):
        with pytest.raises(MaskingError, match="real numbers"):
            hide(ByScore(), wrong, 1)
    with pytest.raises(MaskingError, match="shape"):
        ByScore()(
            Grid(token=3), np.array([1]), valid=np.ones((1, 3), bool), rng=Rng.from_ids([0]), scores=np.ones((1, 2))
        )
    for wrong in ({"temperature": 1e-9}, {"temperature": -1}, {"random_share": 1.5}, {"highest": "yes"}, {"hint": 1}):
        with pytest.raises(ConfigError, match="ByScore"):
            ByScore(**wrong)
