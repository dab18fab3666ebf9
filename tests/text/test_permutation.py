"""Permutation language modelling: the published rates, no path by which a token sees itself, no effect of padding."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from maskwright.errors import ConfigError
from maskwright.rng import Rng
from maskwright.text.permutation import Permutation
from tests.settings import small_vocabulary


def plan(lengths, width=None, left=False, law=None, seed=0, xp=np):
    lengths = np.asarray(lengths)[:, None]
    width = int(lengths.max()) if width is None else width
    place = np.arange(width)
    attended = place >= width - lengths if left else place < lengths
    names = np.arange(len(lengths))
    if xp is torch:
        attended, names = torch.from_numpy(attended), torch.from_numpy(names)
    return (law or Permutation()).plan(attended, attended, Rng.from_ids(names, seed=seed))


def test_spans_have_the_published_lengths_and_rates():
    law = Permutation(probability=1 / 6, max_span=5)
    hidden = plan([600] * 400, law=law).hidden
    # Each span of n tokens lies in room for 6 n.
    assert abs(hidden.mean() - 1 / 6) < 0.002
    padded = np.pad(hidden, ((0, 0), (1, 1))).astype(int)
    starts, ends = np.argwhere(np.diff(padded, axis=1) == 1)[:, 1], np.argwhere(np.diff(padded, axis=1) == -1)[:, 1]
    runs = np.bincount(ends - starts, minlength=6)[1:6] / len(starts)
    # A little below 1/5 each, because neighbours that touch look like one longer run.
    assert (np.abs(runs - 0.2) < 0.02).all()


@pytest.mark.parametrize("probability", [0.2, 0.5, 1.0])
@pytest.mark.parametrize("length", [1, 2, 7, 16])
def test_no_path_of_any_length_leads_from_a_token_back_to_itself(probability, length):
    out = plan([length] * 50, law=Permutation(probability, 3))
    sees = ~out.blocked
    reach = sees & ~np.eye(length, dtype=bool)
    for _ in range(length):
        reach = reach | ((reach.astype(int) @ reach.astype(int)) > 0)
    hidden = out.hidden
    assert not (reach & np.eye(length, dtype=bool) & hidden[:, None, :]).any()
    assert (sees | hidden[:, None, :]).all(), "what is not hidden is seen by all"
    # Of two hidden tokens one sees the other, except where their draws are the same.
    pairs = hidden[:, :, None] & hidden[:, None, :] & ~np.eye(length, dtype=bool)
    assert (sees ^ sees.swapaxes(1, 2))[pairs].all()


def test_the_first_half_comes_before_the_second():
    out = plan([9] * 200, law=Permutation(1.0, 3))
    assert out.blocked[:, :5, 5:].all()
    assert not out.blocked[:, 5:, :5].any()
    orders = {row.tobytes() for row in out.blocked[:, :5, :5]}
    assert len(orders) > 60, "nearly all of the 120 orders of 5 tokens"


@pytest.mark.parametrize("left", [False, True])
def test_padding_and_neighbours_change_nothing(left):
    lengths = [5, 8, 0, 13, 1]
    wide, narrow = plan(lengths, 21, left), plan(lengths, 13)
    for row, n in enumerate(lengths):
        where = slice(21 - n, 21) if left else slice(0, n)
        np.testing.assert_array_equal(wide.hidden[row, where], narrow.hidden[row, :n])
        np.testing.assert_array_equal(wide.blocked[row, where, where], narrow.blocked[row, :n, :n])
        assert wide.hidden[row].sum() == wide.hidden[row, where].sum(), "padding is never hidden"


def test_numpy_and_torch_agree_to_the_bit_and_seeds_differ():
    one, other = plan([17, 30]), plan([17, 30], xp=torch)
    np.testing.assert_array_equal(one.hidden, other.hidden.numpy())
    np.testing.assert_array_equal(one.blocked, other.blocked.numpy())
    assert (plan([17, 30], seed=1).blocked != one.blocked).any()


def test_special_tokens_are_not_hidden_and_see_nothing_hidden():
    ids = np.tile(np.array([[1, 5, 6, 7, 8, 9, 10, 2]]), (300, 1))
    law = Permutation(0.5, 2)
    rng = Rng.from_ids(np.arange(300))
    out = law(ids, ids != 0, vocabulary=small_vocabulary(), rng=rng)
    assert not out.hidden[:, [0, 7]].any()
    assert (out.blocked[:, 0] == out.hidden).all()
    assert (out.blocked[:, 7] == out.hidden).all()


def test_no_tokens_at_all():
    out = plan([0, 0], 0)
    assert out.hidden.shape == (2, 0)
    assert out.blocked.shape == (2, 0, 0)


@pytest.mark.parametrize("options", [{"probability": 0}, {"probability": 1.5}, {"max_span": 0}, {"max_span": 2.5}])
def test_numbers_out_of_range_are_refused(options):
    with pytest.raises(ConfigError, match="Permutation"):
        Permutation(**options)
