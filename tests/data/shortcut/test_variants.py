"""Three variants of the test texts, what is said of them, and what is refused."""

import dataclasses

import pytest

from maskwright.data.shortcut.matching import GAP
from maskwright.data.shortcut.section import DELETED, MASKED, NEUTRAL, VARIANTS
from maskwright.data.shortcut.variants import readable
from maskwright.data.texts import load_text_data


def tagged(texts, **columns):
    return [
        {"text": text, "label": "ab"[i % 2], **{name: cells[i] for name, cells in columns.items()}}
        for i, text in enumerate(texts)
    ]


def texts(data, name, role="text"):
    return data.variant(name)[role][:]


def test_three_ways(make, rows):
    test = [{"text": "Spam: a boat, SPAM or spam.", "label": "neg"}, {"text": "nothing to be found", "label": "pos"}]
    data = load_text_data(make(rows(), rows(start=100), test, shortcut=["spam"]))
    assert data.variants == VARIANTS
    assert texts(data, DELETED) == ["a boat, or.", "nothing to be found"]
    assert texts(data, MASKED) == [f"{GAP}: a boat, {GAP} or {GAP}.", "nothing to be found"]
    assert texts(data, NEUTRAL) == ["something: a boat, something or something.", "nothing to be found"]
    assert data.variant(DELETED).column_names == ["example_id", "text", "label"]
    note = next(note for note in data.notes if note.startswith("test: the shortcut (data.shortcut) is in 1 of 2 rows;"))
    assert all(f"“{name}”" in note for name in VARIANTS)
    assert note.endswith("; 1 row without it is the same in every variant.")
    assert not any("no word is left" in note for note in data.notes)


def test_a_pattern_has_its_case_and_fits_inside_words(make, rows):
    test = [{"text": "from_numpy and Numpy", "label": "neg"}]
    data = load_text_data(make(rows(), rows(start=100), test, shortcut={"pattern": r"numpy_?", "neutral": "it"}))
    assert texts(data, NEUTRAL) == ["from_it and Numpy"]


def test_each_row_has_words_of_its_own(make, rows):
    columns = {"tag": ["boat", ["a car", "CAR"], None, ""]}
    test = tagged(["the boat", "a car, a Boat, a car", "a boat", "one more"], **columns)
    train = [{**row, "tag": "x"} for row in tagged([f"text number {i}" for i in range(20)])]
    data = load_text_data(make(train, tagged(["u v", "w x"]), test, shortcut={"column": "tag"}))
    assert texts(data, NEUTRAL) == ["the something", "something, a Boat, something", "a boat", "one more"]
    assert data.columns == {"text": "text", "label": "label"}
    assert any("in 2 of 4 rows" in note for note in data.notes)


def test_pairs_are_treated_alike(make):
    def pair(i):
        return {"premise": f"spam {i}", "hypothesis": f"a claim, {i}, on Spam", "label": i % 2}

    data = load_text_data(make([pair(i) for i in range(20)], test=[pair(i) for i in range(30, 34)], shortcut="spam"))
    assert texts(data, DELETED)[0] == "30"
    assert texts(data, DELETED, "text_pair")[0] == "a claim, 30, on"
    assert texts(data, NEUTRAL, "text_pair")[0] == "a claim, 30, on something"
    assert data.variant(MASKED).column_names == ["example_id", "text", "text_pair", "label"]
    only_second = [{"premise": f"p {i}", "hypothesis": f"spam {i}", "label": i % 2} for i in range(50, 54)]
    data = load_text_data(make([pair(i) for i in range(20)], test=only_second, shortcut="spam"))
    assert any("in 4 of 4 rows" in note for note in data.notes)


def test_without_a_test_file_the_validation_rows_are_varied(make):
    data = load_text_data(make(tagged([f"spam {i} is here" for i in range(40)]), shortcut="spam"))
    assert len(data.test) == 4
    assert texts(data, DELETED) == [text.removeprefix("spam ") for text in data.test["text"][:]]


def test_columns_of_the_user_go_on_beside(make, rows):
    test = [{"text": "spam boat", "label": "neg", "own": "a ship"}]
    section = make(rows(), rows(start=100), test, shortcut="spam", variants={"by hand": "own"})
    data = load_text_data(section)
    assert data.variants == ("by hand", *VARIANTS)
    assert texts(data, "by hand") == ["a ship"]
    assert texts(data, DELETED) == ["boat"]


def test_the_fingerprint_is_of_the_variants_too(make, rows):
    parts = rows(), rows(start=100), [{"text": "spam boat or ham", "label": "neg"}]
    marks = {load_text_data(make(*parts, shortcut=word)).fingerprint for word in ("spam", "ham")}
    assert len({*marks, load_text_data(make(*parts)).fingerprint}) == 3


def test_texts_of_which_nothing_is_left(make, rows):
    data = load_text_data(make(rows(), rows(start=100), [{"text": "Spam!", "label": "neg"}], shortcut="spam"))
    assert texts(data, DELETED) == [""]
    assert any("no word is left of 1 text; models read it empty" in note for note in data.notes)


@pytest.mark.parametrize(
    ("shortcut", "message"),
    [
        (["zinc", "tin"], "the shortcut, 'zinc', 'tin', is in none of the 2 texts of test (column 'text')"),
        ([*"vwxyz", "u"], "'z' and 1 more, is in none"),
        ({"pattern": "Z+"}, "the shortcut, 'Z+', is in none"),
        ({"column": "tag"}, "the shortcut, the words of column 'tag', is in none"),
        ({"column": "tga"}, "there is no column 'tga' (data.shortcut.column)"),
        ({"column": "number"}, "test.jsonl, row 1, column 'number': expected a word or a list of words, found 7"),
        ({"column": "neutral"}, "'something' is put in the place of the shortcut, and is among its words"),
    ],
)
def test_refused(make, rows, refused, shortcut, message):
    columns = {"tag": ["none", "none"], "number": [7, 8], "neutral": ["Something", "a"]}
    test = tagged(["one thing", "another thing"], **columns)
    for row in test:
        row["label"] = "neg"
    assert message in refused(load_text_data, make(rows(), rows(start=100), test, shortcut=shortcut))


def test_mask_tokens_go_into_the_gaps(make, rows):
    test = [{"text": "spam boat", "label": "neg"}]
    data = load_text_data(make(rows(), rows(start=100), test, shortcut="spam"))
    read = readable(data, "[MASK]")
    assert texts(read, MASKED) == ["[MASK] boat"]
    assert (read.fingerprint, read.variants, read.test["text"][:]) == (data.fingerprint, VARIANTS, ["spam boat"])
    unread = readable(data, None)
    assert unread.variants == (DELETED, NEUTRAL)
    assert unread.notes[-1] == "the tokenizer has no mask token, so the variant “removed, masked” is left out."
    plain = dataclasses.replace(data, variants=())
    assert readable(plain, None) is plain
