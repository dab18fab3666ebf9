"""Which column holds what, named or guessed."""

from types import SimpleNamespace

import pytest

from maskwright.data.columns import find_columns
from maskwright.data.tables import Table

TEXTS = [f"a text of several words number {i}" for i in range(12)]
CLASSES = ["x", "y"] * 6


def table(**columns):
    return Table("t.csv", columns, 12)


def config(text=None, label=None, text_pair=None, variants=None):
    return SimpleNamespace(text=text, label=label, text_pair=text_pair, variants=variants or {})


@pytest.mark.parametrize(
    ("header", "text", "pair", "label"),
    [
        (["text", "label"], "text", None, "label"),
        (["id", "Review", "Sentiment"], "Review", None, "Sentiment"),
        (["title", "text", "label"], "text", None, "label"),
        (["sentence1", "sentence2", "label"], "sentence1", "sentence2", "label"),
        (["premise", "hypothesis", "gold-label"], "premise", "hypothesis", "gold-label"),
        (["label", "label_text", "text"], "text", None, "label"),
        ([" text", "class "], " text", None, "class "),
        (["question", "context", "text", "label"], "text", None, "label"),
    ],
)
def test_guessed_by_name(header, text, pair, label):
    found = find_columns(config(), table(**dict.fromkeys(header, TEXTS)))
    expected = {"text": text, "text_pair": pair, "label": label}
    assert found.roles == {role: column for role, column in expected.items() if column is not None}
    assert len(found.notes) == 2 + (pair is not None)
    assert any(repr(text) in note and "data.text is not set" in note for note in found.notes)


def test_guessed_by_values():
    found = find_columns(config(), table(a=CLASSES, b=TEXTS, n=list(map(str, range(12)))))
    assert found.roles == {"text": "b", "label": "a"}
    assert "for its values" in found.notes[0]


def test_named_columns_are_taken_and_not_told():
    found = find_columns(config("b", "a"), table(a=CLASSES, b=TEXTS, text=TEXTS))
    assert (found.roles, found.notes) == ({"text": "b", "label": "a"}, ())


def test_variants_are_no_candidates():
    found = find_columns(config(variants={"removed": "content"}), table(sentence=TEXTS, content=TEXTS, label=CLASSES))
    assert found.roles["text"] == "sentence"


@pytest.mark.parametrize(
    ("columns", "settings", "fragments"),
    [
        (
            {"review": TEXTS, "title": TEXTS, "label": CLASSES},
            {},
            ["(data.text) could be any of 'review', 'title'", "the header is 'review', 'title', 'label'"],
        ),
        ({"text": TEXTS, "class": CLASSES, "topic": CLASSES}, {}, ["(data.label) could be any of 'class', 'topic'"]),
        ({"a": CLASSES, "b": CLASSES}, {}, ["(data.text) is not clear", "(data.label) could be any of 'a', 'b'"]),
        ({"a b c d": TEXTS, "e": TEXTS}, {}, ["(data.text) could be any of", "(data.label) is not clear"]),
        ({"text": TEXTS, "label": CLASSES}, {"label": "lable"}, ["no column 'lable' (data.label)", "mean 'label'?"]),
        ({"text": TEXTS, "Label ": CLASSES}, {"label": "label"}, ["Write it as the header does: data.label: 'Label '"]),
        ({"text": TEXTS, "q": CLASSES}, {"text": "zzz"}, ["the header is 'text', 'q'. Set data.text to one of them"]),
    ],
)
def test_refused(refused, columns, settings, fragments):
    message = refused(find_columns, config(**settings), table(**columns))
    assert all(fragment in message for fragment in fragments), message


def test_one_column_in_two_roles(refused):
    message = refused(find_columns, config("text", "text"), table(text=TEXTS, label=CLASSES))
    assert "data.text and data.label are the same column, 'text'" in message


def test_both_named_columns_missing_are_told(refused):
    message = refused(find_columns, config("one", "two"), table(text=TEXTS, label=CLASSES))
    assert "'one' (data.text)" in message
    assert "'two' (data.label)" in message
