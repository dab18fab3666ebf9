"""Tags stay with their words: in every family of tokenizers, cut, removed, padded on either side, hidden, dropped."""

import json
from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest
from datasets import Dataset

from maskwright import patterns
from maskwright.backend.codes import IGNORED
from maskwright.data.checked import CheckedData
from maskwright.errors import ConfigError
from maskwright.grid import Grid
from maskwright.masking import Masking
from maskwright.rng import Moment
from maskwright.tasks.tagging import token_classification
from maskwright.tasks.tagging.token_classification import TASK
from maskwright.tasks.tagging.words import load_word_tokenizer, tokenised_words
from maskwright.tasks.text.encoded import without_facts
from tests.settings import PATTERNS
from tests.tasks.tagging.made_up import masking, sentences
from tests.units.tokenizers_trained_here import FAMILIES, trained

MOMENT = Moment(seed=5, epoch=1)
LABELS = ("O", "B-LOC", "I-LOC", "B-PER", "I-PER")
UNITS = ("token", "word", "type", "entity")
ON_TEXT = [
    pytest.param(node, unit, id=f"{node}-{unit}")
    for nodes in PATTERNS.values()
    for node in nodes
    for unit in UNITS
    if patterns.traits(patterns.from_node(node)).fits(Grid(**{unit: 20}))
    if not patterns.traits(patterns.from_node(node)).signals
]


def encoded(rows, tokenizer, max_length=48, labels=LABELS):
    """Rows of (words, tags) as the task encodes them."""
    columns = {"example_id": list(range(len(rows))), "tokens": [r[0] for r in rows], "tags": [r[1] for r in rows]}
    split = Dataset.from_dict(columns)
    data = CheckedData(split, split, split, tuple(labels), (), {}, (), "")
    return TASK.encode(split, tokenizer, SimpleNamespace(data=SimpleNamespace(max_length=max_length)), data=data)


def read_back(examples, row):
    """The tag of each word, by the number that its first token carries; None of words without a token."""
    numbers, labels = (examples.labels[name][row] for name in ("word_number", "labels"))
    assert ((numbers > 0) == (labels != IGNORED)).all()
    tags = [None] * int(examples.labels["n_words"][row])
    for number, label in zip(numbers[numbers > 0], labels[numbers > 0], strict=True):
        tags[number - 1] = LABELS[label]
    return tags


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_of_tokenizers(family):
    rows, tokenizer = sentences(30), trained(family)
    examples = encoded(rows, tokenizer, max_length=96)
    for row, (words, tags) in enumerate(rows):
        assert read_back(examples, row) == tags
        ids, of = examples.inputs["input_ids"][row], examples.words[row]
        assert ids.tolist() == tokenizer(" ".join(words))["input_ids"]
        for place, word in enumerate(words):
            pieces = tokenizer.convert_ids_to_tokens(ids[of == place])
            assert "[UNK]" in pieces or "".join(pieces).replace("##", "").strip("Ġ▁").lower() == word.lower()
        assert (of[[0, -1]] == -1).all()
    assert examples.notes == ()


def test_words_that_the_tokenizer_removes_shift_no_tag():
    rows = [(["\x07", "Anna", "\x07", "\x07", "Rome", "\x07"], ["O", "B-PER", "O", "B-LOC", "I-LOC", "B-LOC"])]
    examples = encoded(rows, trained("wordpiece"))
    assert read_back(examples, 0) == [None, "B-PER", None, None, "I-LOC", None]
    assert examples.notes == (
        "4 words have no token, as the tokenizer removes all their characters. Their tags are not learned, and count "
        "as answered with O.",
    )


def test_sentences_of_nothing_but_such_words():
    examples = encoded([(["\x07"], ["B-PER"]), (["Anna"], ["B-PER"])], trained("wordpiece"))
    assert read_back(examples, 0) == [None]
    batch = examples.batch([0, 1])
    assert examples.hide(batch, None, MOMENT).count == 1


def test_what_is_cut_off_is_counted():
    rows = [(["the"] * 40, ["O"] * 39 + ["B-LOC"]), (["the"] * 5, ["O"] * 5)]
    examples = encoded(rows, trained("wordpiece"), max_length=12)
    assert read_back(examples, 0) == ["O"] * 10 + [None] * 30
    assert read_back(examples, 1) == ["O"] * 5
    assert examples.notes == (
        "1 of 2 sentences are longer than data.max_length=12 tokens and are cut at the end, 30 words with them. Their "
        "tags are not learned, and count as answered with O.",
    )


def triples(hidden):
    """Of every row the id, label and word number of each token that is attended to."""
    tables = (hidden.inputs["input_ids"], hidden.labels["labels"], hidden.labels["word_number"])
    attended = hidden.inputs["attention_mask"].bool()
    for table, padding in zip(tables[1:], (IGNORED, 0), strict=True):
        assert table.shape == attended.shape
        assert (table[~attended] == padding).all()
    return [list(zip(*(t[row][attended[row]].tolist() for t in tables), strict=True)) for row in range(len(attended))]


def is_part(short, long):
    """One sequence is the other with some elements left out."""
    rest = iter(long)
    return all(element in rest for element in short)


@cache
def padded_on(side):
    tokenizer = trained("wordpiece")
    tokenizer.padding_side = side
    try:
        return encoded(sentences(12), tokenizer)
    finally:
        tokenizer.padding_side = "right"


