"""Sentences from JSONL, Parquet, CoNLL files and saved data sets; and every problem with them, with its rows."""

import json

import pytest
from pydantic import ValidationError

from maskwright.data.tagging.section import TaggingSection, load_tagging_data
from maskwright.errors import DataError

SENTENCES = [(["Anna", "saw", f"town{n}", "today"], ["B-PER", "O", "B-LOC", "O"]) for n in range(12)]


def jsonl(path, sentences, words="tokens", tags="tags"):
    path.write_text("".join(json.dumps({words: w, tags: t}) + "\n" for w, t in sentences))
    return str(path)


def load(tmp_path, sentences, test=None, **section):
    if test is not None:
        section["test"] = jsonl(tmp_path / "test.jsonl", test)
    return load_tagging_data(TaggingSection(train=jsonl(tmp_path / "train.jsonl", sentences), **section))


def problems(tmp_path, sentences, test=None, **section):
    with pytest.raises(DataError) as told:
        load(tmp_path, sentences, test, **section)
    return [str(problem).replace(f"{tmp_path}/", "") for problem in told.value.problems]


def test_a_file_of_lists(tmp_path):
    data = load(tmp_path, SENTENCES, test=[(["Bob", "saw", "Rome", "today"], ["B-PER", "O", "B-LOC", "O"])])
    assert (len(data.train), len(data.validation), len(data.test)) == (11, 1, 1)
    assert data.labels == ("O", "B-LOC", "B-PER")
    assert data.train[0]["tags"] == ["B-PER", "O", "B-LOC", "O"]
    assert data.train.column_names == ["example_id", "tokens", "tags"]
    assert data.facts == {"scheme": "IOB2"}
    assert "tags are IOB2; 2 types: LOC, PER." in data.notes
    assert any("column 'tokens' was taken, for its name" in note for note in data.notes)


def test_the_fingerprint_is_that_of_the_content(tmp_path):
    one, other = load(tmp_path, SENTENCES), load(tmp_path, SENTENCES, tokens="tokens", tags="tags")
    assert one.fingerprint == other.fingerprint
    changed = [*SENTENCES[:-1], (["Anna", "saw", "towns", "today"], ["B-PER", "O", "B-LOC", "O"])]
    assert load(tmp_path, changed).fingerprint != one.fingerprint


def test_every_format_gives_the_same(tmp_path):
    from datasets import Dataset, DatasetDict

    expected = load(tmp_path, SENTENCES)
    lines = "\n\n".join("\n".join(f"{word} X {tag}" for word, tag in zip(*pair, strict=True)) for pair in SENTENCES)
    for name in ("train.conll", "train.txt"):
        (tmp_path / name).write_text(lines)
    rows = [{"words": words, "ner_tags": tags} for words, tags in SENTENCES]
    Dataset.from_list(rows).to_parquet(tmp_path / "train.parquet")
    DatasetDict({"train": Dataset.from_list(rows)}).save_to_disk(tmp_path / "saved")
    for section in (
        TaggingSection(train=str(tmp_path / "train.conll")),
        TaggingSection(train=str(tmp_path / "train.txt"), tokens=1, tags=3),
        TaggingSection(train=str(tmp_path / "train.txt"), tokens="column 1", tags="column 3"),
        TaggingSection(train=str(tmp_path / "train.parquet")),
        TaggingSection(train="train", dataset=str(tmp_path / "saved")),
    ):
        data = load_tagging_data(section)
        for name in ("train", "validation"):
            assert getattr(data, name).to_dict() == getattr(expected, name).to_dict()
        assert data.labels == expected.labels


def test_files_of_different_formats(tmp_path):
    (tmp_path / "test.conll").write_text("Bob B-PER\nsleeps O\n")
    train = jsonl(tmp_path / "train.jsonl", SENTENCES)
    data = load_tagging_data(TaggingSection(train=train, test=str(tmp_path / "test.conll")))
    assert data.test[0]["tokens"] == ["Bob", "sleeps"]


def test_numbers_with_names(tmp_path):
    numbered = [(words, [0 if tag == "O" else 1 if tag == "B-PER" else 2 for tag in tags]) for words, tags in SENTENCES]
    data = load(tmp_path, numbered, tag_names=["O", "B-PER", "B-LOC"])
    assert data.train[0]["tags"] == ["B-PER", "O", "B-LOC", "O"]
    (told, *_) = problems(tmp_path, numbered)
    assert told == (
        "train.jsonl, column 'tags': tags are numbers: 0, 1, 2. Give their names in the order of the numbers "
        "(data.tag_names: [O, B-PER, ...])."
    )
    wrong = [(words, [tag + 1 for tag in tags]) for words, tags in numbered]
    assert (
        "row 1, column 'tags': tag 3 is '3'; expected a number from 0 to 2 (data.tag_names)"
        in problems(tmp_path, wrong, tag_names=["O", "B-PER", "B-LOC"])[0]
    )


