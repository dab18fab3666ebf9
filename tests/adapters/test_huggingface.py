"""The drop-in collators next to the installed Transformers' own: the same where they are documented, safe where not."""

from __future__ import annotations

import copy
import inspect
import math

import numpy as np
import pytest
import torch
import transformers
from torch.utils.data import DataLoader
from transformers import Trainer, TrainingArguments

from maskwright import ConfigError, MaskingError
from maskwright.adapters import huggingface as ours
from tests.units.tokenizers_trained_here import FAMILIES, texts, trained

LM = ours.DataCollatorForLanguageModeling
PLM = ours.DataCollatorForPermutationLanguageModeling
THEIRS = transformers.DataCollatorForLanguageModeling
MASK, PAD = 4, 0


def rows(n=12, length=32, **options):
    tokenizer = trained("wordpiece")
    return [dict(tokenizer(text, truncation=True, max_length=length, **options)) for text in texts()[:n]]


def without(name):
    tokenizer = copy.deepcopy(trained("wordpiece"))
    setattr(tokenizer, name, None)
    return tokenizer


def as_arrays(batch):
    return {key: np.asarray(value) for key, value in batch.items()}


@pytest.mark.parametrize("name", ["DataCollatorForLanguageModeling", "DataCollatorForPermutationLanguageModeling"])
def test_arguments_have_the_names_order_and_defaults_of_the_installed_library(name):
    theirs = inspect.signature(getattr(transformers, name)).parameters
    own = inspect.signature(getattr(ours, name)).parameters
    assert list(own)[: len(theirs)] == list(theirs)
    assert [own[key].default for key in theirs] == [parameter.default for parameter in theirs.values()]


KINDS = {
    "mappings": lambda row: row,
    "encodings": transformers.BatchEncoding,
    "lists": lambda row: row["input_ids"],
    "tuples": lambda row: tuple(row["input_ids"]),
    "arrays": lambda row: np.array(row["input_ids"]),
    "tensors": lambda row: torch.tensor(row["input_ids"]),
}


