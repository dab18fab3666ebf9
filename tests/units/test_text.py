"""Words and types from ids alone, for every family of tokenizers."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch

from maskwright import ConfigError, MaskingError, Vocabulary
from maskwright.units.text import text_units
from tests.units.tokenizers_trained_here import CHINESE, FAMILIES, texts, trained

each_family = pytest.mark.parametrize("family", FAMILIES)
ENGLISH = "The parser reads a message, and the Parser returns unbelievable messages (quickly) today."
WORDS = re.findall(r"\w+|[^\w\s]", ENGLISH)


def units_of(tokenizer, text, unit, **options):
    batch = tokenizer(text if isinstance(text, list) else [text], padding=True, return_tensors="np", **options)
    vocabulary = Vocabulary.from_tokenizer(tokenizer)
    return batch, text_units(batch["input_ids"], batch["attention_mask"] != 0, vocabulary, unit)


def words_in(tokenizer, ids, units, row=0):
    """The text of each unit, in order."""
    vocabulary = Vocabulary.from_tokenizer(tokenizer)
    found: dict[int, str] = {}
    for token, group, cell in zip(ids[row], units.groups[row], units.hideable[row], strict=True):
        if cell:
            found[int(group)] = found.get(int(group), "") + vocabulary.pieces[token].text
    return [found[group] for group in sorted(found)]


@each_family
def test_words_are_words(family):
    tokenizer = trained(family)
    batch, units = units_of(tokenizer, ENGLISH, "word")
    found = [word.casefold() for word in words_in(tokenizer, batch["input_ids"], units)]
    assert found == [word.casefold() for word in WORDS]


@each_family
def test_words_agree_with_the_tokenizers_own_words_on_plain_text(family):
    """On text without punctuation the pre-tokenizer's words, which use offsets, are the same words."""
    tokenizer = trained(family)
    for text in texts()[:100]:
        plain = " ".join(re.findall(r"[a-z]+", text.lower()))
        if not plain:
            continue
        encoded = tokenizer(plain)
        own = encoded.word_ids()
        _, units = units_of(tokenizer, plain, "word")
        ours = [int(g) if c else None for g, c in zip(units.groups[0], units.hideable[0], strict=True)]
        assert ours == own, plain


@each_family
def test_special_tokens_and_padding_are_no_cells(family):
    tokenizer = trained(family)
    batch, units = units_of(tokenizer, [ENGLISH, "short", ""], "token")
    special = np.isin(batch["input_ids"], [0, 2, 3, 4])  # [UNK], 1, stands for a word
    np.testing.assert_array_equal(units.hideable, ~special)
    assert units.n.tolist() == [len(tokenizer(t)["input_ids"]) - 2 for t in (ENGLISH, "short", "")]


@each_family
def test_each_chinese_character_begins_a_word(family):
    tokenizer = trained(family)
    batch, units = units_of(tokenizer, CHINESE[1], "word")
    pieces = Vocabulary.from_tokenizer(tokenizer).pieces
    groups = np.where(units.hideable[0], units.groups[0], -1)
    begins = np.flatnonzero(np.diff(groups, prepend=-1) > 0)
    for place, token in enumerate(batch["input_ids"][0]):
        if place and pieces[batch["input_ids"][0][place - 1]].joins:
            continue  # a bare SentencePiece marker belongs to the character after it
        if pieces[token].text[:1] and "\u4e00" <= pieces[token].text[0] <= "\u9fff":
            assert place in begins, pieces[token].text
    if family == "wordpiece":
        assert words_in(tokenizer, batch["input_ids"], units) == [c for c in CHINESE[1] if c != " "]


def test_a_segmenter_joins_chinese_characters():
    tokenizer = trained("wordpiece")

    def segment(text):
        return re.findall(r"学习|数据|重要| |.", text)

    vocabulary = Vocabulary.from_tokenizer(tokenizer, segmenter=segment)
    batch = tokenizer([CHINESE[2]], return_tensors="np")
    units = text_units(batch["input_ids"], batch["attention_mask"] != 0, vocabulary, "word")
    found = [w.strip() for w in words_in(tokenizer, batch["input_ids"], units)]
    assert found == ["数据", "很", "重要", ",", "学习", "也", "很", "重要", "。"]


@each_family
def test_pretokenised_input_gives_the_same_words(family):
    tokenizer = trained(family)
    words = "the parser reads unbelievable messages".split()
    if family == "bytes":
        words = [words[0], *(f" {word}" for word in words[1:])]  # as add_prefix_space would
    encoded = tokenizer([words], is_split_into_words=True, return_tensors="np")
    vocabulary = Vocabulary.from_tokenizer(tokenizer)
    units = text_units(encoded["input_ids"], encoded["attention_mask"] != 0, vocabulary, "word")
    assert int(units.n[0]) == len(words)


