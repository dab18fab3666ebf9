"""What is wrong with rows is found, all of it, with its place."""

import json
from types import SimpleNamespace

import pytest
from datasets import Dataset

from maskwright.data.checks import count_truncated
from maskwright.data.texts import read_splits


def changed(records, index, **values):
    return [{**record, **values} if i == index else record for i, record in enumerate(records)]


def notes(config):
    return "\n".join(read_splits(config)[1])


@pytest.mark.parametrize(
    ("values", "fragments"),
    [
        ({"text": ""}, ["row 3, column 'text': the text is empty"]),
        ({"text": None}, ["row 3, column 'text': the text is empty"]),
        ({"text": " \t\u00a0"}, ["the text is only blanks: ' \\t\\xa0'"]),
        ({"text": 5}, ["expected text, found int 5"]),
        ({"text": "half \ud83d pair"}, ["half of a character pair"]),
        ({"label": None}, ["row 3, column 'label': the row has no label"]),
        ({"label": "  "}, ["the row has no label"]),
        ({"label": float("nan")}, ["the row has no label"]),
        ({"label": "NaN"}, ["'NaN' is how a program writes a missing value"]),
        ({"label": "neg "}, ["'neg ' (1 row) differs from 'neg' (11 rows) only in case, blanks"]),
        ({"label": "NEG"}, ["Write it 'neg' everywhere"]),
        ({"label": "once"}, ["class 'once' has 1 row (1 row in train), fewer than the 2 splits need"]),
    ],
)
def test_a_bad_row(make, refused, values, fragments, rows):
    message = refused(read_splits, make(changed(rows(), 2, **values)))
    assert "train.jsonl" in message
    assert all(fragment in message for fragment in fragments), message


def test_everything_is_told_at_once(make, refused, rows):
    train = changed(changed(rows(), 0, text=""), 1, label=None)
    test = changed(rows(start=100), 0, label="pso")
    message = refused(read_splits, make(train, test=test))
    assert "row 1, column 'text': the text is empty" in message
    assert "row 2, column 'label': the row has no label" in message
    assert "the label 'pso' (1 row) is in test but not in train. Did you mean 'pos'?" in message


def test_problems_of_a_kind_are_summed_up_and_the_message_is_bounded(make, refused, rows):
    train = [{**record, "text": ""} for record in rows(400)]
    message = refused(read_splits, make(train))
    assert "397 more empty texts in column 'text'. Rows: 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, ..." in message
    many = [{"text": f"text {i}", "label": f"L{i // 2}"} for i in range(60)]
    many += [{"text": f"twice {i}", "label": f"l{i // 2}"} for i in range(60)]
    assert "... and 10 more problems." in refused(read_splits, make(many))


def test_labels_spelt_in_two_ways_across_files(make, refused, rows):
    train = rows(labels=("0", "1"))
    message = refused(read_splits, make(train, test=rows(start=100, labels=(0, 1.0))))
    assert "label '1.0' (12 rows) differs from '1' (12 rows)" in message
    assert "but not in train" not in message


def test_one_class(make, refused, rows):
    message = refused(read_splits, make(rows(labels=("pos",))))
    assert "every row has the same label, 'pos'. A classifier needs two classes" in message


def test_a_column_that_holds_no_classes(make, refused):
    message = refused(read_splits, make([{"text": f"text {i}", "label": f"id-{i}"} for i in range(60)]))
    assert "60 of 60 classes have fewer examples than the 2 splits need. Is this the column of classes?" in message


def test_a_class_needs_an_example_in_train(make, rows):
    train = [*rows(), {"text": "rare one", "label": "rare"}]
    more = [{"text": f"rare {i}", "label": "rare"} for i in range(2)]
    splits, told = read_splits(make(train, rows(start=100) + more[:1], rows(start=200) + more[1:]))
    assert len(splits["train"]) == 25
    assert "unbalanced" in "\n".join(told)


