"""Schemes of tags: which it is, what its rules are, and the mentions that tags make."""

import importlib.util

import pytest

from maskwright.data.flat_lists import Coded
from maskwright.data.tagging.checks import ordered, recognised
from maskwright.data.tagging.rules import faults_of
from maskwright.data.tagging.schemes import Scheme, Tagging, check_seqeval
from maskwright.errors import ConfigError


@pytest.mark.parametrize(
    ("tags", "name", "lettered"),
    [
        ("O B-PER I-PER", "IOB2", True),
        ("O I-PER I-LOC", "IO", True),
        ("O B-PER I-PER E-PER S-PER", "BIOES", True),
        ("O S-PER", "BIOES", True),
        ("O B-PER I-PER L-PER U-PER", "BILOU", True),
        ("O B I", "IOB2", True),
        ("NOUN VERB PUNCT", "IO", False),
        ("O PER LOC", "IO", False),
        ("O", "IO", False),
    ],
)
def test_the_scheme_of_a_set_of_tags(tags, name, lettered):
    assert Scheme.of(tags.split()) == Scheme(name, lettered)


@pytest.mark.parametrize(
    ("sentences", "name"),
    [
        (["B-PER I-PER O B-PER", "O B-LOC"], "IOB2"),
        (["I-PER I-PER O I-PER B-PER", "O I-LOC B-LOC"], "IOB1"),
        (["B-PER O I-LOC", "B-LOC O B-LOC B-PER"], "IOB2"),  # one mistake in six
    ],
)
def test_of_two_schemes_with_the_same_tags_the_one_whose_rules_break_less(sentences, name):
    rows = [tags.split() for tags in sentences]
    assert recognised({tag for tags in rows for tag in tags}, Coded.of_lists(rows)).name == name


@pytest.mark.parametrize(
    ("scheme", "tags", "faults"),
    [
        ("IOB2", "O I-PER I-PER B-LOC I-PER I-LOC", {1: "starts inside", 4: "starts inside", 5: "starts inside"}),
        ("IOB2", "B-PER I-PER B-PER B-LOC O", {}),
        ("IOB1", "O B-PER I-PER B-PER I-LOC B-PER", {1: "no other", 5: "no other"}),
        ("BIOES", "B-PER E-PER S-LOC O B-PER I-PER E-PER", {}),
        ("BIOES", "B-PER O S-PER E-PER I-LOC", {0: "not ended", 3: "starts inside", 4: "starts inside"}),
        ("BILOU", "B-PER I-PER L-PER U-LOC B-PER", {4: "not ended"}),
        ("BILOU", "B-PER L-LOC", {0: "not ended", 1: "starts inside"}),
        ("IO", "O I-PER I-LOC", {}),
    ],
)
def test_rules(scheme, tags, faults):
    broken = dict(faults_of(tags.split(), Scheme(scheme)))
    assert list(broken) == list(faults)
    for word, part in faults.items():
        assert part in broken[word]


@pytest.mark.parametrize(
    ("scheme", "tags", "mentions"),
    [
        (Scheme("IOB1"), "I-PER B-PER I-LOC", {("PER", 0, 1), ("PER", 1, 2), ("LOC", 2, 3)}),
        (Scheme("IOB2"), "B-PER I-PER I-LOC O", {("PER", 0, 2), ("LOC", 2, 3)}),
        (Scheme("IOB2"), "B I O B", {("_", 0, 2), ("_", 3, 4)}),
        (Scheme("BIOES"), "B-PER E-PER S-LOC B-LOC I-LOC", {("PER", 0, 2), ("LOC", 2, 3)}),
        (Scheme("BILOU"), "U-PER U-PER B-LOC I-LOC L-LOC", {("PER", 0, 1), ("PER", 1, 2), ("LOC", 2, 5)}),
        (Scheme("IO"), "I-PER I-PER I-LOC", {("PER", 0, 2), ("LOC", 2, 3)}),
        (Scheme("IO", lettered=False), "PER PER O B-LIKE", {("PER", 0, 2), ("B-LIKE", 3, 4)}),
        (Scheme("IOB2"), "O O", set()),
    ],
)
def test_mentions(scheme, tags, mentions):
    tagging = Tagging.of(tags.split(), scheme)
    assert tagging.mentions == mentions
    assert tagging.in_order == sorted(mentions, key=lambda mention: mention[1])


def test_tags_are_numbered_in_a_fixed_order():
    assert ordered({"I-PER", "O", "E-PER", "S-PER", "B-PER", "S-LOC"}) == tuple(
        "O S-LOC B-PER S-PER I-PER E-PER".split()
    )
    assert ordered({"VERB", "NOUN", "O"}) == ("O", "NOUN", "VERB")


def test_without_seqeval(monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "seqeval" else find(name))
    with pytest.raises(ConfigError, match=r"needs seqeval.*pip install 'maskwright\[tagging\]'"):
        check_seqeval()
