from __future__ import annotations

import numpy as np
import pytest
import torch

from maskwright import ConfigError, Drop, Grid, Masking, MaskingError, apply_mask
from maskwright.units.vocabulary import Vocabulary
from tests.settings import ListTokenizer, small_vocabulary

SETTINGS = ["drop", {"drop": {"keep_positions": True, "padded": True, "columns": ["weights"]}}]


@pytest.mark.parametrize("make", [np.array, torch.tensor])
def test_what_is_left_keeps_its_order(make):
    x = make([[1, 2, 3], [4, 5, 6]])
    out = apply_mask(x, make([[True, False, False], [False, False, True]]), "drop")
    assert out.tolist() == [[2, 3], [4, 5]]
    channels = apply_mask(make([[[1, 1], [2, 2]]]), make([[True, False]]), "drop")
    assert channels.tolist() == [[[2, 2]]]
    assert apply_mask(make([1, 2, 3]), make([True, False, True]), "drop").tolist() == [2]


def test_unequal_numbers_are_refused_for_plain_arrays():
    with pytest.raises(MaskingError, match="different numbers"):
        apply_mask(np.ones((2, 2)), np.array([[True, False], [False, False]]), "drop")
    with pytest.raises(MaskingError, match="padded: true"):
        apply_mask(np.ones((2, 2)), np.array([[True, False], [False, False]]), Drop())


@pytest.mark.parametrize("back", [np.asarray, torch.from_numpy])
def test_padded_arrays_come_with_what_is_real_and_the_way_back(back):
    x = np.random.default_rng(0).normal(size=(6, 9, 2))
    valid = np.arange(9)[None] < np.array([9, 4, 7, 0, 1, 9])[:, None]
    masking = Masking.from_dict({"pattern": "iid", "budget": 0.5, "fill": {"drop": {"padded": True}}})
    out = masking(back(x), grid=Grid(time=9), valid=back(valid), example_ids=np.arange(6))
    index, present = (np.asarray(part) for part in out.view.keep_indices(padded=True))
    stay, inputs = valid & ~np.asarray(out.mask), np.asarray(out.inputs)
    assert inputs.shape == (6, stay.sum(1).max(), 2)
    np.testing.assert_array_equal(present.sum(1), stay.sum(1))
    for row in range(6):
        n = stay[row].sum()
        np.testing.assert_array_equal(inputs[row, :n], x[row][stay[row]])
        np.testing.assert_array_equal(index[row, :n], np.flatnonzero(stay[row]))
        assert (inputs[row, n:] == 0).all()
    back_again = np.asarray(out.view.restore(out.inputs, fill=-5.0))
    np.testing.assert_array_equal(back_again, np.where(stay[..., None], x, -5.0))


BATCH = {
    "input_ids": np.array([[0, 1, 6, 7, 8, 2], [1, 6, 7, 8, 9, 2]]),
    "attention_mask": np.array([[0, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1]]),
    "labels": np.arange(12).reshape(2, 6),
    "features": np.arange(12.0).reshape(2, 6),
    "loss_weights": np.arange(12.0).reshape(2, 6),
    "other": np.arange(12).reshape(2, 6),
    "id": np.array([3, 4]),
}
HIDDEN = np.array([[0, 0, 1, 0, 1, 0], [0, 0, 0, 1, 0, 0]], dtype=bool)


def dropped(fill, batch, hidden, vocabulary=None):
    attended = batch["attention_mask"] != 0 if "attention_mask" in batch else None
    return fill.shorten(batch, hidden, attended, vocabulary or small_vocabulary())


@pytest.mark.parametrize("back", [np.asarray, torch.from_numpy])
def test_texts_padded_on_the_left_stay_so_and_know_their_places(back):
    batch = {name: back(value) for name, value in BATCH.items()}
    out = dropped(Drop(keep_positions=True, columns=("loss_weights",)), batch, back(HIDDEN))
    assert out["input_ids"].tolist() == [[0, 0, 1, 7, 2], [1, 6, 7, 9, 2]]
    assert out["attention_mask"].tolist() == [[0, 0, 1, 1, 1], [1, 1, 1, 1, 1]]
    assert out["position_ids"].tolist() == [[0, 0, 0, 2, 4], [0, 1, 2, 4, 5]]
    assert out["labels"].tolist() == [[-100, -100, 1, 3, 5], [6, 7, 8, 10, 11]]
    assert out["loss_weights"].tolist() == [[0, 0, 1, 3, 5], [6, 7, 8, 10, 11]]
    assert out["other"].tolist() == [[0, 0, 1, 3, 5], [6, 7, 8, 10, 11]]
    for name in ("features", "id"):
        assert out[name] is batch[name]


def test_texts_padded_on_the_right_stay_so():
    right = {name: np.ascontiguousarray(BATCH[name][:, ::-1]) for name in ("input_ids", "attention_mask")}
    out = dropped(Drop(keep_positions=True), right, HIDDEN[:, ::-1])
    assert out["input_ids"].tolist() == [[2, 7, 1, 0, 0], [2, 9, 7, 6, 1]]
    assert out["position_ids"].tolist() == [[0, 2, 4, 0, 0], [0, 1, 3, 4, 5]]
    given = {**right, "position_ids": np.arange(12).reshape(2, 6)}
    assert dropped(Drop(keep_positions=True), given, HIDDEN[:, ::-1])["position_ids"].tolist()[1] == [6, 7, 9, 10, 11]


def test_a_batch_without_padding_is_padded_on_the_tokenizers_side():
    tokenizer = ListTokenizer(["[PAD]", "[CLS]", "[SEP]", "[MASK]", "a", "b"])
    for side, wanted in (("right", [4, 0]), ("left", [0, 4])):
        tokenizer.padding_side = side
        vocabulary = Vocabulary.from_tokenizer(tokenizer)
        out = dropped(Drop(), {"input_ids": np.array([[4, 5], [4, 5]])}, np.array([[0, 1], [0, 0]], bool), vocabulary)
        assert out["input_ids"].tolist()[0] == wanted


def test_labels_of_classes_are_not_cut():
    classes = {"input_ids": BATCH["input_ids"], "labels": np.zeros((2, 6), dtype=np.float32)}
    assert dropped(Drop(), classes, HIDDEN)["labels"] is classes["labels"]


@pytest.mark.parametrize("fields", [{"padded": 1}, {"keep_positions": "yes"}, {"columns": "weights"}, {"columns": [3]}])
def test_parameters_of_another_kind_are_refused(fields):
    with pytest.raises(ConfigError, match=r"Drop\."):
        Drop(**fields)


@pytest.mark.parametrize("torch_too", [False, True])
def test_what_is_left_of_a_grid_is_a_sequence_in_reading_order(torch_too):
    grid, batch = Grid(row=4, col=6), 5
    x = np.random.default_rng(0).random((batch, 4, 6, 3))
    masking = Masking("iid", 0.75, "drop")
    given = torch.from_numpy(x) if torch_too else x
    out = masking(given, grid=grid, example_ids=np.arange(batch))
    assert out.inputs.shape == (batch, 6, 3)
    for row in range(batch):
        np.testing.assert_array_equal(np.asarray(out.inputs[row]), x[row][~np.asarray(out.mask[row])])
    np.testing.assert_array_equal(
        np.asarray(out.view.keep_indices()), np.nonzero(~np.asarray(out.mask).reshape(5, -1))[1].reshape(5, 6)
    )
