from __future__ import annotations

import numpy as np
import pytest
import torch

from maskwright import Masking, MaskingError, apply_mask
from maskwright.fills.sentinel import Sentinel
from maskwright.units.vocabulary import Vocabulary
from tests.settings import ListTokenizer, small_vocabulary

SETTINGS = ["sentinel", {"sentinel": "single"}]

# 4 ... 9 are words; the sentinels are listed in reverse, as in T5's vocabulary.
TOKENS = ["[PAD]", "[CLS]", "[SEP]", "[MASK]", "a", "b", "c", "d", "e", "f", "<extra_id_2>", "<extra_id_1>"]
VOCABULARY = Vocabulary.from_tokenizer(ListTokenizer([*TOKENS, "<extra_id_0>"]))
IDS = np.array([[4, 5, 6, 7, 8, 9], [4, 5, 6, 7, 8, 9], [4, 5, 6, 7, 0, 0]])
MASK = np.array([[0, 1, 1, 0, 1, 0], [1, 0, 1, 1, 0, 1], [0, 0, 0, 0, 0, 0]], dtype=bool)
ATTENTION = np.array([[1] * 6, [1] * 6, [1] * 4 + [0] * 2])


def test_sentinels_are_found_by_number_and_are_special():
    assert VOCABULARY.sentinel_ids.tolist() == [12, 11, 10]
    assert not set(VOCABULARY.ordinary_ids) & {10, 11, 12}
    assert VOCABULARY.look_up("flags", np.array([[10, 11, 12, 4]])).tolist()[0][:3] == [1, 1, 1]
    assert small_vocabulary().sentinel_ids.shape == (0,)


@pytest.mark.parametrize("back_end", [np.array, torch.tensor])
@pytest.mark.parametrize(
    ("law", "expected"),
    [
        ("numbered", [[4, 12, 7, 11, 9], [12, 5, 11, 8, 10], [4, 5, 6, 7, 0]]),
        ("single", [[4, 3, 7, 3, 9], [3, 5, 3, 8, 3], [4, 5, 6, 7, 0]]),
    ],
)
def test_every_run_becomes_one_token(law, expected, back_end):
    labels = np.arange(18).reshape(3, 6)
    batch = {"input_ids": IDS, "attention_mask": ATTENTION, "labels": labels, "label": np.arange(3)}
    batch = {name: back_end(value) for name, value in batch.items()}
    out = Sentinel(law).shorten(batch, back_end(MASK), batch["attention_mask"] != 0, VOCABULARY)
    assert out["input_ids"].tolist() == expected
    assert out["attention_mask"].tolist() == [[1] * 5, [1] * 5, [1] * 4 + [0]]
    assert out["labels"].tolist() == [[0, -100, 3, -100, 5], [-100, 7, -100, 10, -100], [12, 13, 14, 15, -100]]
    assert out["label"].tolist() == [0, 1, 2]
    assert batch["input_ids"].tolist() == IDS.tolist()


def test_through_masking_and_padding_on_either_side():
    masking = Masking.from_dict({"pattern": {"span": {"length": 2}}, "budget": {"count": 3}, "fill": "sentinel"})
    batch = {"input_ids": IDS[:2], "attention_mask": ATTENTION[:2]}
    out = masking(batch, vocabulary=VOCABULARY, example_ids=[3, 4])
    left = {name: np.pad(value, ((0, 0), (2, 0))) for name, value in batch.items()}
    moved = masking(left, vocabulary=VOCABULARY, example_ids=[3, 4])
    for row, other, here, there in zip(
        out.inputs["input_ids"],
        moved.inputs["input_ids"],
        out.inputs["attention_mask"],
        moved.inputs["attention_mask"],
        strict=True,
    ):
        assert row[here == 1].tolist() == other[there == 1].tolist()


def test_plain_arrays_of_ids():
    out = apply_mask(IDS[:1], MASK[:1], "sentinel", vocabulary=VOCABULARY)
    assert out.tolist() == [[4, 12, 7, 11, 9]]


def test_too_few_sentinels_and_no_vocabulary_are_refused():
    ids, mask = np.full((1, 8), 4), np.arange(8)[None, :] % 2 == 0
    with pytest.raises(MaskingError, match="4 sentinels are needed and the tokenizer has 3"):
        apply_mask(ids, mask, "sentinel", vocabulary=VOCABULARY)
    with pytest.raises(MaskingError, match="give vocabulary"):
        apply_mask(ids, mask, "sentinel")
    with pytest.raises(MaskingError, match="the tokenizer has 0"):
        apply_mask(ids, mask, "sentinel", vocabulary=small_vocabulary())


def test_the_tokenizer_of_t5_is_read():
    from transformers import T5Tokenizer

    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁a", -1.0), ("b", -2.0)]
    tokenizer = T5Tokenizer(vocab=pieces, extra_ids=4)
    vocabulary = Vocabulary.from_tokenizer(tokenizer)
    assert tokenizer.convert_ids_to_tokens(vocabulary.sentinel_ids.tolist()) == [f"<extra_id_{n}>" for n in range(4)]
    assert vocabulary.ordinary_ids.tolist() == [3, 4]