@pytest.mark.parametrize("side", ["right", "left"])
@pytest.mark.parametrize(("node", "unit"), ON_TEXT)
def test_labels_follow_whatever_hides(node, unit, side):
    examples = padded_on(side)
    budget = None if patterns.traits(patterns.from_node(node)).sets_own_count else 0.5
    batch = examples.batch(range(12))
    whole = triples(examples.hide(batch, None, MOMENT))
    dropped = examples.hide(batch, Masking.from_dict(masking("drop", unit, node, budget)), MOMENT)
    masked = examples.hide(batch, Masking.from_dict(masking("mask-token", unit, node, budget)), MOMENT)
    assert [[triple[1:] for triple in row] for row in triples(masked)] == [[t[1:] for t in row] for row in whole]
    for row, (short, long, covered) in enumerate(zip(triples(dropped), whole, triples(masked), strict=True)):
        assert is_part(short, long)
        visible = [one for one, seen in zip(long, covered, strict=True) if one == seen]
        assert short == visible
        assert dropped.share[row] == masked.share[row]
    assert dropped.count == sum(label != IGNORED for row in triples(dropped) for _, label, _ in row)
    assert masked.count == sum(label != IGNORED for row in whole for _, label, _ in row)


def test_a_word_is_hidden_whole_though_the_tokenizer_sees_two():
    examples = encoded([(["jack-in-the-box", "saw", "Anna"], ["O", "O", "B-PER"])] * 8, trained("wordpiece"))
    hidden = examples.hide(examples.batch(range(8)), Masking.from_dict(masking(budget={"count": 1})), MOMENT)
    mask = (hidden.inputs["input_ids"] == trained("wordpiece").mask_token_id).numpy()
    for row in range(8):
        words = examples.words[row]
        (word,) = set(words[mask[row]].tolist())
        assert (mask[row] == (words == word)).all()


def test_mentions_are_the_units_of_entities():
    rows = [("Anna Smith saw New York today".split(), "B-PER I-PER O B-LOC I-LOC O".split())]
    examples = encoded(rows, trained("wordpiece"))
    names = dict(zip(examples.words[0].tolist(), examples.mentions[0].tolist(), strict=True))
    assert names == {-1: -1, 0: 0, 1: 0, 2: 2, 3: 3, 4: 3, 5: 5}
    inputs = examples.batch([0]).inputs
    for unit, table in (("word", "words"), ("type", "words"), ("entity", "mentions")):
        own, facts = without_facts(inputs, SimpleNamespace(unit=unit))
        assert facts["word_ids"] is inputs[table]
        assert set(own) == {"input_ids", "attention_mask", *(["token_type_ids"] if "token_type_ids" in own else [])}


def test_answers_of_words_that_are_gone_are_outside():
    import torch

    examples = encoded(sentences(10), trained("wordpiece"))
    batch = examples.batch(range(10))

    class Sure(torch.nn.Module):
        """Says B-LOC of every token."""

        config = SimpleNamespace(id2label=dict(enumerate(LABELS)), num_labels=len(LABELS))

        def forward(self, input_ids, **inputs):
            del inputs
            return SimpleNamespace(logits=torch.nn.functional.one_hot(torch.ones_like(input_ids), 5).float())

    dropped = examples.hide(batch, Masking.from_dict(masking("drop")), MOMENT)
    masked = examples.hide(batch, Masking.from_dict(masking("mask-token")), MOMENT)
    answers = token_classification.predict(Sure(), dropped, None)
    for row, answer in enumerate(answers):
        there = set(dropped.labels["word_number"][row].tolist()) - {0}
        assert answer.tags == tuple(
            "B-LOC" if word + 1 in there else "O" for word in range(int(batch.labels["n_words"][row]))
        )
    assert all(set(answer.tags) == {"B-LOC"} for answer in token_classification.predict(Sure(), masked, None))


def test_progress_is_told():
    told = []
    tokenised_words([["the"]] * 2_100, trained("bpe"), 8, lambda done, total: told.append((done, total)))
    assert told == [(2_000, 2_100), (2_100, 2_100)]


def test_tokenizers_without_words_are_refused(tmp_path):
    from transformers import CanineConfig, CanineTokenizer

    CanineTokenizer().save_pretrained(tmp_path)
    CanineConfig().save_pretrained(tmp_path)
    config = SimpleNamespace(model=str(tmp_path), masking=None, data=SimpleNamespace(max_length=64))
    with pytest.raises(ConfigError, match=r"\(CanineTokenizer\) does not say which word a token is of.*fast tokenizer"):
        load_word_tokenizer(config, Dataset.from_dict({"tokens": [["a"]]}))


def test_byte_level_tokenizers_read_words_as_in_running_text(tmp_path):
    """A tokenizer of bytes has learned " word", and without the blank would take each word for the end of another."""
    from transformers import AutoTokenizer, RobertaTokenizer

    model = json.loads(trained("bytes").backend_tokenizer.to_str())["model"]
    special = {"bos_token": "[CLS]", "eos_token": "[SEP]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    special |= {"pad_token": "[PAD]", "mask_token": "[MASK]", "unk_token": "[UNK]"}
    merges = [tuple(pair) for pair in model["merges"]]
    RobertaTokenizer(vocab=model["vocab"], merges=merges, **special).save_pretrained(tmp_path)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    words = ["the", "module", "returns"]
    tokens = tokenised_words([words], tokenizer, 32)
    assert tokens.inputs["input_ids"][0].tolist() == tokenizer(" ".join(words))["input_ids"]
    assert np.flatnonzero(tokens.first).tolist() == [tokens.words[0].tolist().index(word) for word in range(3)]
