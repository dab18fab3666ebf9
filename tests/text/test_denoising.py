"""From texts to damaged inputs and targets: T5's and BART's, and mixtures of denoisers."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch
from transformers import BartConfig, BartForConditionalGeneration, T5Config, T5ForConditionalGeneration

from maskwright import ConfigError, Masking, MaskingError
from maskwright.text.denoising import Denoiser, DenoisingCollator, span_targets, ul2, whole_targets
from maskwright.units.vocabulary import Vocabulary
from tests.units.tokenizers_trained_here import texts, trained

T5 = Masking.from_dict({"pattern": "t5-spans", "budget": 0.15, "fill": "sentinel"})
INFILLING = Masking.from_dict({"pattern": {"span": {"length": 3}}, "budget": 0.3, "fill": {"sentinel": "single"}})


@cache
def tokenizer():
    import copy

    found = copy.deepcopy(trained("unigram"))
    modes = [f"<extra_id_{number}>" for number in range(100)] + ["[R]", "[S]", "[X]"]
    found.add_special_tokens({"additional_special_tokens": modes, "eos_token": "[SEP]"})
    return found


def examples(n=16):
    return [
        {"input_ids": tokenizer()(text, truncation=True, max_length=48)["input_ids"], "example_id": i}
        for i, text in enumerate(texts()[:n])
    ]


def put_back(inputs, labels, sentinels, eos):
    """The text that an input and its target make together."""
    pieces: dict[int, list[int]] = {}
    current: list[int] = []
    for token in labels.tolist():
        if token in sentinels:
            current = pieces.setdefault(token, [])
        elif token not in (eos, -100):
            current.append(token)
    out = []
    for token in inputs.tolist():
        out += pieces[token] if token in sentinels else [token]
    return out


@pytest.mark.parametrize("fast", ["np", "pt"])
def test_t5_targets_fill_the_gaps(fast):
    rows = examples()
    batch = DenoisingCollator(tokenizer(), T5, epoch=0, return_tensors=fast)(rows)
    sentinels = Vocabulary.from_tokenizer(tokenizer()).sentinel_ids.tolist()
    shorter = 0
    for row, inputs, attention, labels in zip(
        rows, batch["input_ids"], batch["attention_mask"], batch["labels"], strict=True
    ):
        assert put_back(inputs[attention == 1], labels, set(sentinels), 3) == row["input_ids"]
        used = [t for t in labels.tolist() if t in sentinels]
        assert used == sentinels[: len(used)]
        assert [t for t in labels.tolist() if t != -100][-2:] == [used[-1], 3]
        shorter += int(attention.sum()) < len(row["input_ids"])
    assert shorter > len(rows) / 2


def test_targets_by_hand_on_both_back_ends():
    vocabulary = Vocabulary.from_tokenizer(tokenizer())
    first, second, third = vocabulary.sentinel_ids[:3].tolist()
    ids = np.array([[10, 11, 12, 13, 14], [20, 21, 22, 0, 0]])
    mask = np.array([[1, 0, 1, 1, 0], [0, 0, 0, 0, 0]], dtype=bool)
    expected = [[first, 10, second, 12, 13, third, 3], [first, 3, -100, -100, -100, -100, -100]]
    assert span_targets(ids, mask, vocabulary, eos_id=3).tolist() == expected
    there = span_targets(torch.from_numpy(ids), torch.from_numpy(mask), vocabulary, eos_id=3)
    assert there.tolist() == expected
    bare = span_targets(ids, mask, vocabulary, last_sentinel=False)
    assert bare.tolist() == [[first, 10, second, 12, 13], [-100] * 5]


def test_whole_targets_end_with_one_end_token():
    ids = np.array([[5, 6, 3, 0], [5, 6, 7, 8], [0, 0, 0, 0]])
    attended = ids != 0
    expected = [[5, 6, 3, -100, -100], [5, 6, 7, 8, 3], [3, -100, -100, -100, -100]]
    assert whole_targets(ids, attended, 3).tolist() == expected
    assert whole_targets(torch.from_numpy(ids), torch.from_numpy(attended), 3).tolist() == expected
    assert whole_targets(ids, attended).tolist() == [[5, 6, 3, -100], [5, 6, 7, 8], [-100] * 4]


@pytest.mark.parametrize("reorder", [None, "sentences", "rotation"])
def test_bart_says_the_whole_text(reorder):
    rows = examples()
    batch = DenoisingCollator(tokenizer(), INFILLING, epoch=0, reorder=reorder)(rows)
    assert (batch["input_ids"] == 4).any()
    for row, labels in zip(rows, batch["labels"], strict=True):
        assert [t for t in labels.tolist() if t != -100] == row["input_ids"]


@pytest.mark.parametrize("kind", ["t5", "bart"])
def test_models_learn_from_it(kind):
    torch.manual_seed(0)
    size = len(tokenizer())
    if kind == "t5":
        config = T5Config(vocab_size=size, d_model=16, d_kv=8, d_ff=32, num_layers=1, num_heads=2)
        config.decoder_start_token_id = 0
        model, masking = T5ForConditionalGeneration(config), T5
    else:
        config = BartConfig(vocab_size=size, d_model=16, max_position_embeddings=64, encoder_layers=1, decoder_layers=1)
        config.encoder_attention_heads = config.decoder_attention_heads = 2
        config.pad_token_id, config.decoder_start_token_id = 0, 3
        model, masking = BartForConditionalGeneration(config), INFILLING
    loss = model(**DenoisingCollator(tokenizer(), masking, epoch=0)(examples(4))).loss
    loss.backward()
    assert torch.isfinite(loss)
    assert all(torch.isfinite(p.grad).all() for p in model.parameters() if p.grad is not None)


def test_each_example_draws_its_denoiser_and_says_so():
    parts = ul2()
    parts = (*parts[:2], replace(parts[2], share=4.0), *parts[3:])
    rows = [{"input_ids": [2, *range(10, 60), 3], "example_id": i} for i in range(2000)]
    collator = DenoisingCollator(tokenizer(), parts, epoch=0, return_tensors="np")
    batch = collator(rows)
    modes = batch["input_ids"][:, 0]
    share = {name: (modes == tokenizer().get_vocab()[name]).mean() for name in ("[R]", "[S]", "[X]")}
    for name, expected in (("[R]", 0.2), ("[S]", 0.4), ("[X]", 0.4)):
        assert abs(share[name] - expected) < 4 * np.sqrt(expected * (1 - expected) / 2000)
    sequential = batch["labels"][modes == tokenizer().get_vocab()["[S]"]]
    hidden = (sequential != -100).sum(1) - 3  # two sentinels and the end
    assert set(hidden) == {12, 13}
    assert all(row[1 : 1 + n].tolist() == list(range(60 - n, 60)) for row, n in zip(sequential, hidden, strict=True))
    alone = collator(rows[5:6])
    for name, padding in (("input_ids", 0), ("labels", -100)):
        width = alone[name].shape[1]
        np.testing.assert_array_equal(alone[name][0], batch[name][5, :width])
        assert (batch[name][5, width:] == padding).all()


def test_epochs_differ_and_evaluation_repeats():
    rows = examples(6)
    collator = DenoisingCollator(tokenizer(), T5, return_tensors="np")
    with pytest.raises(MaskingError, match="no epoch has reached"):
        collator(rows)
    first = collator.for_evaluation(rows)["labels"]
    collator.set_epoch(0)
    zero = collator(rows)["labels"]
    collator.set_epoch(1)
    one = collator(rows)["labels"]
    assert not np.array_equal(zero, one)
    assert not np.array_equal(first, zero), "evaluation has masks that training never has"
    np.testing.assert_array_equal(first, collator.for_evaluation(rows)["labels"])


@pytest.mark.parametrize("given", ["t5", T5.to_dict(), [T5], ["t5"], [Denoiser("t5")]], ids=str)
def test_maskings_are_given_as_everywhere(given):
    rows = examples(6)
    wanted = DenoisingCollator(tokenizer(), Masking.from_dict("t5") if "t5" in str(given) else T5, epoch=0)(rows)
    assert torch.equal(DenoisingCollator(tokenizer(), given, epoch=0)(rows)["labels"], wanted["labels"])


@pytest.mark.parametrize(
    ("given", "fragment"),
    [
        ("mae", "is for row x col, not for text"),
        ("t55", "Did you mean 't5'"),
        (Masking("iid", 0.3, "zero"), "zero puts numbers"),
        (3, "given 3"),
    ],
    ids=str,
)
def test_maskings_that_are_not_for_text_are_refused(given, fragment):
    with pytest.raises(ConfigError, match=fragment):
        DenoisingCollator(tokenizer(), given)


def test_what_it_refuses():
    with pytest.raises(ConfigError, match="no token '<R>'"):
        DenoisingCollator(tokenizer(), ul2(regular="<R>"))
    with pytest.raises(ConfigError, match="whole"):
        DenoisingCollator(tokenizer(), T5, reorder="sentences")
    with pytest.raises(ConfigError, match="one of sentences, rotation"):
        DenoisingCollator(tokenizer(), INFILLING, reorder="words")
    with pytest.raises(ConfigError, match="given none"):
        DenoisingCollator(tokenizer(), [])
    with pytest.raises(ConfigError, match="'whole'"):
        Denoiser(T5, targets="hole")
    with pytest.raises(MaskingError, match="remove the column"):
        DenoisingCollator(tokenizer(), T5, epoch=0)([{"input_ids": [5, 6], "labels": 1}])
