from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from maskwright import ConfigError, Grid, Iid, Masking, MaskingError, apply_mask
from tests.settings import small_vocabulary


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


IDS = {"input_ids": np.array([[1, 5, 6, 2]])}


@pytest.mark.parametrize(
    ("call", "fragment"),
    [
        (lambda m, v: m({}, vocabulary=v), "'input_ids'"),
        (lambda m, v: m({"input_ids": [[1, 2]]}, vocabulary=v), "return_tensors"),
        (lambda m, v: m({"input_ids": np.array([1.5, 2.0])}, vocabulary=v), "whole numbers [B, L], given float64"),
        (lambda m, v: m({"input_ids": np.array([1, 2])}, vocabulary=v), "of shape (2,)"),
        (lambda m, v: m({**IDS, "attention_mask": np.ones((1, 3))}, vocabulary=v), "like input_ids"),
        (lambda m, v: m({**IDS, "attention_mask": torch.ones(1, 4)}, vocabulary=v), "given Tensor"),
        (lambda m, v: m(IDS, vocabulary=v, word_ids=[[None, 0, 0]]), "1 lists of 4"),
        (lambda m, v: m(IDS, vocabulary=v, seed=None), "seed: expected a whole number"),
        (lambda m, v: m(IDS, vocabulary=v, seed=1.7), "given 1.7"),
        (lambda m, v: m(IDS, vocabulary=v, epoch=-1), "0 or more, given -1"),
        (lambda m, v: m(IDS, vocabulary=v, progress=3), "from 0 (start) to 1"),
        (lambda m, v: m(IDS["input_ids"], vocabulary=v, grid=Grid(token=4), example_ids=[0]), "is for texts"),
        (lambda m, v: m(np.ones((1, 3, 4, 4)), grid=Grid(row=4, col=4), example_ids=[0]), "is for texts"),
    ],
)
def test_what_is_no_batch_is_told_so(call, fragment):
    with pytest.raises(MaskingError) as caught:
        call(Masking("iid", 0.5, "mask-token", unit="word"), small_vocabulary())
    assert fragment in str(caught.value)


def test_shapes_that_are_no_grid_say_which_are():
    with pytest.raises(MaskingError, match=r"expected \[B, row, col\] or \[B, row, col, channels\]"):
        Masking("iid", 0.5, "zero")(np.ones((1, 3, 4, 4)), grid=Grid(row=4, col=4), example_ids=[0])


def test_words_as_a_tokenizer_numbers_them_and_ids_from_another_library():
    masking = Masking("iid", 1.0, "mask-token", unit="word")
    out = masking(IDS, vocabulary=small_vocabulary(), word_ids=[[None, 0, 1, None]], example_ids=torch.tensor([3]))
    assert out.inputs["input_ids"].tolist() == [[1, 3, 3, 2]]


def test_a_class_is_no_value():
    with pytest.raises(ConfigError, match=r"Iid\(\.\.\.\)"):
        Masking(Iid, 0.5, "zero")


@dataclasses.dataclass(frozen=True)
class Crooked:
    """A pattern that gives back another shape."""

    def __call__(self, grid, count, *, valid, rng, **signals):
        return valid[:, :2]


def test_a_pattern_that_gives_no_mask_is_named():
    with pytest.raises(MaskingError, match="Crooked has to return a bool mask"):
        Masking(Crooked(), 0.5, "zero")(np.ones((2, 5)), grid=Grid(token=5), example_ids=[0, 1])


def masked(budget, make=np.array, n=4000, **more):
    masking = Masking.from_dict({"pattern": "iid", "budget": budget, "fill": "zero", **more})
    x = make(np.ones((n, 25), dtype=np.float32))
    return masking(x, grid=Grid(token=25), example_ids=np.arange(n), epoch=3)


class TestProbability:
    @pytest.mark.parametrize("make", [np.array, torch.tensor])
    def test_of_a_bernoulli_budget_it_is_the_one_that_was_asked_for(self, make):
        out = masked({"bernoulli": 0.25}, make)
        assert isinstance(out.probability, type(out.mask))
        np.testing.assert_array_equal(np.asarray(out.probability), np.full(4000, 0.25))

    @pytest.mark.parametrize("make", [np.array, torch.tensor])
    def test_of_a_uniform_budget_it_is_the_share_that_was_drawn(self, make):
        out = masked({"uniform": [0.2, 0.8]}, make)
        drawn = np.asarray(out.probability)
        assert drawn.dtype == np.float64
        assert 0.2 <= drawn.min() < 0.21
        assert 0.79 < drawn.max() < 0.8
        assert np.abs(np.asarray(out.count) - 25 * drawn).max() < 1, "the count is it, rounded"
        other = masked({"uniform": [0.2, 0.8]}, n=10)
        np.testing.assert_array_equal(other.probability, drawn[:10])

    @pytest.mark.parametrize("budget", [{"bernoulli": 0.5}, {"uniform": [0.5, 0.9]}])
    def test_examples_that_are_left_whole_had_none(self, budget):
        out = masked(budget, clean_share=0.3)
        whole = np.asarray(out.probability) == 0
        assert abs(whole.mean() - 0.3) < 0.03
        assert not out.count[whole].any()
        assert out.count[~whole].all()

    @pytest.mark.parametrize("budget", [0.3, {"count": 3}, {"schedule": [0.1, 0.5]}])
    def test_other_budgets_have_none(self, budget):
        out = masked(budget)
        assert out.probability is None
        assert out.weight is None

    def test_texts_have_one_whatever_way_they_are_masked(self):
        for unit in ("token", "word"):
            masking = Masking("iid", {"bernoulli": 0.5}, "mask-token", unit=unit)
            out = masking(IDS, vocabulary=small_vocabulary())
            assert out.probability.tolist() == [0.5]


@dataclasses.dataclass(frozen=True)
class Weighted:
    """A law of one's own: a chance for each example, and what its loss counts."""

    def probabilities(self, *, rng, progress):
        """[B]."""
        return rng.child("level").draw() / (1 << 24)

    def weights(self, *, rng, progress):
        """[B]."""
        return 1 / np.maximum(self.probabilities(rng=rng, progress=progress), 0.01)

    def __call__(self, n_valid, *, rng, progress):
        return (self.probabilities(rng=rng, progress=progress) * n_valid).astype(np.int64)


def test_a_law_gives_examples_a_weight():
    out = masked(Weighted(), n=100)
    np.testing.assert_allclose(out.weight, 1 / np.maximum(out.probability, 0.01))
    np.testing.assert_array_equal(out.count, (out.probability * 25).astype(np.int64))