@each_family
def test_packed_documents_do_not_share_words(family):
    tokenizer = trained(family)
    one, two = tokenizer("reading")["input_ids"], tokenizer("s parser")["input_ids"]
    ids = np.array([one + two])
    units = text_units(ids, np.ones_like(ids, dtype=bool), Vocabulary.from_tokenizer(tokenizer), "word")
    assert int(units.n[0]) == 3


@each_family
@pytest.mark.parametrize("unit", ["token", "word", "type"])
def test_padding_side_does_not_matter(family, unit):
    tokenizer = trained(family)
    rows = [tokenizer(text)["input_ids"] for text in (ENGLISH, "a short message", "x")]
    width = max(map(len, rows))
    right = np.array([row + [0] * (width - len(row)) for row in rows])
    left = np.array([[0] * (width - len(row)) + row for row in rows])
    from maskwright import Masking

    masking = Masking.from_dict({"pattern": "iid", "budget": 0.5, "fill": "mask-token", "unit": unit})
    vocabulary = Vocabulary.from_tokenizer(tokenizer)
    masks = [
        masking(
            {"input_ids": ids, "attention_mask": (ids != 0).astype(int)}, vocabulary=vocabulary, example_ids=[1, 2, 3]
        )
        for ids in (right, left)
    ]
    for row, ids in enumerate(rows):
        np.testing.assert_array_equal(masks[0].mask[row, : len(ids)], masks[1].mask[row, width - len(ids) :])


def test_types_join_all_occurrences_whatever_their_case_and_cut():
    tokenizer = trained("bytes")
    text = "Numpy arrays: numpy.array makes an array; NUMPY (numpy)"
    batch, units = units_of(tokenizer, text, "type")
    pieces = Vocabulary.from_tokenizer(tokenizer).pieces
    words: dict[int, set[str]] = {}
    _, word_units = units_of(tokenizer, text, "word")
    for group in range(int(word_units.n[0])):
        cells = (word_units.groups[0] == group) & word_units.hideable[0]
        word = "".join(pieces[token].text for token in batch["input_ids"][0][cells]).casefold()
        words.setdefault(int(units.groups[0][cells][0]), set()).add(word)
        assert len(set(units.groups[0][cells])) == 1, "the pieces of a word belong to one type"
    assert all(len(group) == 1 for group in words.values())
    assert len(words) == len({word for group in words.values() for word in group}) == int(units.n[0])
    assert {"numpy"} in words.values()


@each_family
@pytest.mark.parametrize("unit", ["token", "word", "type"])
def test_torch_gives_the_same_units(family, unit):
    tokenizer = trained(family)
    batch, here = units_of(tokenizer, list(texts()[:40]) + CHINESE, unit, truncation=True, max_length=64)
    vocabulary = Vocabulary.from_tokenizer(tokenizer)
    ids = torch.from_numpy(batch["input_ids"])
    there = text_units(ids, torch.from_numpy(batch["attention_mask"]) != 0, vocabulary, unit)
    for name in ("valid", "n", "hideable"):
        np.testing.assert_array_equal(getattr(here, name), getattr(there, name).numpy(), err_msg=name)
    np.testing.assert_array_equal(
        np.where(here.hideable, here.groups, -1), np.where(here.hideable, there.groups.expand(ids.shape).numpy(), -1)
    )


def test_word_ids_of_the_caller_win():
    tokenizer = trained("wordpiece")
    ids = np.array([tokenizer("New York is big")["input_ids"]])
    word_ids = np.array([[-1, *[0] * (ids.shape[1] - 4), 1, 2, -1]])
    units = text_units(ids, ids >= 0, Vocabulary.from_tokenizer(tokenizer), "word", word_ids)
    assert int(units.n[0]) == 3


@each_family
def test_mentions_of_the_caller_are_units_and_every_other_word_its_own(family):
    tokenizer = trained(family)
    vocabulary = Vocabulary.from_tokenizer(tokenizer)
    batch = tokenizer("The parser returns unbelievable messages today", return_tensors="np")
    ids = batch["input_ids"]
    _, words = units_of(tokenizer, "The parser returns unbelievable messages today", "word")
    word_of = np.where(words.hideable, words.groups, -1)
    mention = (word_of == 3) | (word_of == 4)  # unbelievable messages
    units = text_units(ids, ids >= 0, vocabulary, "entity", np.where(mention, 7, -1))
    assert units.grid.axes == ("entity",)
    np.testing.assert_array_equal(units.hideable, words.hideable)
    expected = np.array([0, 1, 2, 3, 3, 4, -1])[word_of]
    np.testing.assert_array_equal(np.where(units.hideable, units.groups, -1), expected)
    there = text_units(torch.from_numpy(ids), None, vocabulary, "entity", torch.from_numpy(np.where(mention, 7, -1)))
    np.testing.assert_array_equal(there.groups.numpy(), units.groups)
    assert int(there.n[0]) == int(units.n[0]) == 5


