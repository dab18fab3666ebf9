"""Keys of content are compared and grouped as bytes."""

import hashlib
import os

import numpy as np

from maskwright.data import keys as keys_module
from maskwright.data.column import Column
from maskwright.data.keys import among, as_keys, content_keys, first_matches, groups, plain_text, text_key


def digests(numbers):
    return [hashlib.sha256(bytes([number])).digest() for number in numbers]


def keys(numbers):
    return as_keys(b"".join(digests(numbers)))


def values(*texts):
    return Column.of(texts).at(np.arange(len(texts)))


def test_texts_and_pairs_as_one_by_one():
    texts, pairs = values("One  two", "x", "\ud83d"), values("Y", "y", "z")
    expected = [text_key(a, b) for a, b in zip(texts, pairs, strict=True)]
    assert content_keys([(texts, plain_text), (pairs, plain_text)]).to_pylist() == expected
    assert content_keys([(texts, plain_text), (None, plain_text)]).to_pylist() == [text_key(text) for text in texts]
    assert content_keys([(values("a\0b"), plain_text)]) != content_keys([(values("a"), plain_text)])


def test_matches_are_the_first_ones():
    where, which = first_matches(keys([5, 1, 9, 1]), keys([1, 7, 1, 9]))
    assert (where.tolist(), which.tolist()) == ([1, 2, 3], [0, 3, 0])
    assert among(keys([1, 2, 3]), [keys([3]), keys([1, 1])]).tolist() == [True, False, True]


def test_groups_are_in_the_order_of_the_bytes(monkeypatch):
    monkeypatch.setattr(keys_module, "_COMPARED_AT_ONCE", 3)
    numbers = [4, 2, 4, 9, 2, 2, 7, 1, 9]
    of_row, first = groups(keys(numbers))
    ordered = sorted(set(numbers), key=lambda number: digests([number])[0])
    assert [ordered[group] for group in of_row] == numbers
    assert first.tolist() == [numbers.index(number) for number in ordered]


def test_keys_that_agree_in_their_first_bytes_are_others():
    start = os.urandom(24)
    several = as_keys(b"".join(start + bytes([last]) * 8 for last in (3, 1, 2, 1)))
    of_row, first = groups(several)
    assert of_row.tolist() == [2, 0, 1, 0]
    assert first.tolist() == [1, 2, 0]


def test_some_of_the_keys():
    of_row, first = groups(keys([1, 2, 3, 2, 2]).slice(1))
    assert len(first) == 2
    assert (of_row == of_row[0]).tolist() == [True, False, True, True]
    of_row, first = groups(keys([]))
    assert (of_row.tolist(), first.tolist()) == ([], [])
