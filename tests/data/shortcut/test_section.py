"""`data.shortcut` as people write it, and what is refused."""

import pytest

from maskwright.data.shortcut.section import VARIANTS, Shortcut
from maskwright.data.texts import TextSection
from maskwright.errors import ConfigError
from maskwright.tasks import parse_config


def section(shortcut, **data):
    return TextSection(shortcut=shortcut, **data)


def test_short_forms():
    words = Shortcut(words=["spam"])
    assert section("spam").shortcut == section(["spam"]).shortcut == section({"words": ["spam"]}).shortcut == words
    assert section({"column": "tag", "neutral": "it"}).shortcut == Shortcut(column="tag", neutral="it")
    assert all("removed" in name for name in VARIANTS)


@pytest.mark.parametrize(
    ("shortcut", "message"),
    [
        ([], "words that are not empty, given []"),
        (["spam", " "], "words that are not empty"),
        ({}, "give a list of words, or one of {words: ...}"),
        ({"words": ["a"], "column": "b"}, "give a list of words, or one of"),
        ({"pattern": "a("}, "data.shortcut.pattern: 'a(' is no regular expression: missing )"),
        ({"pattern": "a*"}, "'a*' also fits where there is no text"),
        ({"words": ["spam"], "neutral": " "}, "data.shortcut.neutral: expected a word"),
        ({"words": ["something"]}, "data.shortcut.neutral: 'something' is a shortcut itself"),
        ({"pattern": "thing"}, "data.shortcut.neutral: 'something' is a shortcut itself"),
        ({"patern": "a"}, "unknown key 'data.shortcut.patern'. Did you mean 'pattern'?"),
        ({"words": 3}, "data.shortcut.words: Input should be a valid list"),
    ],
)
def test_refused(shortcut, message):
    with pytest.raises(ConfigError) as caught:
        parse_config({"model": "scratch:tiny", "data": {"shortcut": shortcut}})
    assert message in str(caught.value)


def test_names_of_variants_are_taken():
    with pytest.raises(ConfigError, match="'removed, masked' is made by"):
        parse_config({"model": "scratch:tiny", "data": {"shortcut": "a", "variants": {"removed, masked": "b"}}})
