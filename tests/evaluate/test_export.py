"""Every answer in a table of its own."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from maskwright.evaluate import export
from maskwright.evaluate.export import PREDICTIONS, prediction_table, schema
from maskwright.evaluate.run import evaluate

FEW = ["evaluation.patterns=[iid]", "evaluation.ratios=[0, 0.5]", "evaluation.draws=2", "evaluation.examples=30"]


@pytest.fixture(scope="module")
def run(trained):
    return trained("exported/run")


@pytest.fixture(scope="module")
def evaluation(run):
    return evaluate([run], FEW)


@pytest.fixture(scope="module")
def rows(evaluation):
    return pq.read_table(evaluation.folder / PREDICTIONS)


def of(rows, **values):
    """The rows in which columns have these values; None for a missing one."""
    for name, value in values.items():
        rows = rows.filter(pc.field(name).is_null() if value is None else pc.field(name) == value)
    return rows


def test_there_is_a_row_for_every_example_condition_draw_and_model(evaluation, rows):
    assert evaluation.document["predictions"] == PREDICTIONS
    assert rows.schema.equals(schema())
    keys = ["example_id", "condition", "ratio", "draw", "variant", "who", "seed"]
    assert rows.num_rows == 2 * 30 * (1 + 2 * 2 + 2)
    assert rows.group_by(keys).aggregate([]).num_rows == rows.num_rows
    assert set(rows["condition"].to_pylist()) == {None, "iid", "iid (drop)"}
    assert set(rows["variant"].to_pylist()) == {None, "removed", "swapped"}
    assert not list(evaluation.folder.glob(".*partial"))


def test_rows_name_the_lines_of_the_file(rows, data_node):
    lines = [json.loads(line) for line in Path(data_node["test"]).read_text().splitlines()]
    assert set(rows["file"].to_pylist()) == {data_node["test"]}
    for row, example, label in zip(*(rows[name].to_pylist() for name in ("row", "example_id", "label")), strict=True):
        assert row == example + 1
        assert lines[row - 1]["label"] == label


def test_their_means_are_the_numbers_of_the_document(evaluation, rows):
    document = evaluation.document
    for who in ("model", "twin"):

        def share(who=who, **values):
            return np.mean(of(rows, who=who, **values)["right"].to_pylist())

        assert share(condition=None, variant=None) == pytest.approx(document["clean"][who]["value"])
        for pattern in ("iid", "iid (drop)"):
            point = document["curves"][pattern]["points"][1]["score"]
            assert share(condition=pattern, ratio=0.5) == pytest.approx(point[who]["value"])
        for variant in document["groups"]["variants"][1:]:
            assert share(variant=variant["variant"]) == pytest.approx(variant[who]["value"])
    assert rows["score"].to_pylist() == [float(right) for right in rows["right"].to_pylist()], "of accuracy"


def test_answers_are_those_that_the_report_shows(evaluation, rows):
    shown = evaluation.document["examples"]
    assert len(shown["items"]) > 10
    for item in shown["items"]:
        for who in ("model", "twin"):
            where = {"example_id": item["example_id"], "condition": shown["pattern"], "draw": 0, "who": who}
            (row,) = of(rows, **where).to_pylist()
            assert (row["answer"], row["right"]) == (item[who]["label"], item[who]["right"])
            assert row["probability"] == pytest.approx(item[who]["probability"], abs=1e-4)


def test_several_runs_share_a_table_and_one_that_is_not_wanted_is_not_left_behind(run, trained, monkeypatch):
    monkeypatch.setattr(export, "ROW_GROUP", 100)
    both = [run, trained("exported/other", seed=1)]
    together = evaluate(both, FEW)
    path = together.folder / PREDICTIONS
    assert Counter(pq.read_table(path)["seed"].to_pylist()) == dict.fromkeys((0, 1), 2 * 30 * 7)
    sizes = [pq.ParquetFile(path).metadata.row_group(i).num_rows for i in range(pq.ParquetFile(path).num_row_groups)]
    assert len(sizes) > 3, "written as it comes"
    assert max(sizes) < 300
    again = evaluate(both, [*FEW, "evaluation.predictions=false"])
    assert again.document["predictions"] is None
    assert not path.exists()


EXAMPLE = {"example_id": np.array([0, 1]), "row": np.array([1, 2]), "file": "a.csv", "label": ["x", "y"]}
CONDITION = {"condition": None, "ratio": 0.0, "draw": 0, "variant": None, "seed": 0, "who": "model"}
ANSWER = {"answer": None, "right": np.array([True, False]), "probability": np.array([0.5, np.nan]), "score": None}
ROW = {**EXAMPLE, **CONDITION, **ANSWER}


def test_a_table_is_whole_or_not_there(tmp_path):
    path = tmp_path / PREDICTIONS
    with prediction_table(path, wanted=True) as table:
        assert table is not None
        table.add(ROW)
        assert not path.exists()
    assert pq.read_table(path)["probability"].to_pylist() == [0.5, None]

    def broken():
        with prediction_table(path, wanted=True) as table:
            assert table is not None
            table.add({**ROW, "file": "b.csv"})
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        broken()
    assert pq.read_table(path)["file"].to_pylist() == ["a.csv"] * 2
    assert [one.name for one in tmp_path.iterdir()] == [PREDICTIONS]
