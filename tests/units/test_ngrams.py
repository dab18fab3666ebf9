"""Collocations: the score by hand, planted pairs found, greedy longest match, whole words, both back ends."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from maskwright import ConfigError, DataError, Masking
from maskwright.units.ngrams import NGramTable
from maskwright.units.vocabulary import Vocabulary
from tests.settings import small_vocabulary
from tests.units.tokenizers_trained_here import texts, trained


def test_the_score_is_the_information_over_the_best_cut():
    rows = [[1, 2, 3]] * 6 + [[1, 2, 4]] * 4 + [[5, 6, 7]] * 10
    table = NGramTable.learn(rows, min_count=4)
    scores = dict(zip(table.ngrams, table.scores, strict=True))
    assert scores[1, 2] == pytest.approx(math.log(10 / 40) - 2 * math.log(10 / 60))
    # (1, 2, 3): cut after 2 it is p(1, 2) p(3), which explains more than p(1) p(2, 3) or three parts.
    cuts = [(10 / 40) * (6 / 60), (10 / 60) * (6 / 40), (10 / 60) ** 2 * (6 / 60)]
    assert scores[1, 2, 3] == pytest.approx(math.log(6 / 20) - math.log(max(cuts)))
    assert list(table.scores) == sorted(table.scores, reverse=True)
    assert (3, 1) not in scores, "runs do not cross texts"


def test_planted_pairs_come_first():
    rng = np.random.default_rng(0)
    rows = []
    for _ in range(400):
        row = rng.integers(10, 60, size=30).tolist()
        for pair in ((1, 2), (3, 4, 5)):
            place = rng.integers(0, len(row))
            row[place:place] = pair
        rows.append(row)
    table = NGramTable.learn(rows, min_count=50, size=4)
    assert {(1, 2), (3, 4, 5)} <= set(table.ngrams)
    assert all(len(run) <= 3 and max(run) < 10 for run in table.ngrams)


def test_words_that_belong_together_in_real_text():
    tokenizer = trained("wordpiece")
    rows = [tokenizer(text, add_special_tokens=False)["input_ids"] for text in texts()]
    table = NGramTable.learn(rows, min_count=5, size=200)
    found = {str(tokenizer.decode(list(run))) for run in table.ngrams}
    assert any(" " in run for run in found), "runs of several words"
    again = NGramTable.learn(rows, min_count=5, size=200)
    assert again.ngrams == table.ngrams


def test_the_longest_run_from_the_left():
    table = NGramTable(((1, 2), (2, 3), (1, 2, 3, 4), (5, 5)), (1.0,) * 4)
    ids = np.array([[1, 2, 3, 4, 1, 2, 3, 9], [5, 5, 5, 5, 5, 2, 3, 1], [9, 1, 2, 3, 9, 9, 2, 3]])
    expected = [[0, 0, 0, 0, 1, 1, 2, 3], [0, 0, 1, 1, 2, 3, 3, 4], [0, 1, 1, 2, 3, 4, 5, 5]]
    assert table.word_ids(ids).tolist() == expected
    assert table.word_ids(torch.from_numpy(ids)).tolist() == expected


def test_padding_breaks_runs_and_has_no_unit():
    table = NGramTable(((0, 0), (1, 2)), (1.0, 1.0))
    ids, attended = np.array([[1, 2, 0, 0], [0, 0, 1, 2]]), np.array([[1, 1, 0, 0], [0, 1, 1, 1]], dtype=bool)
    assert table.word_ids(ids, attended=attended).tolist() == [[0, 0, -1, -1], [-1, 0, 1, 1]]


def test_against_a_plain_walk():
    rng = np.random.default_rng(1)
    runs = tuple({tuple(rng.integers(0, 4, size=n).tolist()) for n in (2, 2, 3, 3, 4, 5)})
    table = NGramTable(runs, (1.0,) * len(runs))
    ids = rng.integers(0, 4, size=(200, 37))
    for row, units in zip(ids.tolist(), table.word_ids(ids).tolist(), strict=True):
        at, number, expected = 0, 0, []
        while at < len(row):
            size = max([len(run) for run in runs if tuple(row[at : at + len(run)]) == run], default=1)
            expected += [number] * size
            at, number = at + size, number + 1
        assert units == expected


def test_masking_hides_collocations_and_words_whole():
    vocabulary = small_vocabulary()
    the, cat, s, sat = 5, 6, 7, 8
    ids = np.array([[1, the, cat, s, sat, the, sat, 2]])
    table = NGramTable(((the, cat),), (1.0,))
    units = table.word_ids(ids, vocabulary)
    assert units.tolist() == [[-1, 0, 0, 0, 1, 2, 3, -1]], "the pieces of a word stay with it"
    masking = Masking.from_dict({"pattern": "iid", "budget": {"count": 1}, "fill": "mask-token", "unit": "word"})
    seen = set()
    for example in range(60):
        out = masking({"input_ids": ids}, vocabulary=vocabulary, word_ids=units, example_ids=[example])
        seen.add(tuple(np.flatnonzero(out.mask[0])))
    assert seen == {(1, 2, 3), (4,), (5,), (6,)}


def test_tables_are_kept_as_json(tmp_path):
    table = NGramTable(((1, 2), (3, 4, 5)), (2.5, 1.25))
    table.save(tmp_path / "table.json")
    again = NGramTable.load(tmp_path / "table.json")
    assert (again.ngrams, again.scores) == (table.ngrams, table.scores)
    (tmp_path / "other.json").write_text("[]")
    for name in ("other.json", "missing.json"):
        with pytest.raises(DataError, match=name):
            NGramTable.load(tmp_path / name)


def test_nothing_to_learn_and_numbers_out_of_range():
    empty = NGramTable.learn([])
    assert empty.ngrams == ()
    assert empty.word_ids(np.array([[4, 5]])).tolist() == [[0, 1]]
    with pytest.raises(ConfigError, match="max_n=1"):
        NGramTable.learn([[1]], max_n=1)
    vocabulary = Vocabulary.from_tokenizer(trained("wordpiece"))
    assert empty.word_ids(np.zeros((0, 3), dtype=np.int64), vocabulary).shape == (0, 3)
