"""Texts as the model reads them, with what is hidden marked."""

import numpy as np
import pytest

from maskwright.tasks.scratch import train_tokenizer
from maskwright.tasks.text import marked_text
from maskwright.tasks.text.marked_text import TOKENS_SHOWN
from maskwright.units.text import text_units
from maskwright.units.vocabulary import Vocabulary


@pytest.fixture(scope="module")
def tokenizer():
    texts = ["the matrix (dense, square) returns eigenvalues and unbelievable things"] * 5
    return train_tokenizer(texts, vocabulary=120, max_length=64)


def pieces_of(tokenizer, text, hidden_words, pair=None):
    vocabulary = Vocabulary.from_tokenizer(tokenizer)
    ids = np.array(tokenizer(text, pair)["input_ids"])
    units = text_units(ids[None], np.ones((1, len(ids)), dtype=bool), vocabulary, "word")
    groups = np.where(units.hideable, units.groups, -1)[0]
    hidden = np.isin(groups, hidden_words) & (groups >= 0)
    return marked_text.pieces_of(ids, hidden, groups, vocabulary=vocabulary, tokenizer=tokenizer)


def test_text_reads_as_printed_and_hidden_words_are_pieces_of_their_own(tokenizer):
    pieces = pieces_of(tokenizer, "the matrix (dense, square) returns things", [0, 1, 5])
    assert "".join(piece.text for piece in pieces) == "the matrix (dense, square) returns things"
    hidden = [piece.text for piece in pieces if piece.hidden]
    assert hidden[:2] == ["the", "matrix"]
    assert len(hidden) == 3


def test_pairs_are_parted(tokenizer):
    text = "".join(piece.text for piece in pieces_of(tokenizer, "the matrix", [0], pair="dense things"))
    assert text == "the matrix ┃ dense things"


def test_long_texts_say_how_much_is_left_out(tokenizer):
    pieces = pieces_of(tokenizer, "the " * (TOKENS_SHOWN + 7), [])
    assert pieces[-1].text == " … and 7 more tokens"


def test_characters_spread_over_tokens_are_put_together():
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False)
    table = {character: i for i, character in enumerate(sorted(byte_level.alphabet()))}
    table["Ġa"] = len(table)
    inner = Tokenizer(models.BPE(vocab=table, merges=[("Ġ", "a")]))
    inner.pre_tokenizer, inner.decoder = byte_level, decoders.ByteLevel()
    wrapped = PreTrainedTokenizerFast(tokenizer_object=inner, pad_token="[PAD]")
    pieces = pieces_of(wrapped, "né a 中", [0])
    assert "".join(piece.text for piece in pieces) == "né a 中"
