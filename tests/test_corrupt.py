from __future__ import annotations

import numpy as np
import pytest
import torch

from maskwright import Grid, Masking, MaskingError, apply_mask


@pytest.mark.parametrize("make", [np.array, torch.tensor])
def test_it_is_x_times_m_where_that_is_right(make):
    x, mask = make([[1.0, 2.0], [3.0, 4.0]]), make([[True, False], [False, True]])
    assert apply_mask(x, mask).tolist() == [[0.0, 2.0], [3.0, 0.0]]
    assert type(apply_mask(x, mask)) is type(x)


def test_masks_of_the_leading_axes_cover_channels():
    out = apply_mask(np.ones((2, 3, 4)), np.array([[True, False, False], [False, False, True]]))
    assert out.sum(axis=2).tolist() == [[0, 4, 4], [4, 4, 0]]
    columns = apply_mask(np.ones((2, 3)), np.array([[True, False, True]]))
    assert columns.tolist() == [[0, 1, 0], [0, 1, 0]]


@pytest.mark.parametrize(
    ("x", "mask", "fragment"),
    [
        (np.ones(3), np.ones(4, dtype=bool), "does not fit"),
        (np.ones(3), np.ones(3), "bool mask"),
        (np.ones(3), torch.ones(3).bool(), "use the same"),
        ([1, 2], np.ones(2, dtype=bool), "list"),
        (np.ones(()), np.ones((), dtype=bool), "at least one axis"),
    ],
)
def test_what_does_not_fit_is_refused(x, mask, fragment):
    with pytest.raises(MaskingError, match=fragment):
        apply_mask(x, mask)


@pytest.mark.parametrize(
    ("call", "fragment"),
    [
        (lambda m: m(np.ones((2, 3)), grid=Grid(token=4), example_ids=[0, 1]), "not a batch of"),
        (lambda m: m(np.ones((2, 3)), example_ids=[0, 1]), "grid="),
        (lambda m: m(np.ones((2, 3)), grid=Grid(token=3)), "example_ids"),
        (lambda m: m(np.ones((2, 3)), grid=Grid(token=3), example_ids=[0]), "expected 2"),
        (
            lambda m: m(np.ones((2, 3)), grid=Grid(token=3), example_ids=[0, 1], valid=np.ones((2, 2), dtype=bool)),
            "valid",
        ),
        (lambda m: m({"input_ids": np.ones((2, 3), dtype=int)}), "vocabulary="),
        (lambda m: m(np.ones((2, 3)), grid=Grid(token=3), example_ids=[0.5, 1.5]), "whole numbers"),
        (lambda m: m(torch.ones(2, 3), grid=Grid(token=3), example_ids=[0.5, 1.5]), "whole numbers"),
        (
            lambda m: m(np.ones((2, 3)), grid=Grid(token=3), example_ids=[0, 1], vald=1),
            "no 'vald'. Did you mean 'valid'",
        ),
        (lambda m: m([[1, 2]], grid=Grid(token=2), example_ids=[0]), "list"),
    ],
)
def test_a_masking_says_what_it_needs(call, fragment):
    masking = Masking.from_dict({"pattern": "iid", "budget": 0.5, "fill": "zero"})
    with pytest.raises(MaskingError, match=fragment):
        call(masking)


def test_clean_share_leaves_that_share_whole():
    masking = Masking.from_dict({"pattern": "iid", "budget": 0.5, "fill": "zero", "clean_share": 0.25})
    for node in (masking, Masking.from_dict({**masking.to_dict(), "budget": {"bernoulli": 0.5}})):
        out = node(np.ones((8000, 40)), grid=Grid(token=40), example_ids=np.arange(8000))
        assert abs((out.count == 0).mean() - 0.25) < 0.02
        assert abs(out.ratio[out.count > 0].mean() - 0.5) < 0.02


GRID = Grid(row=2, col=3)
ONES = np.ones((1, 2, 3))


@pytest.mark.parametrize(
    ("x", "facts", "fragment"),
    [
        (ONES, {"valid": np.ones((1, 2, 3))}, "given float64"),
        (ONES, {"valid": torch.ones(1, 2, 3, dtype=torch.bool)}, "given Tensor"),
        (ONES, {"valid": np.ones((1, 3, 2), dtype=bool)}, "(1, 3, 2)"),
        (ONES, {"valid": [[True] * 3] * 2}, "given list"),
        (np.full((1, 2, 3), "word"), {}, "<U4"),
        (np.full((1, 2, 3), None), {}, "object"),
        ([[[1, 2, 3], [4, 5, 6]]], {}, "given list"),
    ],
)
def test_arrays_that_cannot_be_masked_are_refused(x, facts, fragment):
    with pytest.raises(MaskingError) as caught:
        Masking("iid", 0.5, "zero")(x, grid=GRID, example_ids=[0], **facts)
    assert fragment in str(caught.value)


def test_scores_in_bfloat16_order_cells_as_any_others():
    scores = torch.arange(6, dtype=torch.bfloat16).reshape(1, 2, 3)
    out = Masking("by-score", 0.5, "zero")(torch.ones(1, 2, 3), grid=GRID, example_ids=[0], scores=scores)
    assert out.mask.tolist() == [[[False] * 3, [True] * 3]]
