"""The first rows of a stream are checked as a table; later ones as they come."""

import json
import math

import pytest

from maskwright.data.roles import LABEL, TEXT, TEXT_ROLES, Role
from maskwright.data.sections import section_of
from maskwright.data.stream_loading import load_stream_data
from maskwright.data.texts import TextSection
from maskwright.errors import ConfigError, DataError

ROLES = (TEXT, Role("target", "number", required=False), Role("words", "sequence", required=False), LABEL)


@pytest.fixture
def files(tmp_path, jsonl, rows):
    """Two shards and a validation file; `change` changes the rows of the second shard."""

    def write(change=None):
        later = rows(40, start=40)
        if change is not None:
            change(later)
        return {
            "train": [jsonl(tmp_path / "a.jsonl", rows(40)), jsonl(tmp_path / "b.jsonl", later)],
            "validation": jsonl(tmp_path / "dev.jsonl", rows(6, start=100)),
            "stream": True,
        }

    return write


def test_rows_by_role_and_classes_by_number(files):
    data = load_stream_data(TextSection(**files(), buffer=16), TEXT_ROLES, seed=2, head=30)
    assert (len(data.train), len(data.validation), data.labels) == (30, 6, ("neg", "pos"))
    assert "the first 30 rows of the stream were checked; others are as they are read." in data.notes
    rows = dict(data.stream.read(epoch=0))
    assert len(rows) == 80
    assert rows[41] == {"text": "example number 41 says pos", "label": 1}
    assert (data.stream.buffer, data.stream.seed) == (16, 2)
    assert data.train["example_id"][:] == list(range(30))


def test_a_pattern_and_other_names_of_columns(files, tmp_path, jsonl):
    options = files()
    for name in ("a", "b"):
        path = tmp_path / f"{name}.jsonl"
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        jsonl(path, [{"body": {"plain": line["text"]}, "class": line["label"], "x": 1} for line in lines])
    lines = [{"body": {"plain": f"some text {i}"}, "class": "pos"} for i in range(4)]
    jsonl(tmp_path / "dev.jsonl", lines)
    section = TextSection(**{**options, "train": str(tmp_path / "[ab].jsonl")}, text="body.plain")
    data = load_stream_data(section, TEXT_ROLES)
    assert data.columns == {"text": "body.plain", "label": "class"}
    assert dict(data.stream.read(epoch=0))[0] == {"text": "example number 0 says neg", "label": 0}


def test_first_rows_are_checked_as_a_table(files, refused, tmp_path):
    options = files()
    lines = (tmp_path / "a.jsonl").read_text().splitlines()
    lines[3] = json.dumps({"text": " ", "label": "neg"})
    lines[4] = json.dumps({"text": "example number 102 says neg", "label": "NEG"})
    (tmp_path / "a.jsonl").write_text("\n".join(lines) + "\n")
    message = refused(load_stream_data, TextSection(**options), TEXT_ROLES)
    assert "a.jsonl, row 4 (line 4), column 'text': the text is only blanks: ' '" in message
    assert "label 'NEG' (1 row) differs from 'neg'" in message
    assert "'example number 102 says neg' is also in validation" in message
    lines[5] = "no JSON"
    (tmp_path / "a.jsonl").write_text("\n".join(lines) + "\n")
    assert "a.jsonl, row 6 (line 6): this is not JSON" in refused(load_stream_data, TextSection(**options), TEXT_ROLES)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"text": ""}, "column 'text': the text is empty"),
        ({"text": 5}, "expected text, found int 5"),
        ({"text": "half \ud83d pair"}, "half of a character pair"),
        ({"label": "pso"}, "column 'label': the label 'pso' is not among those .* Did you mean 'pos'"),
        ({"label": None}, "the row has no label"),
        ({"target": math.inf}, "column 'target': inf is infinite"),
        ({"target": "x"}, "column 'target': expected a number, found 'x'"),
        ({"words": []}, "column 'words': the list is empty"),
        ({"words": ["a", 1]}, "element 2 is 1; expected text"),
    ],
)
def test_later_rows_are_checked_as_they_come(files, tmp_path, jsonl, values, message):
    def extend(row):
        return {**row, "target": 1.5, "words": ["a"]}

    options = files()
    for name in ("a", "b", "dev"):
        lines = [extend(json.loads(line)) for line in (tmp_path / f"{name}.jsonl").read_text().splitlines()]
        for number, line in enumerate(lines):
            line["target"] = number
        if name == "b":
            lines[7] |= values
        jsonl(tmp_path / f"{name}.jsonl", lines)
    section = section_of("Section", ROLES)
    data = load_stream_data(section(**options), ROLES, head=40)
    with pytest.raises(DataError, match=rf"b.jsonl, row 8 \(line 8\), {'' if 'column' in message else '.*'}{message}"):
        list(data.stream.read(epoch=0))
    careful = load_stream_data(section(**options, skip_damaged=True), ROLES, head=40).stream.read(epoch=0)
    assert sorted(number for number, _ in careful) == [number for number in range(80) if number != 47]
    assert careful.damaged == 1


def test_a_class_that_begins_late_may_be_in_validation(files, tmp_path, jsonl, rows):
    options = files(lambda later: later.append({"text": "a rare text", "label": "rare"}))
    jsonl(tmp_path / "dev.jsonl", [*rows(6, start=100), {"text": "another rare text", "label": "rare"}])
    data = load_stream_data(TextSection(**options), TEXT_ROLES, head=20)
    assert data.labels == ("neg", "pos", "rare")
    assert dict(data.stream.read(epoch=0))[80]["label"] == 2


def test_what_a_stream_cannot_have(files, tmp_path, refused):
    with pytest.raises(ConfigError, match="rows of a stream are not set aside"):
        load_stream_data(TextSection(**{**files(), "validation": None}), TEXT_ROLES)
    with pytest.raises(ConfigError, match="this task passes on columns as they are"):
        load_stream_data(TextSection(**files()), (Role("feature", "others"),))
    options = files()
    for name in ("a", "b"):
        (tmp_path / f"{name}.jsonl").write_text("\n")
    assert "the stream holds no row (data.train)" in refused(load_stream_data, TextSection(**options), TEXT_ROLES)


def test_hub_data_sets(tmp_path, rows):
    import datasets

    for name, start in (("train", 0), ("validation", 100)):
        datasets.Dataset.from_list(rows(30, start=start)).to_parquet(str(tmp_path / f"{name}.parquet"))
    section = TextSection(dataset=str(tmp_path), validation="validation", stream=True, buffer=8)
    data = load_stream_data(section, TEXT_ROLES, head=20)
    assert (len(data.train), len(data.validation)) == (20, 30)
    assert dict(data.stream.read(epoch=0))[29] == {"text": "example number 29 says pos", "label": 1}
