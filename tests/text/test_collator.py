"""The collator in a plain DataLoader: same masks however it is run, user labels safe, no silent static masks."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from maskwright import ConfigError, Masking, MaskingCollator, MaskingError
from tests.settings import ListTokenizer
from tests.units.tokenizers_trained_here import texts, trained

MASKING = Masking.from_dict({"pattern": "iid", "budget": {"uniform": [0.1, 0.7]}, "fill": "mask-token", "unit": "word"})


def examples(n=40, named=True):
    tokenizer = trained("wordpiece")
    encoded = [tokenizer(text, truncation=True, max_length=32) for text in texts()[:n]]
    return [dict(e) | ({"example_id": i} if named else {}) | {"label": i % 3} for i, e in enumerate(encoded)]


def masked_by_example(collator, rows, order=None, **loader):
    """example -> masked ids, through a DataLoader."""
    order = list(range(len(rows))) if order is None else order
    out = {}
    data = [rows[i] for i in order]
    at = 0
    for batch in DataLoader(data, collate_fn=collator, **loader):
        for ids, attended in zip(batch["input_ids"], batch["attention_mask"], strict=True):
            out[order[at]] = ids[attended.bool()].tolist()
            at += 1
    return out


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("workers", [0, 1, 2])
def test_masks_do_not_depend_on_workers_batches_or_order(workers, named):
    rows = examples(24, named)
    collator = MASKING.collator(trained("wordpiece"), epoch=3)
    reference = masked_by_example(collator, rows, batch_size=5)
    order = np.random.default_rng(0).permutation(len(rows)).tolist()
    assert masked_by_example(collator, rows, order, batch_size=7, num_workers=workers) == reference
    if workers == 0:
        assert masked_by_example(collator, rows, batch_size=1) == reference
        assert masked_by_example(collator, rows, batch_size=64) == reference


@pytest.mark.parametrize("context", ["fork", "spawn"])
def test_epochs_reach_running_workers(context):
    rows = examples(12)
    collator = MASKING.collator(trained("wordpiece"), epoch=0)
    loader = DataLoader(
        rows, batch_size=6, collate_fn=collator, num_workers=1, persistent_workers=True, multiprocessing_context=context
    )
    passes = []
    for epoch in range(2):
        collator.set_epoch(epoch)
        passes.append([batch["input_ids"] for batch in loader])
    direct = MASKING.collator(trained("wordpiece"), epoch=1)(rows[:6])["input_ids"]
    assert not torch.equal(passes[0][0], passes[1][0])
    assert torch.equal(passes[1][0], direct)


def test_without_an_epoch_it_refuses_rather_than_repeating_masks():
    collator = MASKING.collator(trained("wordpiece"))
    with pytest.raises(MaskingError, match="no epoch has reached"):
        collator(examples(2))


@pytest.mark.parametrize("side", ["right", "left"])
@pytest.mark.parametrize("kind", ["lists", "arrays", "tensors"])
def test_pads_like_the_tokenizer(side, kind):
    tokenizer = trained("wordpiece")
    tokenizer.padding_side = side
    try:
        rows = [tokenizer(text, truncation=True, max_length=24) for text in texts()[:9]]
        wanted = tokenizer.pad(rows, padding=True, return_tensors="pt", pad_to_multiple_of=8)
        convert = {"lists": list, "arrays": np.array, "tensors": torch.tensor}[kind]
        given = [{key: convert(value) for key, value in row.items()} for row in rows]
        batch = MaskingCollator(tokenizer, None, pad_to_multiple_of=8)(given)
    finally:
        tokenizer.padding_side = "right"
    for key, value in wanted.items():
        assert torch.equal(batch[key], value), key


def test_supervised_leaves_labels_alone_and_passes_other_columns_on():
    rows = [row | {"weight": 0.5, "score": [1] * len(row["input_ids"])} for row in examples(6)]
    batch = MASKING.collator(trained("wordpiece"), epoch=0)(rows)
    assert batch["labels"].tolist() == [0, 1, 2, 0, 1, 2]
    assert batch["weight"].dtype == torch.float32
    assert batch["score"].shape == batch["input_ids"].shape
    assert "example_id" not in batch


def test_reconstruct_makes_labels_of_what_is_hidden():
    rows = [{k: v for k, v in row.items() if k != "label"} for row in examples(6)]
    collator = MASKING.collator(trained("wordpiece"), epoch=0, objective="reconstruct", return_tensors="np")
    batch, clean = collator(rows), collator.clean(rows)
    hidden = batch["labels"] != -100
    assert hidden.any()
    np.testing.assert_array_equal(batch["labels"][hidden], clean["input_ids"][hidden])
    np.testing.assert_array_equal(batch["input_ids"][~hidden], clean["input_ids"][~hidden])
    assert (batch["input_ids"][hidden] == 4).all()


def test_drop_shortens_everything_alike():
    masking = Masking.from_dict({"pattern": "iid", "budget": 0.5, "fill": "drop", "unit": "word"})
    rows = [row | {"score": list(range(len(row["input_ids"])))} for row in examples(8)]
    collator = masking.collator(trained("wordpiece"), epoch=0, return_tensors="np")
    batch = collator(rows)
    assert batch["input_ids"].shape == batch["attention_mask"].shape == batch["score"].shape
    assert batch["input_ids"].shape[1] < collator.clean(rows)["input_ids"].shape[1]
    for row, example in enumerate(rows):
        kept = batch["score"][row][batch["attention_mask"][row] == 1]
        assert (np.diff(kept) > 0).all()
        np.testing.assert_array_equal(batch["input_ids"][row][: len(kept)], np.array(example["input_ids"])[kept])
        assert kept[0] == 0, "the start token stays"


def test_examples_and_their_lists_are_not_changed():
    rows = examples(4)
    before = [{k: list(v) if isinstance(v, list) else v for k, v in row.items()} for row in rows]
    MASKING.collator(trained("wordpiece"), epoch=0)(rows)
    assert rows == before


@pytest.mark.parametrize(
    ("options", "rows", "error", "fragment"),
    [
        ({"objective": "reconstruckt"}, None, ConfigError, "'reconstruct'"),
        ({"return_tensors": "tf"}, None, ConfigError, "'pt' or 'np'"),
        ({"epoch": 0}, [], MaskingError, "no examples"),
        ({"epoch": 0}, [{"text": "x"}], MaskingError, "input_ids"),
        ({"epoch": 0, "objective": "reconstruct"}, [{"input_ids": [5], "labels": 1}], MaskingError, "label column"),
        ({"epoch": 0}, [{"input_ids": [5, 6], "extra": [1]}], MaskingError, "'extra'"),
        ({"epoch": 0}, [{"input_ids": [5], "text": "a"}], MaskingError, "remove_columns"),
        ({"epoch": 0}, [{"input_ids": [5], "label": "a"}], MaskingError, "whole numbers"),
        ({"epoch": 0}, [{"input_ids": [5], "label": 1}, {"input_ids": [5]}], MaskingError, "example 1 of the batch"),
    ],
)
def test_what_it_refuses(options, rows, error, fragment):
    with pytest.raises(error, match=fragment):
        MASKING.collator(trained("wordpiece"), **options)(rows)


def test_moving_budgets_follow_the_progress_they_are_told():
    masking = Masking.from_dict({"pattern": "iid", "budget": {"schedule": [0.0, 1.0]}, "fill": "mask-token"})
    collator = masking.collator(trained("wordpiece"), epoch=0)
    rows = examples(6)
    with pytest.raises(MaskingError, match="no progress has reached"):
        collator(rows)
    hidden = []
    for progress in (0.0, 0.5, 1.0):
        collator.set_progress(progress)
        hidden.append(int((collator(rows)["input_ids"] == 4).sum()))
    assert hidden[0] == 0 < hidden[1] < hidden[2]


@pytest.mark.parametrize("fill", ["random-token", {"mix": {"mask-token": 0.5, "random-token": 0.5}}], ids=str)
@pytest.mark.parametrize("unit", ["token", "word"])
def test_fills_do_not_depend_on_the_side_or_amount_of_padding(fill, unit):
    tokenizer = trained("wordpiece")
    masking = Masking.from_dict({"pattern": "iid", "budget": 0.6, "fill": fill, "unit": unit})
    rows, found = examples(12), []
    try:
        for side, together in (("right", 12), ("left", 12), ("left", 1)):
            tokenizer.padding_side = side
            collator = masking.collator(tokenizer, epoch=0)
            found.append(masked_by_example(collator, rows, batch_size=together))
    finally:
        tokenizer.padding_side = "right"
    assert found[0] == found[1] == found[2]


def test_words_given_in_the_batch_are_used():
    masking = Masking.from_dict({"pattern": "iid", "budget": 1.0, "fill": "mask-token", "unit": "word"})
    collator = MaskingCollator(trained("wordpiece"), masking, epoch=0, return_tensors="np")
    rows = [{"input_ids": [2, 10, 11, 12, 3], "word_ids": [None, 0, 0, 0, None]}]
    batch = {"input_ids": np.array([rows[0]["input_ids"]]), "word_ids": np.array([[-1, 0, 0, 0, -1]])}
    out = masking(batch, vocabulary=collator.vocabulary, example_ids=[0])
    assert out.n_units.tolist() == [1]
    assert "word_ids" not in collator(rows)


def test_mentions_in_the_batch_are_hidden_whole_on_both_sides_of_padding():
    masking = Masking.from_dict({"pattern": "iid", "budget": 0.4, "fill": "mask-token", "unit": "entity"})
    tokenizer = trained("wordpiece")
    rows = [
        {"input_ids": row["input_ids"], "example_id": row["example_id"], "word_ids": [None, 3, 3, 3, 4, 4]}
        for row in examples(40)
        if len(row["input_ids"]) > 6
    ]
    for row in rows:
        row["word_ids"] += [None] * (len(row["input_ids"]) - 6)
    batches = []
    try:
        for side in ("right", "left"):
            tokenizer.padding_side = side
            collator = masking.collator(tokenizer, epoch=0, objective="reconstruct")
            batches.append(masked_by_example(collator, rows, batch_size=8 if side == "left" else 40))
            batch = collator(rows)
            for labels, attended in zip(batch["labels"], batch["attention_mask"].bool(), strict=True):
                hidden = (labels[attended] >= 0).tolist()
                assert len(set(hidden[1:4])) == len(set(hidden[4:6])) == 1
    finally:
        tokenizer.padding_side = "right"
    assert batches[0] == batches[1]
    with pytest.raises(MaskingError, match="give word_ids"):
        collator([{"input_ids": row["input_ids"]} for row in rows])


def test_float_labels_are_single_precision():
    collator = MaskingCollator(ListTokenizer(["[PAD]", "[CLS]", "[SEP]", "[MASK]", "a"]), None)
    batch = collator([{"input_ids": [1, 4, 2], "label": 0.5}, {"input_ids": [1, 2], "label": 1.5}])
    assert batch["labels"].dtype == torch.float32
