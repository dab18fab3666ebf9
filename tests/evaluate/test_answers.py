"""Which classes are answered, and how models learned."""

import json

import numpy as np
import pytest

from maskwright.errors import RunError
from maskwright.evaluate.answers import MOST_CLASSES, class_answers
from maskwright.evaluate.run import evaluate
from maskwright.evaluate.scored import Answers, Scored
from maskwright.evaluate.training_curves import POINTS, training_curves
from maskwright.evaluate.twin import TrainedRun
from maskwright.train.folder import RunFolder

FEW = ["evaluation.patterns=[iid]", "evaluation.draws=2", "evaluation.examples=0"]


def answered(true, *draws):
    table = np.stack([np.column_stack([true, draw]) for draw in draws]).astype(np.float64)
    return Scored({"classes": table})


def test_rows_are_true_classes_and_columns_answers_of_the_first_draw():
    true = [0, 0, 1, 2]
    answers = Answers(
        clean=answered(true, [0, 1, 1, 0]),
        masked={("iid", 0.5): answered(true, [1, 1, 1, 1], [0, 0, 0, 0])},
        variants={"removed": answered(true, [2, 2, 2, 2])},
        train=answered([0], [0]),
    )
    document = class_answers({"model": answers}, ["a", "b", "c"])
    assert document is not None
    assert document["labels"] == ["a", "b", "c"]
    assert [(one["name"], one["model"], one["twin"]) for one in document["conditions"]] == [
        ("whole input", [[1, 1, 0], [0, 1, 0], [1, 0, 0]], None),
        ("iid, 50% hidden", [[0, 2, 0], [0, 1, 0], [0, 1, 0]], None),
        ("variant “removed”", [[0, 0, 2], [0, 0, 1], [0, 0, 1]], None),
    ]
    assert class_answers({"model": answers}, ["a"] * (MOST_CLASSES + 1)) is None


def test_answers_are_counted_whatever_is_measured(trained):
    run = trained("answers/run")
    document = evaluate([run], [*FEW, "evaluation.metrics=[accuracy]"]).document
    conditions = {one["name"]: one for one in document["answers"]["conditions"]}
    for who in ("model", "twin"):
        table = np.array(conditions["whole input"][who])
        assert table.sum(axis=1).tolist() == document["data"]["label_counts"]
        assert np.trace(table) / 30 == pytest.approx(document["clean"][who]["value"])
    assert set(conditions) >= {"iid, 50% hidden", "iid (drop), 90% hidden", "variant “swapped”"}
    curve = document["training"]["model"]
    assert [step for step, _ in curve["loss"]] == [1, 2, 3, 4, 5, 6]
    (validation,) = [line["validation"] for line in RunFolder(run).metrics() if "validation" in line]
    assert curve["validation"] == [[6, validation["accuracy"]]]
    assert document["training"]["twin"]["loss"] != curve["loss"]


def test_long_curves_are_thinned_and_a_lost_file_is_no_error(tmp_path):
    lines = [{"step": step, "loss": float(step)} for step in range(1, 1001)]
    lines += [{"step": step, "validation": {"accuracy": step / 1000}} for step in range(1, 302)]
    lines.append({"step": 302, "validation": {"accuracy": float("nan")}})
    (tmp_path / "metrics.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    run = TrainedRun(RunFolder(tmp_path), None, {})  # pyright: ignore[reportArgumentType] - only the folder is read
    curves = training_curves((run, None), "accuracy")
    assert curves["twin"] is None
    loss, validation = curves["model"]["loss"], curves["model"]["validation"]
    assert len(loss) == POINTS
    assert loss[0] == [5, 3.0], "the mean of the first five"
    assert loss[-1] == [1000, 998.0]
    assert len(validation) <= POINTS
    assert validation[-1] == [302, None]
    assert validation[-2] == [300, 0.3]
    (tmp_path / "metrics.jsonl").unlink()
    assert training_curves((run, None), "accuracy") == {"model": None, "twin": None}
    with pytest.raises(RunError):
        RunFolder(tmp_path).metrics()
