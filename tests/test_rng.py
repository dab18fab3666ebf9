"""Statistical tests of the key hash, and its independence of back end and grid."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats

from maskwright import Grid, Masking, MaskingError, Rng
from maskwright.backend.content import content_ids, content_ids_of_rows
from maskwright.backend.hashing import cell_counters
from maskwright.rng import EVALUATION_SEED, Moment, below


def share_of_bits(rng, n=64):
    return rng.bits(n) / 2**31


def all_differ(numbers):
    ordered = np.sort(numbers)
    return bool((ordered[1:] != ordered[:-1]).all())


def test_uniform_at_every_position():
    draws = 40_000
    u = share_of_bits(Rng.from_ids(np.arange(draws)))
    counts = np.stack([np.histogram(u[:, position], bins=50, range=(0, 1))[0] for position in range(u.shape[1])])
    p = stats.chisquare(counts, axis=1).pvalue
    assert p.min() > 1e-5
    assert stats.kstest(p, "uniform").pvalue > 1e-4  # neither too uneven nor too even


@pytest.mark.parametrize("bit", range(31))
def test_each_bit_is_fair(bit):
    ones = (Rng.from_ids(np.arange(4000)).bits(64) >> bit & 1).mean()
    assert abs(ones - 0.5) < 5 * 0.5 / np.sqrt(4000 * 64)


@pytest.mark.parametrize(
    ("what", "other"),
    [
        ("next example", Rng.from_ids(np.arange(1, 20_001))),
        ("far example", Rng.from_ids(np.arange(20_000) + 2**40)),
        ("next epoch", Rng.from_ids(np.arange(20_000), epoch=1)),
        ("next seed", Rng.from_ids(np.arange(20_000), seed=1)),
        ("other purpose", Rng.from_ids(np.arange(20_000)).child("fill")),
        ("other rank, interleaved ids", Rng.from_ids(np.arange(20_000) * 2 + 1)),
    ],
)
def test_independent_of(what, other):
    here, there = share_of_bits(Rng.from_ids(np.arange(20_000))), share_of_bits(other)
    limit = 5.5 / np.sqrt(20_000)
    correlation = np.corrcoef(here.T, there.T)[:64, 64:]
    assert np.abs(correlation).max() < limit, what
    coarse = (here * 4).astype(int) * 4 + (there * 4).astype(int)
    table = np.stack([np.bincount(column, minlength=16) for column in coarse.T])
    assert stats.chisquare(table, axis=1).pvalue.min() > 1e-6, what


def test_positions_of_an_example_are_independent():
    u = share_of_bits(Rng.from_ids(np.arange(20_000)))
    correlation = np.corrcoef(u.T) - np.eye(64)
    assert np.abs(correlation).max() < 5.5 / np.sqrt(20_000)
    runs = (u[:, 1:] > u[:, :-1]).mean(0)
    assert np.abs(runs - 0.5).max() < 5.5 * 0.5 / np.sqrt(20_000)


def test_no_two_of_ten_million_examples_share_a_key():
    assert all_differ(Rng.from_ids(np.arange(10_000_000), seed=3, epoch=2).keys)


def test_keys_of_other_epochs_are_other_keys():
    keys = np.concatenate([Rng.from_ids(np.arange(200_000), epoch=epoch).keys for epoch in range(10)])
    assert all_differ(keys)


def test_no_two_cells_of_a_large_plane_share_a_counter():
    assert all_differ(cell_counters((4096, 4096)).ravel())


@pytest.mark.parametrize("shape", [(7,), (3, 5), (2, 3, 4), (2, 2, 2, 2), (0,), ()])
def test_back_ends_agree_to_the_bit(shape):
    ids = np.array([0, 1, 5, 2**62, -3])
    here = Rng.from_ids(ids, seed=7, epoch=3).child("x").child("y")
    there = Rng.from_ids(torch.from_numpy(ids), seed=7, epoch=3).child("x").child("y")
    np.testing.assert_array_equal(here.bits(*shape), there.bits(*shape).numpy())
    np.testing.assert_array_equal(here.draw(), there.draw().numpy())


def test_chosen_cells_have_the_numbers_of_the_whole():
    rng = Rng.from_ids(np.arange(6)).child("x")
    whole = rng.bits(4, 5)
    flat = np.array([0, 7, 33, 119])
    np.testing.assert_array_equal(rng.at_cells(flat, (4, 5)).bits(1)[:, 0], whole.ravel()[flat])
    index = np.array([[3, 0], [1, 1], [2, 4], [0, 0], [4, 4], [3, 2]])
    np.testing.assert_array_equal(rng.bits_at(index), np.take_along_axis(rng.bits(5), index, axis=1))


def test_content_ids_ignore_padding_and_tell_texts_apart():
    tokens = np.array([[5, 6, 7, 0, 0], [7, 6, 5, 0, 0], [5, 6, 0, 0, 0]])
    attended = np.array([[1, 1, 1, 0, 0], [1, 1, 1, 0, 0], [1, 1, 0, 0, 0]], dtype=bool)
    ids = content_ids(tokens, attended)
    assert len(set(ids.tolist())) == 3
    np.testing.assert_array_equal(ids, content_ids(tokens[:, :3], attended[:, :3]))
    np.testing.assert_array_equal(
        ids, [*content_ids(np.roll(tokens, 2, 1), np.roll(attended, 2, 1))[:2].tolist(), ids[2]]
    )
    np.testing.assert_array_equal(ids, content_ids(torch.from_numpy(tokens), torch.from_numpy(attended)).numpy())


@pytest.mark.parametrize("ids", [[[1, 2]], ["a"], [0.5]])
def test_ids_must_be_whole_numbers(ids):
    with pytest.raises(MaskingError, match="example_ids"):
        Rng.from_ids(ids)


class TestChance:
    @pytest.mark.parametrize("steps", [0, 1, 1 << 16, 5 << 16, 2_516_582, (1 << 24) - 1, 1 << 24])
    def test_its_probability_to_the_last_step(self, steps):
        hits = Rng.from_ids(np.arange(2000)).child("cells").chance(steps, 517)
        p = steps / (1 << 24)
        assert abs(hits.mean() - p) <= 5 * np.sqrt(p * (1 - p) / hits.size)

    def test_bytes_that_decide_nothing_are_decided_by_more_bits(self):
        draws = Rng.from_ids(np.arange(4000)).child("cells")
        low, middle, high = (draws.chance((38 << 16) + rest, 512) for rest in (0, 1 << 15, (1 << 16) - 1))
        assert (low <= middle).all()
        assert (middle <= high).all()
        undecided = draws.chance(39 << 16, 512) & ~draws.chance(38 << 16, 512)
        assert (high & ~low <= undecided).all()
        share = middle[undecided].mean()
        assert abs(share - 0.5) < 5 * np.sqrt(0.25 / undecided.sum())

    @pytest.mark.parametrize("shape", [(13,), (3, 9), (2, 3, 17), (1,), (0,), (2, 0)])
    @pytest.mark.parametrize("steps", [0, 40_000, 2_516_582, 1 << 24])
    def test_back_ends_padding_and_neighbours(self, shape, steps):
        ids = np.arange(50, 60)
        here = Rng.from_ids(ids).chance(steps, *shape)
        there = Rng.from_ids(torch.from_numpy(ids)).chance(steps, *shape)
        assert here.dtype == bool
        np.testing.assert_array_equal(here, there.numpy())
        wider = Rng.from_ids(ids[3:]).chance(steps, *(size + 5 for size in shape))
        np.testing.assert_array_equal(wider[(slice(None), *map(slice, shape))], here[3:])

    def test_cells_epochs_and_examples_are_independent(self):
        p = 0.3
        hits = np.stack([Rng.from_ids(np.arange(4000), epoch=e).chance(round(p * (1 << 24)), 64) for e in (0, 1)])
        error = 5 * np.sqrt(p * p * (1 - p * p) / hits[0, :, 0].size)
        together = (hits[0, :, :, None] & hits[0, :, None, :]).mean(0)
        off = ~np.eye(64, dtype=bool)
        assert np.abs(together[off] - p * p).max() < error
        rows = hits[0, :-1] & hits[0, 1:]
        epochs = hits[0] & hits[1]
        for both in (rows, epochs):
            assert abs(both.mean() - p * p) < 5 * np.sqrt(p * p * (1 - p * p) / both.size)


@pytest.mark.parametrize("padding", [0, 5])
def test_content_ids_of_rows_are_content_ids(padding):
    lengths = np.array([0, 3, 8, 5])
    attended = np.arange(8) < lengths[:, None]
    tokens = np.where(attended, np.random.default_rng(0).integers(1, 30_000, size=(4, 8)), padding)
    np.testing.assert_array_equal(content_ids_of_rows(tokens, lengths, padding)[1:], content_ids(tokens, attended)[1:])


class TestMoment:
    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"seed": 0.5}, "seed: expected a whole number, given 0.5"),
            ({"seed": True}, "seed: expected a whole number, given True"),
            ({"seed": "1"}, "seed: expected a whole number, given '1'"),
            ({"epoch": -1}, "epoch: expected a whole number of 0 or more, given -1"),
            ({"epoch": 1.0}, "epoch: expected a whole number of 0 or more, given 1.0"),
            ({"progress": -0.1}, "progress: expected a number from 0 .* given -0.1"),
            ({"progress": 1.5}, "progress: expected a number from 0 .* given 1.5"),
            ({"progress": float("nan")}, "progress: .* given nan"),
            ({"progress": True}, "progress: .* given True"),
        ],
    )
    def test_it_is_checked_where_it_is_made(self, arguments, message):
        with pytest.raises(MaskingError, match=message):
            Moment(**arguments)

    def test_numbers_of_other_libraries_are_whole_numbers_too(self):
        moment = Moment(np.int32(-7), np.int64(2), 0.5)
        assert moment == Moment(-7, 2, 0.5)
        assert type(moment.seed) is type(moment.epoch) is int

    def test_evaluation_has_one_meaning(self):
        assert Moment.evaluation() == Moment(EVALUATION_SEED, 0, 1.0)
        assert Moment.evaluation(draw=3) == Moment(EVALUATION_SEED, 3, 1.0)

    def test_a_masking_takes_it_in_place_of_the_three(self):
        masking = Masking("iid", {"schedule": [0.1, 0.9]}, "zero")
        x = np.ones((50, 20))
        facts = {"grid": Grid(token=20), "example_ids": np.arange(50)}
        one = masking(x, moment=Moment(3, 2, 0.7), **facts)
        three = masking(x, seed=3, epoch=2, progress=0.7, **facts)
        np.testing.assert_array_equal(one.mask, three.mask)
        assert (one.mask != masking(x, **facts).mask).any()

    @pytest.mark.parametrize("more", [{"seed": 1}, {"epoch": 1}, {"progress": 0.5}])
    def test_both_at_once_are_refused(self, more):
        with pytest.raises(MaskingError, match="moment: expected a Moment, and then neither seed nor epoch"):
            Masking("iid", 0.5, "zero")(np.ones((1, 4)), example_ids=[0], grid=Grid(token=4), moment=Moment(), **more)

    def test_what_is_no_moment_is_refused(self):
        with pytest.raises(MaskingError, match="expected a Moment"):
            Masking("iid", 0.5, "zero")(np.ones((1, 4)), example_ids=[0], grid=Grid(token=4), moment=(0, 1, 0.0))


def test_some_examples_have_the_numbers_they_have_among_all():
    rng = Rng.from_ids(np.arange(6)).child("a purpose")
    for rows in (np.array([4, 1]), np.array([0, 1, 0, 0, 1, 0], dtype=bool)):
        np.testing.assert_array_equal(rng.take(rows).bits(5), rng.bits(5)[rows])
        here = Rng(torch.from_numpy(rng.keys), rng.purpose).take(torch.from_numpy(rows))
        np.testing.assert_array_equal(here.bits(5).numpy(), rng.bits(5)[rows])


def test_the_keys_of_a_batch_are_on_its_back_end():
    moment = Moment(seed=5, epoch=2)
    expected = Rng.from_ids(np.arange(3), seed=5, epoch=2).keys
    for ids in ([0, 1, 2], np.arange(3, dtype=np.int16), torch.arange(3)):
        np.testing.assert_array_equal(Rng.of_batch(ids, np.ones((3, 4)), moment).keys, expected)
        there = Rng.of_batch(ids, torch.ones(3, 4), moment).keys
        assert isinstance(there, torch.Tensor)
        np.testing.assert_array_equal(there.numpy(), expected)
    assert Rng.of_batch([], np.ones((0, 4)), moment).keys.shape == (0,)


@pytest.mark.parametrize("ids", [[0, 1], [0, 1, 2, 3], [[0, 1, 2]], [0.0, 1.0, 2.0], ["a", "b", "c"]])
def test_a_batch_needs_one_whole_number_for_each_example(ids):
    with pytest.raises(MaskingError, match="expected 3 whole numbers, one per example"):
        Rng.of_batch(ids, np.ones((3, 4)), Moment())


@pytest.mark.parametrize("width", [24, 31])
def test_numbers_below_n_are_uniform_and_never_n(width):
    n = np.array([1, 2, 3, 7, 1000])
    top = (1 << width) - 1
    assert below(np.full(5, top), n, width).tolist() == (n - 1).tolist()
    assert below(np.zeros(5, dtype=np.int64), n, width).tolist() == [0] * 5
    bits = Rng.from_ids(np.arange(60_000)).bits(1)[:, 0] >> (31 - width)
    counts = np.bincount(below(bits, 7, width), minlength=7)
    assert stats.chisquare(counts).pvalue > 1e-4
    assert below(torch.tensor([top]), torch.tensor([5]), width).tolist() == [4]
    assert below(np.array([top]), 0, width).tolist() == [0]
