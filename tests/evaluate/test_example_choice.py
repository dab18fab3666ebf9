import numpy as np
import pytest

from maskwright.evaluate.example_choice import choose, kinds, shown_ratio
from maskwright.tasks.scratch import train_tokenizer
from maskwright.tasks.text.marked_text import TOKENS_SHOWN, read_aloud
from maskwright.units.text import text_units
from maskwright.units.vocabulary import Vocabulary


def test_kinds_part_all_examples():
    model, twin = np.array([1, 1, 0, 0], dtype=bool), np.array([1, 0, 1, 0], dtype=bool)
    found, how = kinds(4, model, twin)
    assert {kind: members.tolist() for kind, members in found.items()} == {
        "only the model is right": [1],
        "only the twin is right": [2],
        "both are wrong": [3],
        "both are right": [0],
    }
    assert "four kinds" in how
    assert list(kinds(4, model, None)[0]) == ["wrong", "right"]


def test_where_nothing_is_right_or_wrong_examples_are_drawn_blindly():
    found, how = kinds(50, None, None)
    assert how.startswith("Drawn blindly")
    chosen = [row for _, row in choose(found, 5)]
    assert len(set(chosen)) == 5
    assert chosen != [0, 1, 2, 3, 4]


def test_both_directions_are_shown_alike():
    found = {kind: np.arange(100 * i, 100 * i + 50) for i, kind in enumerate("abcd")}
    chosen = choose(found, 12)
    assert [kind for kind, _ in chosen] == ["a"] * 4 + ["b"] * 4 + ["c"] * 2 + ["d"] * 2
    assert choose(found, 12) == chosen
    assert len({row for _, row in chosen}) == 12


def test_empty_kinds_are_filled_by_the_others():
    found = {"a": np.arange(2), "b": np.arange(0), "c": np.arange(10, 12), "d": np.arange(20, 60)}
    kinds_shown = [kind for kind, _ in choose(found, 12)]
    assert kinds_shown == ["a"] * 2 + ["c"] * 2 + ["d"] * 8
    assert len(choose({"a": np.arange(2), "b": np.arange(0)}, 12)) == 2


def test_shown_ratio_is_the_nearest_to_a_half():
    assert shown_ratio([0.0, 0.1, 0.3, 0.5, 0.9]) == 0.5
    assert shown_ratio([0.0, 0.4, 0.6]) == 0.4


@pytest.fixture(scope="module")
def tokenizer():
    texts = ["the matrix (dense, square) returns eigenvalues and unbelievable things"] * 5
    return train_tokenizer(texts, vocabulary=120, max_length=64)


def pieces_of(tokenizer, text, hidden_words, pair=None):
    vocabulary = Vocabulary.from_tokenizer(tokenizer)
    ids = np.array(tokenizer(text, pair)["input_ids"])
    units = text_units(ids[None], np.ones((1, len(ids)), dtype=bool), vocabulary, "word")
    groups = np.where(units.cells, units.groups, -1)[0]
    hidden = np.isin(groups, hidden_words) & (groups >= 0)
    return read_aloud(ids, hidden, groups, vocabulary=vocabulary, tokenizer=tokenizer)


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
