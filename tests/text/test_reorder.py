"""Sentence permutation and rotation: all tokens stay, in the order the law says, the same on both back ends."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats

from maskwright import ConfigError, Rng
from maskwright.backend.arrays import gather
from maskwright.text.reorder import permute_sentences, reorder_batch, rotate, sentence_ends
from maskwright.units.vocabulary import Vocabulary
from tests.settings import ListTokenizer

VOCABULARY = Vocabulary.from_tokenizer(ListTokenizer(["[PAD]", "[CLS]", "[SEP]", "[MASK]", "a", "b", "c", ".", "?"]))
IDS = np.array([[1, 4, 5, 7, 6, 8, 4, 4, 7, 2, 0], [1, 4, 7, 5, 2, 0, 0, 0, 0, 0, 0]])
ATTENDED = IDS != 0


def many(row, draws=12_000):
    return np.repeat(IDS[row : row + 1], draws, 0), np.repeat(ATTENDED[row : row + 1], draws, 0)


def test_every_order_of_the_sentences_comes_equally_often():
    ids, attended = many(0)
    out = reorder_batch("sentences", ids, attended, VOCABULARY, Rng.from_ids(np.arange(len(ids))))
    texts, counts = np.unique(out, axis=0, return_counts=True)
    assert len(texts) == 6
    assert stats.chisquare(counts).pvalue > 1e-4
    for text in texts:
        assert text[0] == 1, "special tokens and padding stay"
        assert text[9:].tolist() == [2, 0]
        sentences = "".join(map(str, text[1:9].tolist())).replace("7", "7 ").replace("8", "8 ").split()
        assert sorted(sentences) == ["447", "457", "68"]


def test_a_text_begins_at_every_token_equally_often():
    ids, attended = many(1)
    out = reorder_batch("rotation", ids, attended, VOCABULARY, Rng.from_ids(np.arange(len(ids))))
    texts, counts = np.unique(out, axis=0, return_counts=True)
    assert [text[:5].tolist() for text in texts] == [[1, 4, 7, 5, 2], [1, 5, 4, 7, 2], [1, 7, 5, 4, 2]]
    assert stats.chisquare(counts).pvalue > 1e-4


@pytest.mark.parametrize("law", ["sentences", "rotation"])
def test_torch_neighbours_and_padding_change_nothing(law):
    rng = np.random.default_rng(0)
    ids = rng.integers(4, 9, size=(50, 23))
    attended = np.arange(23) < rng.integers(0, 24, size=(50, 1))
    names = np.arange(50)
    here = reorder_batch(law, ids, attended, VOCABULARY, Rng.from_ids(names))
    there = reorder_batch(
        law, torch.from_numpy(ids), torch.from_numpy(attended), VOCABULARY, Rng.from_ids(torch.arange(50))
    )
    np.testing.assert_array_equal(here, there.numpy())
    one = reorder_batch(law, ids[7:8], attended[7:8], VOCABULARY, Rng.from_ids(names[7:8]))
    np.testing.assert_array_equal(one[0], here[7])
    left = np.pad(ids, ((0, 0), (3, 0))), np.pad(attended, ((0, 0), (3, 0)))
    np.testing.assert_array_equal(reorder_batch(law, *left, VOCABULARY, Rng.from_ids(names))[:, 3:], here)
    np.testing.assert_array_equal(np.sort(here, axis=1), np.sort(ids, axis=1))


def test_the_index_moves_other_columns_alike():
    ends = sentence_ends(IDS, VOCABULARY)
    assert np.flatnonzero(ends[0]).tolist() == [3, 5, 8]
    movable = ATTENDED & (IDS > 3)
    for index in (permute_sentences(ends, movable, Rng.from_ids([1, 2])), rotate(movable, Rng.from_ids([1, 2]))):
        assert (np.sort(index, axis=1) == np.arange(11)).all()
        np.testing.assert_array_equal(gather(IDS * 10, index), gather(IDS, index) * 10)


def test_another_law_is_refused():
    with pytest.raises(ConfigError, match="'rotation'"):
        reorder_batch("rotations", IDS, ATTENDED, VOCABULARY, Rng.from_ids([0, 1]))