@pytest.mark.parametrize(
    ("word_ids", "allowed", "expected"),
    [
        ([-1, -1, -1, -1, -1, -1], None, [-1, 0, 1, 2, 3, -1]),
        ([-1, 5, 5, 6, 6, -1], None, [-1, 0, 0, 1, 1, -1]),  # two mentions side by side
        ([-1, 5, 5, -1, 5, -1], None, [-1, 0, 0, 1, 2, -1]),  # the same number again is another mention
        ([5, 5, 5, 5, 5, 5], None, [-1, 0, 0, 0, 0, -1]),  # special tokens belong to none
        ([-1, 5, 5, 5, -1, -1], [1, 1, 0, 1, 1, 1], [-1, 0, -1, 0, 1, -1]),  # one mention, though its middle is left
        ([-1, -1, 5, 5, 5, -1], [1, 1, 0, 1, 1, 1], [-1, 0, -1, 1, 1, -1]),  # or its first token
        ([-1, -1, -1, -1, -1, -1], [1, 0, 1, 0, 0, 1], [-1, -1, 0, -1, -1, -1]),
    ],
)
def test_mentions_begin_at_their_first_cell_that_may_be_hidden(word_ids, allowed, expected):
    vocabulary = Vocabulary.from_tokenizer(trained("wordpiece"))
    ids = np.array([[2, 1, 1, 1, 1, 3]])  # [CLS] [UNK] ... [UNK] [SEP]
    allowed = None if allowed is None else np.array([allowed], dtype=bool)
    units = text_units(ids, None, vocabulary, "entity", np.array([word_ids]), allowed)
    assert np.where(units.hideable, units.groups, -1).tolist() == [expected]
    assert int(units.n[0]) == max(expected) + 1


def test_mentions_that_nobody_names_are_refused():
    with pytest.raises(MaskingError, match=r"give word_ids \[B, L\]"):
        text_units(np.array([[5]]), None, Vocabulary.from_tokenizer(trained("wordpiece")), "entity")


@pytest.mark.parametrize(("wrong", "fragment"), [(-100, "-100 marks labels"), (10**6, "found 1000000")])
def test_ids_outside_the_vocabulary_are_refused(wrong, fragment):
    tokenizer = trained("wordpiece")
    vocabulary = Vocabulary.from_tokenizer(tokenizer)
    for ids in (np.array([[5, wrong]]), torch.tensor([[5, wrong]])):
        with pytest.raises(MaskingError, match=fragment):
            text_units(ids, ids == ids, vocabulary, "token")


def test_an_unknown_unit_is_refused():
    with pytest.raises(ConfigError, match="'word'"):
        text_units(np.array([[5]]), np.array([[True]]), Vocabulary.from_tokenizer(trained("wordpiece")), "words")


def test_unknown_words_can_be_hidden_and_are_never_drawn():
    vocabulary = Vocabulary.from_tokenizer(trained("wordpiece"))
    ids = np.array([[2, 1, 10, 1, 3]])  # [CLS] [UNK] ... [UNK] [SEP]
    units = text_units(ids, ids >= 0, vocabulary, "word")
    assert units.hideable.tolist() == [[False, True, True, True, False]]
    assert int(units.n[0]) == 3
    assert 1 not in vocabulary.ordinary_ids


def test_words_that_end_with_a_marker():
    """CLIP's vocabularies mark the last piece of a word."""
    from transformers import CLIPTokenizer

    names = ["!</w>", "w", "a", "r", "m</w>", "d", "y</w>", "<|startoftext|>", "<|endoftext|>"]
    vocabulary = {name: index for index, name in enumerate(names)}
    tokenizer = CLIPTokenizer(vocabulary, merges=[])
    facts = Vocabulary.from_tokenizer(tokenizer)
    ids = np.array([tokenizer("warm day! warm")["input_ids"]])
    units = text_units(ids, None, facts, "word")
    assert units.groups[0, 1:-1].tolist() == [0, 0, 0, 0, 1, 1, 1, 2, 3, 3, 3, 3]
    assert int(text_units(ids, None, facts, "type").n[0]) == 3
    assert facts.pieces[4].text == "m "