class TestDuplicates:
    def test_across_files(self, make, refused, rows):
        test = changed(rows(start=100), 4, text="Example  number 7 says pos", label="pos")
        message = refused(read_splits, make(test=test))
        assert "train.jsonl, row 8, column 'text': 'example number 7 says pos' is also in test" in message
        assert "test.jsonl, row 5)" in message
        assert "data.duplicates: drop to leave it out of train" in message

    def test_dropped_from_training_and_counted(self, make, rows):
        test = changed(rows(start=100), 4, text="example number 7 says pos", label="pos")
        splits, told = read_splits(make(rows(), rows(start=50), test, duplicates="drop"))
        assert {name: len(split) for name, split in splits.items()} == {"train": 23, "validation": 24, "test": 24}
        assert 7 not in splits["train"].rows
        assert "1 rows of train are left out" in "\n".join(told)

    def test_nothing_left(self, make, refused, rows):
        config = make(validation=rows(start=100), test=[*rows(start=100), *rows(2, start=50)], duplicates="drop")
        assert "every row is also in test" in refused(read_splits, config)

    def test_a_class_is_lost(self, make, refused, rows):
        train = [*rows(), *({"text": f"third {i}", "label": "third"} for i in range(3))]
        test = [*rows(start=100), *train[-3:]]
        assert "no example is left of ['third']" in refused(read_splits, make(train, test=test, duplicates="drop"))

    def test_the_same_pair_counts_the_same_text_alone_does_not(self, make):
        train = [{"sentence1": "shared", "sentence2": f"other {i}", "label": "ab"[i % 2]} for i in range(8)]
        test = [{"sentence1": "shared", "sentence2": f"new {i}", "label": "ab"[i % 2]} for i in range(8)]
        assert len(read_splits(make(train, test=test))[0]["test"]) == 8

    def test_within_train_is_a_note(self, make, rows):
        told = notes(make([*rows(), rows()[0], {**rows()[1], "label": "neg"}]))
        assert "2 rows of train repeat the text of an earlier one." in told
        assert "1 texts of train occur with different labels." in told


class TestVariants:
    @pytest.fixture
    def records(self, rows):
        return [{**record, "removed": "shorter"} for record in rows(start=100)]

    def test_missing_column(self, make, refused, records):
        message = refused(read_splits, make(test=records, variants={"name removed": "remvoed"}))
        assert "no column 'remvoed' (data.variants.name removed)" in message
        assert "Did you mean 'removed'?" in message

    def test_empty_cell(self, make, refused, records):
        test = changed(records, 3, removed=" ")
        message = refused(read_splits, make(test=test, variants={"without": "removed"}))
        assert "test.jsonl, row 4, column 'removed': the text is only blanks" in message

    def test_columns_of_other_files_do_not_matter(self, make, rows, records):
        train = [{**record, "removed": "" if i else None} for i, record in enumerate(rows())]
        splits, _ = read_splits(make(train, test=records, variants={"without": "removed"}))
        assert not splits["train"].variants
        assert not splits["validation"].variants

    def test_train_needs_none(self, make, records):
        splits, _ = read_splits(make(test=records, variants={"without": "removed"}))
        assert splits["test"].variants["without"][0] == "shorter"


def test_notes_on_classes(make, rows):
    train = rows(30) + [{"text": f"few {i}", "label": "none"} for i in range(3)]
    told = notes(make(train, rows(start=100), [*rows(start=200), {"text": "few", "label": "none"}]))
    assert "'neg' has 15 rows, 'none' 3 rows; training.class_weights: auto" in told
    assert "validation has no example of 'none'." in told
    assert "'none' looks like a missing value; it is taken as a class" in told


class TestTruncation:
    def data(self, **columns):
        split = Dataset.from_dict(columns)
        return SimpleNamespace(train=split, validation=split, test=split)

    @staticmethod
    def tokenizer(texts, pairs=None, *, truncation, verbose):
        assert truncation is verbose is False
        pairs = pairs or [""] * len(texts)
        return {
            "input_ids": [[0, *range(len(t.split()) + len(p.split())), 1] for t, p in zip(texts, pairs, strict=True)]
        }

    def test_tokens(self):
        told = count_truncated(self.data(text=["a b", "a b c d", "a"]), self.tokenizer, 4)
        assert told[0].startswith("train: 1 of 3 texts (33.3 %) are longer than 4 tokens")
        assert len(told) == 3

    def test_none_is_told_too(self):
        assert (
            "no text is longer than 6 tokens (longest: 6)"
            in count_truncated(self.data(text=["a b"], text_pair=["c d"]), self.tokenizer, 6)[0]
        )

    def test_words_where_the_tokenizer_is_yet_to_be_trained(self):
        told = count_truncated(self.data(text=["a b c", "d"]), None, 2)
        assert "1 of 2 texts (50.0 %) are longer than 2 words" in told[0]
        assert "Words were counted" in told[-1]


def test_problems_are_values(make, rows):
    from maskwright.errors import DataError

    with pytest.raises(DataError) as caught:
        read_splits(make(changed(rows(), 2, text="")))
    (problem,) = caught.value.problems
    assert json.dumps(problem.remedy)
    assert problem.where.endswith("train.jsonl, row 3, column 'text'")
