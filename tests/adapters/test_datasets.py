"""Data sets: the masks of a row do not depend on how it was read, the cache knows a function again, streams work."""

from __future__ import annotations

import pickle

import datasets
import pytest
from datasets.fingerprint import Hasher
from torch.utils.data import DataLoader

from maskwright import ConfigError, Masking, MaskingError
from maskwright.adapters.datasets import map_function, transform
from tests.units.tokenizers_trained_here import texts, trained

MASKING = Masking.from_dict({"pattern": "iid", "budget": 0.5, "fill": "mask-token", "unit": "word"})
DROP = Masking.from_dict({"pattern": "iid", "budget": 0.5, "fill": "drop", "unit": "word"})
TOKENIZER = trained("wordpiece")


@pytest.fixture(autouse=True)
def quiet():
    datasets.disable_progress_bars()


def rows(n=24):
    encoded = [TOKENIZER(text, truncation=True, max_length=24) for text in texts()[:n]]
    return datasets.Dataset.from_list([dict(e) | {"label": i % 2} for i, e in enumerate(encoded)])


def test_rows_do_not_depend_on_batches_and_keep_their_labels():
    data, function = rows(), map_function(MASKING, TOKENIZER, epoch=3)
    one = data.map(function, batched=True, with_indices=True, batch_size=5)
    other = data.map(function, batched=True, with_indices=True, batch_size=24)
    assert one[:] == other[:]
    assert one["label"][:] == data["label"][:]
    assert [len(row) for row in one["input_ids"]] == [len(row) for row in data["input_ids"]]
    assert one["input_ids"][:] != data["input_ids"][:]
    assert data.map(map_function(MASKING, TOKENIZER, epoch=4), batched=True, with_indices=True)[:] != one[:]


def test_the_same_function_has_the_same_fingerprint_and_another_another():
    TOKENIZER(["a call leaves traces"], padding=True, truncation=True, max_length=8)
    first, again = (Hasher.hash(map_function(MASKING, TOKENIZER, epoch=1)) for _ in range(2))
    assert first == again
    assert first != Hasher.hash(map_function(MASKING, TOKENIZER, epoch=2))
    function = pickle.loads(pickle.dumps(map_function(MASKING, TOKENIZER)))
    assert function(rows(4)[:]) == map_function(MASKING, TOKENIZER)(rows(4)[:])


def test_streams_are_named_by_content_so_that_shuffling_changes_nothing():
    function = map_function(MASKING, TOKENIZER)
    whole = rows().map(function, batched=True)
    stream = rows().to_iterable_dataset(num_shards=3).shuffle(seed=1, buffer_size=8).map(function, batched=True)
    assert sorted(row["input_ids"] for row in stream) == sorted(whole["input_ids"][:])


def test_reconstruct_adds_labels():
    data = rows().remove_columns("label")
    masked = data.map(map_function(MASKING, TOKENIZER, objective="reconstruct"), batched=True, with_indices=True)
    for before, after, labels in zip(data["input_ids"], masked["input_ids"], masked["labels"], strict=True):
        assert [a if label == -100 else label for a, label in zip(after, labels, strict=True)] == before
        assert any(label != -100 for label in labels)
    with pytest.raises(MaskingError, match="label column"):
        rows().map(map_function(MASKING, TOKENIZER, objective="reconstruct"), batched=True)


def test_drop_shortens_columns_alike():
    data = rows().map(lambda row: {"place": list(range(len(row["input_ids"])))})
    masked = data.map(map_function(DROP, TOKENIZER), batched=True, with_indices=True)
    assert set(masked.column_names) == set(data.column_names)
    for before, after in zip(data, masked, strict=True):
        assert len(after["input_ids"]) < len(before["input_ids"])
        assert len(after["attention_mask"]) == len(after["input_ids"])
        assert [before["input_ids"][place] for place in after["place"]] == after["input_ids"]


def test_a_transform_follows_the_epoch():
    hide = transform(MASKING, TOKENIZER, seed=2)
    data = rows().with_transform(hide)
    with pytest.raises(MaskingError, match="set_epoch"):
        data[0]
    hide.set_epoch(3)
    wanted = rows().map(map_function(MASKING, TOKENIZER, seed=2, epoch=3), batched=True)
    assert data[:]["input_ids"] == wanted["input_ids"][:]
    assert data[5]["input_ids"] == wanted[5]["input_ids"]
    assert data[5]["label"] == 1
    hide.set_epoch(4)
    assert data[:]["input_ids"] != wanted["input_ids"][:]


def test_the_epoch_of_a_transform_reaches_workers_that_already_run():
    hide = transform(MASKING, TOKENIZER)
    loader = DataLoader(
        rows(4).with_transform(hide),
        collate_fn=list,
        num_workers=1,
        persistent_workers=True,
    )
    seen = []
    for epoch in range(2):
        hide.set_epoch(epoch)
        seen.append([batch[0]["input_ids"] for batch in loader])
        assert seen[-1] == rows(4).map(map_function(MASKING, TOKENIZER, epoch=epoch), batched=True)["input_ids"][:]
    assert seen[0] != seen[1]


def test_what_it_refuses():
    with pytest.raises(ConfigError, match="'supervised'"):
        map_function(MASKING, TOKENIZER, objective="supervise")
    with pytest.raises(ConfigError, match="no place to predict"):
        map_function(DROP, TOKENIZER, objective="reconstruct")
    with pytest.raises(MaskingError, match="input_ids"):
        map_function(MASKING, TOKENIZER)({"text": ["a"]})
    with pytest.raises(MaskingError, match="batched=True, with_indices=True"):
        rows(2).map(map_function(MASKING, TOKENIZER))
    for text in (["hello"], [["he", "llo"]]):
        with pytest.raises(MaskingError, match="given text"):
            map_function(MASKING, TOKENIZER)({"input_ids": text})
    assert map_function(MASKING, TOKENIZER)({"input_ids": []}) == {"input_ids": []}
