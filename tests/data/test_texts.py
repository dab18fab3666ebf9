"""From files to checked data sets."""

import random
import re
from pathlib import Path

import pytest

from maskwright.data.texts import TextSection, load_text_data, order_labels, read_splits

TOPICS = Path(__file__).parents[3] / "shared" / "data" / "debian-topics"


def test_columns_and_row_numbers(make, rows):
    test = [{**record, "gone": "x"} for record in rows(start=200)]
    data = load_text_data(make(rows(), rows(start=100), test, variants={"without": "gone"}))
    assert data.train.column_names == data.validation.column_names == ["example_id", "text", "label"]
    assert data.test.column_names == ["example_id", "text", "label", "variant:without"]
    assert data.train["example_id"][:] == list(range(24))
    assert data.train[1] == {"example_id": 1, "text": "example number 1 says pos", "label": 1}
    assert str(data.train.features["label"].dtype) == "int64"
    assert (data.labels, data.variants) == (("neg", "pos"), ("without",))
    assert data.columns == {"text": "text", "label": "label"}


def test_pairs(make):
    train = [{"premise": f"p {i}", "hypothesis": f"h {i}", "label": i % 3} for i in range(30)]
    data = load_text_data(make(train))
    assert data.train.column_names == ["example_id", "text", "text_pair", "label"]
    assert data.columns == {"text": "premise", "text_pair": "hypothesis", "label": "label"}
    assert data.labels == ("0", "1", "2")


def test_without_test_the_validation_rows_are_evaluated_and_told(make, rows):
    data = load_text_data(make(rows(), rows(start=100)))
    assert data.test["text"][:] == data.validation["text"][:]
    assert any("no data.test" in note for note in data.notes)


class TestSetAside:
    def test_share_of_every_class(self, make, rows):
        train = rows(200) + [{"text": f"rare {i}", "label": "rare"} for i in range(2)]
        data = load_text_data(make(train, validation_share=0.25))
        counts = [data.validation["label"][:].count(label) for label in range(3)]
        assert counts == [25, 25, 1]
        assert len(data.train) + len(data.validation) == 202
        assert any("51 rows of train were set aside" in note for note in data.notes)

    def test_row_numbers_are_those_of_the_file(self, make, rows):
        data = load_text_data(make(rows(60)))
        ids = data.train["example_id"][:] + data.validation["example_id"][:]
        assert sorted(ids) == list(range(60))
        for row in data.validation:
            assert row["text"].startswith(f"example number {row['example_id']} ")

    def test_order_of_the_file_does_not_matter(self, make, rows):
        def chosen(records):
            return sorted(load_text_data(make(records)).validation["text"][:])

        shuffled = rows(80)
        random.Random(0).shuffle(shuffled)
        assert chosen(rows(80)) == chosen(shuffled)

    def test_same_texts_stay_together(self, make, rows):
        train = [record for record in rows(40) for _ in range(3)]
        data = load_text_data(make(train))
        assert not set(data.train["text"][:]) & set(data.validation["text"][:])
        assert len(data.validation) == 12


class TestFingerprint:
    def test_same_for_other_places_and_kinds_of_file(self, tmp_path, rows, jsonl):
        (tmp_path / "other").mkdir()
        jsonl(tmp_path / "a.jsonl", rows())
        csv = "label,text\n" + "".join(f"{row['label']},{row['text']}\n" for row in rows())
        (tmp_path / "other" / "b.csv").write_text(csv)
        one = load_text_data(TextSection(train=str(tmp_path / "a.jsonl")))
        other = load_text_data(TextSection(train=str(tmp_path / "other" / "b.csv")))
        assert one.fingerprint == other.fingerprint
        assert re.fullmatch("2:[0-9a-f]{64}", one.fingerprint)

    @pytest.mark.parametrize("change", [{"text": "other"}, {"label": "pos"}])
    def test_differs_with_content(self, make, change, rows):
        train = rows()
        one = load_text_data(make(train)).fingerprint
        assert load_text_data(make([{**train[0], **change}, *train[1:]])).fingerprint != one

    def test_differs_with_columns_and_share(self, make, rows):
        one = load_text_data(make()).fingerprint
        assert load_text_data(make(validation_share=0.3)).fingerprint != one
        renamed = [{"sentence": row["text"], "label": row["label"]} for row in rows()]
        assert load_text_data(make(renamed)).fingerprint != one


def test_order_of_labels():
    assert order_labels({"2", "10", "-1"}) == ("-1", "2", "10")
    assert order_labels({"b", "a", "10"}) == ("10", "a", "b")
    assert order_labels({"true", "false"}) == ("false", "true")


def test_labels_written_as_numbers_text_and_truth_are_alike(make):
    train = [{"text": f"text {i}", "label": bool(i % 2)} for i in range(20)]
    assert load_text_data(make(train)).labels == ("false", "true")


def test_all_files_are_looked_at(make, refused, tmp_path):
    config = make().model_copy(update={"validation": str(tmp_path / "no.csv"), "test": str(tmp_path / "tes.jsonl")})
    message = refused(read_splits, config)
    assert "no.csv: there is no such file (data.validation)" in message
    assert "tes.jsonl: there is no such file (data.test)" in message


def test_one_file_for_two_splits(make, refused):
    config = make()
    message = refused(read_splits, config.model_copy(update={"test": config.train}))
    assert "data.test is the same file as data.train" in message


def test_columns_that_only_train_has(make, refused, rows):
    test = [{"text": row["text"], "tag": row["label"]} for row in rows(start=100)]
    message = refused(read_splits, make(test=test))
    assert "test.jsonl: there is no column 'label' (data.label); the header is 'text', 'tag'" in message


@pytest.mark.skipif(not TOPICS.is_dir(), reason="needs the folder debian-topics")
def test_real_text():
    files = {name: str(TOPICS / f"{name}.jsonl") for name in ("train", "validation", "test")}
    data = load_text_data(TextSection(**files, duplicates="drop"))
    assert data.labels == ("admin", "games", "graphics", "mail", "math", "net", "science", "sound")
    assert (len(data.train), len(data.validation), len(data.test)) == (3453, 1158, 1153)
    assert any("14 rows of train are left out" in note for note in data.notes)
