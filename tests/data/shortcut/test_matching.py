"""Where a shortcut is: whole words in any case, phrases, and scripts without blanks."""

import pytest

from maskwright.data.shortcut.matching import GAP, gapped, word_pattern


@pytest.mark.parametrize(
    ("words", "text", "marked"),
    [
        (["spam"], "spam", "_"),
        (["spam"], "Spam at the start", "_ at the start"),
        (["spam"], "at the end SPAM", "at the end _"),
        (["spam"], "spam, SpAm and spam.", "_, _ and _."),
        (["spam"], "spammer, antispam, spam_filter, spam2", None),
        (["spam"], "(spam) spam-free x.spam.y", "(_) _-free x._.y"),
        (["New York", "New York City", "york"], "New York City, new\n york and York", "_, _ and _"),
        (["a b", "b c"], "a b c", "_ c"),
        (["C++", "#ad", ":)"], "C++ is fun:) #AD", "_ is fun_ _"),
        (["é"], "e\u0301 é caf\u00e9", "_ _ café"),
        (["cafe"], "cafe\u0301 cafe", "cafe\u0301 _"),
        (["МОСКВА"], "в Москва, москвич", "в _, москвич"),
        (["北京"], "我喜欢北京的天气", "我喜欢_的天气"),
        (["a.b"], "aXb a.b", "aXb _"),
    ],
)
def test_words(words, text, marked):
    found = gapped(text, word_pattern(words))
    assert (found and found.replace(GAP, "_")) == marked


def test_a_pattern_that_may_fit_nothing_leaves_gaps_only_where_there_was_something():
    import re

    assert gapped("xaax", re.compile("a*")) == f"x{GAP}x"
    assert gapped("xyz", re.compile("a*")) is None
