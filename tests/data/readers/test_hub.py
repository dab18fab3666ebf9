"""Data sets by name and local folders of them."""

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from maskwright.data.readers.hub import read_split
from maskwright.data.texts import TextSection, load_text_data


def labelled(number=20, start=0):
    return datasets.Dataset.from_dict(
        {"text": [f"text {start + i}" for i in range(number)], "label": [i % 2 for i in range(number)]},
        features=datasets.Features(
            {"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["bad", "good"])}
        ),
    )


def test_folder_of_files_is_read_as_written(tmp_path, rows, jsonl):
    jsonl(tmp_path / "train.jsonl", rows())
    (tmp_path / "test.csv").write_text("text,label\nnew one,pos\nnew two,neg\n")
    data = load_text_data(TextSection(dataset=str(tmp_path), train="train", test="test"))
    assert (len(data.test), data.labels) == (2, ("neg", "pos"))


def test_shards_in_a_data_folder(tmp_path):
    (tmp_path / "data").mkdir()
    for shard in range(2):
        table = pa.table({"text": [f"shard {shard} row {i}" for i in range(3)], "label": ["a", "b", "a"]})
        pq.write_table(table, tmp_path / "data" / f"train-0000{shard}-of-00002.parquet")
    table = read_split(str(tmp_path), "train")
    assert table.rows == 6
    assert table.values("text")[3] == "shard 1 row 0"


def test_saved_to_disk_classes_have_their_names(tmp_path):
    datasets.DatasetDict({"train": labelled(), "test": labelled(start=50)}).save_to_disk(str(tmp_path / "saved"))
    data = load_text_data(TextSection(dataset=str(tmp_path / "saved"), test="test"))
    assert data.labels == ("bad", "good")


def test_split_that_is_not_there(tmp_path, refused, rows, jsonl):
    jsonl(tmp_path / "train.jsonl", rows())
    assert "no file of a split 'tarin' (data.train). Did you mean 'train'?" in refused(
        read_split, str(tmp_path), "tarin"
    )
    datasets.DatasetDict({"train": labelled()}).save_to_disk(str(tmp_path / "saved"))
    assert "there is no split 'dev'" in refused(read_split, str(tmp_path / "saved"), "dev")


def test_folder_without_data(tmp_path, refused):
    assert "Put train.csv, .tsv, .jsonl or .parquet into the folder" in refused(read_split, str(tmp_path), "train")


def test_two_files_of_one_split(tmp_path, refused, rows, jsonl):
    jsonl(tmp_path / "train.jsonl", rows())
    (tmp_path / "train.csv").write_text("text,label\n")
    assert "could be any of train.csv, train.jsonl" in refused(read_split, str(tmp_path), "train")


def test_hub_name_and_configuration(monkeypatch):
    asked = []

    def load(name, configuration, split):
        asked.append((name, configuration, split))
        return labelled()

    monkeypatch.setattr(datasets, "load_dataset", load)
    table = read_split("some/name:part", "train")
    assert asked == [("some/name", "part", "train")]
    assert table.source == "some/name:part:train"
    assert table.values("label")[:2] == ["bad", "good"]


def test_hub_rows_without_labels_are_none(monkeypatch):
    unlabelled = labelled().map(lambda row: {"label": -1}, desc=None)
    monkeypatch.setattr(datasets, "load_dataset", lambda *_, **__: unlabelled)
    assert set(read_split("some/name", "test").values("label")) == {None}


def test_classes_in_lists_have_their_names(tmp_path):
    rows = {"tokens": [["a", "b"], [], ["c"]], "tags": [[1, 0], [], [-1]]}
    kinds = {"tokens": datasets.List(datasets.Value("string"))}
    kinds["tags"] = datasets.List(datasets.ClassLabel(names=["O", "B"]))
    datasets.Dataset.from_dict(rows, features=datasets.Features(kinds)).save_to_disk(str(tmp_path / "saved"))
    table = read_split(str(tmp_path / "saved"), "train")
    assert table.values("tags") == [["B", "O"], [], [None]]
    assert table.values("tokens") == rows["tokens"]


def test_selected_rows_are_the_ones_that_are_read(monkeypatch):
    monkeypatch.setattr(datasets, "load_dataset", lambda *_, **__: labelled().select([3, 1, 7]))
    table = read_split("some/name", "train")
    assert table.values("text") == ["text 3", "text 1", "text 7"]
    assert table.header == ("text", "label")


@pytest.mark.parametrize(
    ("error", "fragment"),
    [
        (ConnectionError("no network"), "could not be found or fetched (no network). Check the name in data.dataset"),
        (ValueError("Config name is missing."), "Config name is missing. Check data.train; where a data set has"),
    ],
)
def test_hub_errors(monkeypatch, refused, error, fragment):
    def load(*_, **__):
        raise error

    monkeypatch.setattr(datasets, "load_dataset", load)
    assert fragment in refused(read_split, "some/name", "train")


def test_a_file_is_no_data_set(tmp_path, refused, rows, jsonl):
    assert "data.dataset is a file" in refused(read_split, jsonl(tmp_path / "a.jsonl", rows()), "train")