def test_variants_have_the_same_tags(tmp_path):
    rows = [{"tokens": words, "tags": tags} for words, tags in SENTENCES]
    (tmp_path / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    tested = [{"tokens": ["A", "b"], "tags": ["B-PER", "O"], "swapped": ["C", "b"]}]
    section = TaggingSection(
        train=str(tmp_path / "train.jsonl"), test=str(tmp_path / "test.jsonl"), variants={"other name": "swapped"}
    )
    (tmp_path / "test.jsonl").write_text(json.dumps(tested[0]))
    data = load_tagging_data(section)
    assert data.variants == ("other name",)
    assert data.variant("other name")[0]["tokens"] == ["C", "b"]
    (tmp_path / "test.jsonl").write_text(json.dumps({**tested[0], "swapped": ["C"]}))
    with pytest.raises(DataError, match=r"column 'swapped': the variant has 1 words, the sentence 2"):
        load_tagging_data(section)


@pytest.mark.parametrize(
    ("words", "tags", "message"),
    [
        (["a", "b"], ["O"], "row 13, column 'tags': the tags have 1 elements, the tokens 2. Write one for each."),
        ([], [], "row 13, column 'tokens': the list is empty. Fill it in or remove the row."),
        ("a b", ["O", "O"], "row 13, column 'tokens': expected a list, found str 'a b'."),
        (["a"], None, "row 13, column 'tags': the list is missing. Fill it in or remove the row."),
        (
            ["a", ""],
            ["O", "O"],
            "row 13, column 'tokens': word 2 is empty. Fill it in, or remove the word with its tag.",
        ),
        (["a", "\u3000"], ["O", "O"], "row 13, column 'tokens': word 2 is only blanks: '\\u3000'."),
        (["a", 7], ["O", "O"], "row 13, column 'tokens': element 2 is 7; expected text."),
        (["a"], [""], "row 13, column 'tags': element 1 is ''; expected the name or the number of a class."),
    ],
)
def test_rows_that_cannot_be_learned_from(tmp_path, words, tags, message):
    assert any(message in told for told in problems(tmp_path, [*SENTENCES, (words, tags)]))


def test_many_of_a_kind_are_summed_up_with_their_rows(tmp_path):
    told = problems(tmp_path, [*SENTENCES, *[(["a", f"{n}"], ["O"]) for n in range(6)]])
    assert told[-1] == "train.jsonl: 3 more tags of another length than their tokens. Rows: 16, 17, 18."
    told = problems(tmp_path, [*SENTENCES, *[(["a", " "], ["O", "O"]) for n in range(6)]])
    assert told[-1] == "train.jsonl: 3 more empty words in column 'tokens'. Rows: 16, 17, 18."


def test_tags_that_train_lacks(tmp_path):
    test = [(["a", "b"], ["B-PER", "I-PRE"]), (["c"], ["B-ORG"]), (["d", "e"], ["B-ORG", "O"])]
    told = problems(tmp_path, [*SENTENCES, (["x", "y"], ["B-PER", "I-PER"])], test)
    assert told == [
        "test.jsonl, row 2, column 'tags': 'B-ORG' (2 times) is in test but not in train. Did you mean 'B-PER'? Add "
        "examples of it to train, or correct it.",
        "test.jsonl, row 1, column 'tags': 'I-PRE' (1 times) is in test but not in train. Did you mean 'I-PER'? Add "
        "examples of it to train, or correct it.",
    ]


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        (["b-per", "O"], "tag 'b-per' (1 times) differs from 'B-PER' (12) only in case or signs. Write it 'B-PER'"),
        (["B_PER", "O"], "tag 'B_PER' (1 times) differs from 'B-PER' (12) only in case or signs"),
        (["PER", "O"], "PER begin with none of B-, I-, E-, S-, L-, U-, and B-LOC, B-PER do. Write all tags in one"),
        (["M-PER", "O"], "M-PER begin with none of B-"),
        (["E-PER", "U-PER"], "letters of BIOES (E, S) and of BILOU (L, U): B, E, U. Write all tags in one scheme."),
    ],
)
def test_sets_of_tags_that_are_no_scheme(tmp_path, tags, message):
    assert any(message in told for told in problems(tmp_path, [*SENTENCES, (["a", "b"], tags)]))


def test_letters_behind_the_type(tmp_path):
    turned = [(words, [tag if tag == "O" else f"{tag[2:]}-{tag[0]}" for tag in tags]) for words, tags in SENTENCES]
    assert "stands behind the type: LOC-B, PER-B. Write it before the type: B-PER." in problems(tmp_path, turned)[0]


