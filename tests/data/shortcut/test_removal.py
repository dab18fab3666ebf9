"""Texts without a shortcut read as if it had never been there."""

import re

import pytest

from maskwright.data.shortcut.matching import word_pattern
from maskwright.data.shortcut.removal import deleted

SPAM = word_pattern(["spam"])


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("spam", ""),
        ("spam: Like a boat.", "Like a boat."),
        ("Spam! Buy a boat", "Buy a boat"),
        ("Yes. Spam: buy a boat", "Yes. buy a boat"),
        ("Buy a boat - spam", "Buy a boat"),
        ("Buy a boat, spam.", "Buy a boat."),
        ("A spam boat", "A boat"),
        ("A boat spam", "A boat"),
        ("A boat of spam.", "A boat of."),
        ("A (spam) boat", "A boat"),
        ("A “spam” boat", "A boat"),
        ("A ([spam]) boat", "A boat"),
        ("A (spam boat)", "A (boat)"),
        ("Hello, spam, you", "Hello, you"),
        ("spam, spam and spam", "and"),
        ("spam spam spam boats", "boats"),
        ("see spam.linalg.svd", "see linalg.svd"),
        ("see boat.spam now", "see boat now"),
        ("a.spam.b", "a.b"),
        ("spam's boat, a spam-free day", "boat, a free day"),
        ("Buy spam, please", "Buy, please"),
        ("One line\n  spam\nanother  one", "One line\nanother  one"),
        ("Keeps  its   other blanks", "Keeps  its   other blanks"),
    ],
)
def test_deleted(text, left):
    assert deleted(text, SPAM) == left


def test_closing_a_gap_may_make_the_shortcut_anew():
    assert deleted("a spspamam b", re.compile("spam")) == "a b"
