from __future__ import annotations

import numpy as np

from maskwright import Masking, Mix, Rng
from tests.settings import small_vocabulary

SETTINGS = [{"mix": {"mask-token": 0.8, "random-token": 0.1, "keep": 0.1}}]


def test_shares_are_the_shares_asked_for():
    ids = np.full((4000, 25), 6)
    out = Mix.bert()(ids, ids > 0, valid=ids > 0, rng=Rng.from_ids(np.arange(4000)), vocabulary=small_vocabulary())
    masked, kept = (out == 3).mean(), (out == 6).mean()
    assert abs(masked - 0.8) < 0.005
    assert abs(kept - (0.1 + 0.1 / 7)) < 0.005


def test_the_pieces_of_a_word_share_one_draw():
    vocabulary = small_vocabulary()
    ids = np.tile(np.array([1, 6, 7, 11, 5, 8, 11, 2]), (2000, 1))  # cat##s##ting the sat##ting
    masking = Masking.from_dict(
        {"pattern": "iid", "budget": 1.0, "unit": "word", "fill": {"mix": {"mask-token": 0.5, "keep": 0.5}}}
    )
    out = masking({"input_ids": ids}, vocabulary=vocabulary, example_ids=np.arange(2000)).inputs["input_ids"]
    hidden = out == 3
    np.testing.assert_array_equal(hidden[:, 1], hidden[:, 2])
    np.testing.assert_array_equal(hidden[:, 1], hidden[:, 3])
    np.testing.assert_array_equal(hidden[:, 5], hidden[:, 6])
    assert 0.45 < (hidden[:, 1] != hidden[:, 4]).mean() < 0.55


def test_a_mix_in_a_mix_draws_anew():
    ids = np.zeros((2000, 10), dtype=np.int64)
    inner = {"mix": [[{"constant": 1}, 0.5], [{"constant": 2}, 0.5]]}
    mix = Mix([[inner, 0.5], [{"constant": 3}, 0.5]])
    out = mix(ids, ids == 0, valid=ids == 0, rng=Rng.from_ids(np.arange(2000)))
    for value, share in ((1, 0.25), (2, 0.25), (3, 0.5)):
        assert abs((out == value).mean() - share) < 4 * np.sqrt(0.25 / 20_000), value