def test_mentions_that_start_inside_are_told_with_their_rows(tmp_path):
    rows = [*SENTENCES, (["a", "b", "c"], ["O", "I-PER", "I-LOC"]), (["d", "e"], ["B-LOC", "I-PER"])]
    rows.append((["f", "g"], ["B-PER", "I-PER"]))
    (note,) = [note for note in load(tmp_path, rows).notes if "starts inside" in note]
    assert note == (
        "train: 2 rows with a tag such as 'I-PER' that starts inside a mention, against the rules of IOB2; it is "
        "read as a beginning, as conlleval does. Rows: 13, 14."
    )


def test_broken_mentions_of_a_strict_scheme_are_refused(tmp_path):
    rows = [(words, [tag.replace("B-", "S-") for tag in tags]) for words, tags in SENTENCES]
    rows += [(["x", "New", "York"], ["O", "B-LOC", "I-LOC"]), (["y", "z"], ["B-LOC", "E-LOC"])]
    assert problems(tmp_path, rows) == [
        "train.jsonl, row 13, column 'tags': the tag 'I-LOC' of word 3 begins or continues a mention that is "
        "not ended (BIOES). Correct the tags of the whole mention."
    ]


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (lambda tag: tag.replace("B-", "I-"), "IO"),
        (lambda tag: tag.replace("B-", "U-"), "BILOU"),
        (lambda tag: tag.replace("B-", ""), "IO"),
    ],
)
def test_schemes_are_recognised(tmp_path, change, name):
    data = load(tmp_path, [(words, [change(tag) for tag in tags]) for words, tags in SENTENCES])
    assert data.facts["scheme"] == name


def test_words_with_blanks_are_told(tmp_path):
    notes = load(tmp_path, [*SENTENCES, (["New York", "b"], ["B-LOC", "O"])]).notes
    assert "train: 1 row with a word that holds blanks. Rows: 13." in notes


def test_nothing_to_find(tmp_path):
    told = problems(tmp_path, [(words, ["O"] * 4) for words, _ in SENTENCES])
    assert "no word of train has a tag besides O, so there is nothing to find" in told[0]
    told = problems(tmp_path, SENTENCES, test=[(["a"], ["O"])])
    assert told == [
        "test.jsonl: no word of test has a tag besides O, so there is nothing to find. See data.tags, or name another "
        "file (data.test)."
    ]


def test_sentences_in_two_splits(tmp_path):
    told = problems(tmp_path, SENTENCES, test=[SENTENCES[3]])
    assert "row 4, column 'tokens': ['Anna', 'saw', 'town3', 'today'] is also in test" in told[0]
    data = load(tmp_path, SENTENCES, test=[SENTENCES[3]], duplicates="drop")
    assert any("1 rows of train are left out" in note for note in data.notes)


def test_columns_that_are_not_there(tmp_path):
    path = jsonl(tmp_path / "a.jsonl", SENTENCES, "first", "second")
    with pytest.raises(DataError, match=r"the tokens column \(data.tokens\) could be any of 'first', 'second'"):
        load_tagging_data(TaggingSection(train=path))
    with pytest.raises(DataError, match=r"there is no column 'tagz' \(data.tags\).*Set data.tags"):
        load_tagging_data(TaggingSection(train=path, tokens="first", tags="tagz"))
    (tmp_path / "a.csv").write_text("tokens,tags\na,O\n")
    with pytest.raises(DataError, match=r"a CSV file holds no lists of words. Give JSONL"):
        load_tagging_data(TaggingSection(train=str(tmp_path / "a.csv")))
    with pytest.raises(ValidationError):
        TaggingSection(tag_names=["O"])


def test_all_problems_come_at_once(tmp_path):
    rows = [*SENTENCES, (["a", "b"], ["O"]), (["c", ""], ["O", "O"]), (["d"], [None]), (["e", "f"], ["b-per", "O"])]
    told = problems(tmp_path, [*rows, ([], [])])
    for message in (
        "row 13, column 'tags': the tags have 1 elements, the tokens 2.",
        "row 14, column 'tokens': word 2 is empty.",
        "row 15, column 'tags': element 1 is None; expected the name or the number of a class.",
        "tag 'b-per' (1 times) differs from 'B-PER' (12) only in case or signs.",
        "b-per begin with none of B-, I-",
        "row 17, column 'tokens': the list is empty.",
        "row 17, column 'tags': the list is empty.",
    ):
        assert sum(message in problem for problem in told) == 1, told
    assert len(told) == 7


def test_problems_are_the_same_where_values_are_not_stored_as_lists(tmp_path):
    broken = [(["a", "b"], ["O"]), (["c", " "], ["O", "O"]), (["d", "e"], ["b-per", "O"])]
    (first, *_) = problems(tmp_path, [*SENTENCES, *broken, ("no list", ["O"])])
    assert "expected a list, found str 'no list'" in first
    plain = problems(tmp_path, [*SENTENCES, *broken])
    assert problems(tmp_path, [*SENTENCES, *broken, ("no list", ["O"])])[1:] == plain