@pytest.mark.parametrize("side", ["right", "left"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("options", [{}, {"mlm": False}, {"pad_to_multiple_of": 8}, {"return_tensors": "np"}], ids=str)
def test_shapes_dtypes_keys_and_labels_are_theirs(kind, options, side):
    tokenizer = copy.deepcopy(trained("wordpiece"))
    tokenizer.padding_side = side
    given = [KINDS[kind](row) for row in rows()]
    own = LM(tokenizer, **options)(given)
    if kind == "tensors" and options.get("return_tensors") == "np":  # which theirs does not take
        given = [row.numpy() for row in given]
    theirs = THEIRS(tokenizer, **options)(given)
    assert set(own) == set(theirs) | {"attention_mask"}
    clean = THEIRS(tokenizer, **(options | {"mlm": False}))(given)["input_ids"]
    for key in theirs:
        assert type(own[key]) is type(theirs[key])
        assert own[key].dtype == theirs[key].dtype
        assert own[key].shape == theirs[key].shape
    own, theirs, clean = as_arrays(own), as_arrays(theirs), np.asarray(clean)
    if options.get("mlm") is False:
        np.testing.assert_array_equal(own["labels"], theirs["labels"])
    else:
        told = own["labels"] != -100
        np.testing.assert_array_equal(own["labels"][told], clean[told])
        np.testing.assert_array_equal(own["input_ids"][~told], clean[~told])
        assert not np.isin(clean[told], [PAD, 2, 3, MASK]).any()
    np.testing.assert_array_equal(own["attention_mask"], clean != PAD)
    if "attention_mask" in theirs:
        np.testing.assert_array_equal(own["attention_mask"], theirs["attention_mask"])


@pytest.mark.parametrize("word", [False, True])
@pytest.mark.parametrize(("mask", "random"), [(0.8, 0.1), (1.0, 0.0), (0.0, 1.0), (0.5, 0.4), (0.0, 0.0)])
def test_replacement_shares(mask, random, word):
    collator = LM(trained("wordpiece"), True, word, 0.3, mask, random, return_tensors="np", seed=0)
    collator.set_epoch(0)
    hidden = []
    for epoch in range(6):
        collator.set_epoch(epoch)
        batch = collator(rows(80))
        told = batch["labels"] != -100
        hidden.append(np.stack([batch["input_ids"][told], batch["labels"][told]]))
    values, labels = np.concatenate(hidden, axis=1)
    n = len(labels) / (2 if word else 1)  # the pieces of a word are filled as one
    for share, found in ((mask, values == MASK), (1 - mask - random, values == labels)):
        assert abs(found.mean() - share) <= 4 * math.sqrt(share * (1 - share) / n) + 0.01
    drawn = values[(values != MASK) & (values != labels)]
    assert not np.isin(drawn, range(5)).any(), "special tokens are no words"


@pytest.mark.parametrize("probability", [0.0, 0.15, 0.5, 1.0])
def test_the_share_of_hidden_tokens(probability):
    collator = LM(trained("wordpiece"), mlm_probability=probability, return_tensors="np")
    told = tokens = 0
    for _ in range(10):
        batch = collator(rows(60))
        told += (batch["labels"] != -100).sum()
        tokens += (batch["attention_mask"].sum(1) - 2).sum()
    assert abs(told / tokens - probability) <= 4 * math.sqrt(probability * (1 - probability) / tokens)


@pytest.mark.parametrize("family", FAMILIES)
def test_whole_words_need_no_offsets_and_are_never_cut(family):
    tokenizer = trained(family)
    given = [tokenizer(text, truncation=True, max_length=48) for text in texts()[:60]]
    collator = ours.DataCollatorForWholeWordMask(tokenizer, mlm_probability=0.4, return_tensors="np", seed=1)
    collator.set_epoch(0)
    batch = collator([{"input_ids": row["input_ids"]} for row in given])
    pieces = 0
    for row, encoding in enumerate(given):
        told = batch["labels"][row] != -100
        words = np.array([-1 if word is None else word for word in encoding.word_ids()])
        for word in set(words[words >= 0].tolist()):
            # Pre-tokenizers cut finer than words at most at punctuation and Chinese characters.
            inside = told[: len(words)][words == word]
            text = texts()[row][slice(*encoding.word_to_chars(word))].lstrip(" ")
            if text.isascii() and text.isalpha() and len(inside) > 1:
                pieces += 1
                assert inside.all() or not inside.any(), text
    assert pieces > 20


def test_a_special_tokens_mask_protects_more_tokens_and_is_not_passed_on():
    given = rows(20, return_special_tokens_mask=True)
    for row in given:
        row["special_tokens_mask"] = [1] * 6 + row["special_tokens_mask"][6:]
    batch = LM(trained("wordpiece"), mlm_probability=1.0)(given)
    assert "special_tokens_mask" not in batch
    assert (batch["labels"][:, :6] == -100).all()
    assert (batch["labels"][:, 6:12] != -100).any()


def test_mask_tokens_can_be_called_alone():
    ids = torch.tensor([[2, 10, 11, 12, 13, 3, 0, 0]])
    before = ids.clone()
    inputs, labels = LM(
        trained("wordpiece"), mlm_probability=1.0, mask_replace_prob=1, random_replace_prob=0
    ).torch_mask_tokens(ids, special_tokens_mask=[[0, 1, 0, 0, 0, 0, 0, 0]])
    assert inputs.tolist() == [[2, 10, 4, 4, 4, 3, 0, 0]]
    assert labels.tolist() == [[-100, -100, 11, 12, 13, -100, -100, -100]]
    assert torch.equal(ids, before)


WRONG = [
    {"mlm_probability": 1.5},
    {"mlm_probability": None},
    {"mask_replace_prob": -0.1},
    {"random_replace_prob": 1.1},
    {"mask_replace_prob": 0.8, "random_replace_prob": 0.3},
    {"mlm": False, "whole_word_mask": True},
]


@pytest.mark.parametrize("options", WRONG, ids=str)
def test_what_they_refuse_is_refused(options):
    with pytest.raises(ValueError, match=r"."):
        THEIRS(trained("wordpiece"), **options)
    with pytest.raises(ConfigError):
        LM(trained("wordpiece"), **options)


def test_tokenizers_that_lack_a_token():
    with pytest.raises(ValueError, match="mask token"):
        THEIRS(without("mask_token"))
    with pytest.raises(ConfigError, match="mask token"):
        LM(without("mask_token"))
    with pytest.raises(ConfigError, match="mask token"):
        ours.DataCollatorForPermutationLanguageModeling(without("mask_token"))
    causal = LM(without("pad_token"), mlm=False)
    assert causal([[5, 6], [7, 8]])["labels"].tolist() == [[5, 6], [7, 8]]
    with pytest.raises(ConfigError, match="padding token"):
        causal([[5, 6], [7]])


def test_an_end_token_that_pads_keeps_its_label():
    tokenizer = copy.deepcopy(trained("wordpiece"))
    tokenizer.pad_token = "[SEP]"
    batch = LM(tokenizer, mlm=False)(
        [{"input_ids": [9, 3], "attention_mask": [1, 1]}, {"input_ids": [9, 8, 3], "attention_mask": [1, 1, 1]}]
    )
    assert batch["labels"].tolist() == [[9, 3, -100], [9, 8, 3]]


@pytest.mark.parametrize("name", ["label", "labels", "label_ids"])
def test_labels_of_the_user_are_not_overwritten(name):
    with pytest.raises(MaskingError, match=f"'{name}'"):
        LM(trained("wordpiece"))([row | {name: 1} for row in rows(2)])


def test_return_tensors_may_be_given_with_the_call_and_others_are_refused():
    collator = LM(trained("wordpiece"))
    assert isinstance(collator(rows(2), return_tensors="np")["labels"], np.ndarray)
    with pytest.raises(ConfigError, match="'tf'"):
        collator(rows(2), return_tensors="tf")


def passes(collator, n, workers, context=None, epochs=False):
    keep = {"persistent_workers": True, "multiprocessing_context": context} if context else {}
    loader = DataLoader(rows(12), batch_size=4, collate_fn=collator, num_workers=workers, **keep)
    out = []
    for epoch in range(n):
        if epochs:
            collator.set_epoch(epoch)
        iterator = iter(loader)
        try:
            labels = [batch["labels"] for batch in iterator]
        finally:
            if workers and epoch == n - 1:
                iterator._shutdown_workers()  # left to the garbage collector, each is waited for 5 seconds
        out.append(torch.cat([torch.nn.functional.pad(rows, (0, 32 - rows.shape[1])) for rows in labels]))
    return out


@pytest.mark.parametrize("workers", [0, 2])
def test_without_a_seed_every_pass_has_new_masks(workers):
    first, second, third = passes(LM(trained("wordpiece")), 3, workers)
    assert not torch.equal(first, second)
    assert not torch.equal(second, third)


def test_without_a_seed_the_global_generator_decides():
    first, second = LM(trained("wordpiece")), LM(trained("wordpiece"))
    torch.manual_seed(0)
    found = [first(rows(4))["labels"], second(rows(4))["labels"]]
    torch.manual_seed(0)
    assert torch.equal(LM(trained("wordpiece"))(rows(4))["labels"], found[0])
    assert not torch.equal(*found), "two collators of one process do not repeat each other"


@pytest.mark.parametrize("name", ["LM", "PLM"])
def test_theirs_other_entrances(name):
    collator = globals()[name](trained("wordpiece"))
    assert isinstance(collator.torch_call(rows(2))["labels"], torch.Tensor)
    assert isinstance(collator.numpy_call(rows(2))["labels"], np.ndarray)
    with pytest.raises(MaskingError, match="empty"):
        collator([])


def test_numbers_beside_the_ids_have_their_dtype():
    given = [row | {"weight": 0.5, "group": 3} for row in rows(2)]
    own, theirs = (collator(trained("wordpiece"))(copy.deepcopy(given)) for collator in (LM, THEIRS))
    for key in ("weight", "group"):
        assert own[key].dtype == theirs[key].dtype
        assert torch.equal(own[key], theirs[key])


def test_without_a_seed_equal_texts_get_masks_of_their_own():
    batch = LM(trained("wordpiece"), mlm_probability=0.5)([rows(1)[0]] * 8)
    assert len({tuple(row) for row in (batch["labels"] != -100).tolist()}) == 8


@pytest.mark.parametrize("context", ["fork", "spawn"])
def test_epochs_reach_workers_that_already_run(context):
    found = passes(LM(trained("wordpiece"), seed=5), 2, 1, context, epochs=True)
    wanted = passes(LM(trained("wordpiece"), seed=5), 2, 0, epochs=True)
    assert torch.equal(found[0], wanted[0])
    assert torch.equal(found[1], wanted[1])
    assert not torch.equal(found[0], found[1])


@pytest.mark.parametrize("workers", [0, 2])
def test_a_seed_that_never_sees_an_epoch_is_refused_and_the_remedy_named(workers):
    with pytest.raises(MaskingError, match=r"attach\(trainer\)"):
        passes(LM(trained("wordpiece"), seed=5), 1, workers)


class Recorder(torch.nn.Module):
    """A model that remembers what it was to predict."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.seen: list[tuple[bool, list]] = []

    def forward(self, input_ids, attention_mask=None, labels=None):
        self.seen.append((self.training, labels.tolist()))
        return {"loss": (self.weight**2).sum(), "logits": torch.zeros(len(input_ids), 2)}


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("attached", [True, False])
def test_in_a_trainer(tmp_path, attached, workers):
    settings = {"num_train_epochs": 3, "per_device_train_batch_size": 8, "use_cpu": True, "disable_tqdm": True}
    settings |= {"eval_strategy": "epoch", "save_strategy": "no", "dataloader_num_workers": workers}
    args = TrainingArguments(str(tmp_path), dataloader_pin_memory=False, **settings)
    collator = LM(trained("wordpiece"), seed=3 if attached else None)
    trainer = Trainer(Recorder(), args, data_collator=collator, train_dataset=rows(8), eval_dataset=rows(4))
    if attached:
        collator.attach(trainer)
    trainer.train()
    train = [labels for training, labels in trainer.model.seen if training]
    evaluation = [labels for training, labels in trainer.model.seen if not training]
    assert len(train) == len(evaluation) == 3
    assert train[0] != train[1]
    assert train[1] != train[2]
    assert (evaluation[0] == evaluation[1] == evaluation[2]) == attached
    assert any(label != -100 for row in evaluation[0] for label in row)


@pytest.mark.parametrize("kind", ["mappings", "lists", "tensors"])
def test_permutation_has_their_shapes_and_dtypes(kind):
    given = [KINDS[kind](row) for row in rows(6)]
    own = PLM(trained("wordpiece"))(given)
    theirs = transformers.DataCollatorForPermutationLanguageModeling(trained("wordpiece"))(given)
    assert set(own) == set(theirs) | {"attention_mask"}
    for key in theirs:
        assert (own[key].shape, own[key].dtype) == (theirs[key].shape, theirs[key].dtype)
    assert torch.equal(own["target_mapping"], theirs["target_mapping"])
    told = own["labels"] != -100
    assert (own["input_ids"][told] == MASK).all()
    arrays = PLM(trained("wordpiece"), return_tensors="np")(given)
    assert all(isinstance(value, np.ndarray) for value in arrays.values())


@pytest.mark.parametrize("kind", ["torch", "numpy"])
def test_permutation_masks_ids_that_are_padded_already(kind):
    ids = torch.tensor([[2, *range(10, 18), 3], [2, *range(20, 26), 3, 0, 0]])
    ids = ids if kind == "torch" else ids.numpy()
    before = copy.deepcopy(ids)
    name = f"{kind}_mask_tokens"
    own = getattr(PLM(trained("wordpiece"), plm_probability=0.5), name)(ids)
    assert np.array_equal(ids, before)
    theirs = getattr(transformers.DataCollatorForPermutationLanguageModeling(trained("wordpiece")), name)(ids)
    for mine, other in zip(own, theirs, strict=True):
        assert (type(mine), mine.dtype, mine.shape) == (type(other), other.dtype, other.shape)
    told = np.asarray(own[3] != -100)
    assert told.any()
    assert not told[np.isin(before, [PAD, 2, 3])].any()


def test_permutation_takes_odd_lengths_and_can_leave_the_inputs():
    given = [{"input_ids": [2, *range(10, 25), 3]}]
    assert len(given[0]["input_ids"]) % 2
    batch = PLM(trained("wordpiece"), plm_probability=0.5, return_tensors="np", keep_inputs=True)(given)
    assert batch["input_ids"].tolist() == [given[0]["input_ids"]]
    assert batch["perm_mask"].any()
    with pytest.raises(MaskingError, match="no epoch"):
        PLM(trained("wordpiece"), seed=1)(given)


def test_xlnet_takes_the_batch():
    config = transformers.XLNetConfig(vocab_size=900, d_model=16, n_layer=1, n_head=2, d_inner=16)
    model = transformers.XLNetLMHeadModel(config)
    out = model(**PLM(trained("wordpiece"))(rows(3)))
    assert torch.isfinite(out.loss)


@pytest.mark.parametrize(
    "given", [["hello"], [["he", "llo"]], [{"input_ids": "hello"}], [{"input_ids": ["he", "llo"]}]], ids=str
)
def test_text_is_no_example(given):
    for make in (LM, PLM):
        with pytest.raises(MaskingError, match="expected tokenised examples, given text"):
            make(trained("wordpiece"))(given)


def test_the_message_about_a_missing_epoch_shows_the_lines_that_mend_it():
    with pytest.raises(MaskingError) as caught:
        LM(trained("wordpiece"), seed=3)(rows(2))
    for line in ("trainer = Trainer(..., data_collator=collator)", "collator.attach(trainer)"):
        assert f"\n    {line}\n" in str(caught.value)
