"""A task with an error instead of right answers goes through the whole evaluation."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from maskwright.config import EvaluationConfig
from maskwright.data.checked import CheckedData
from maskwright.evaluate import session
from maskwright.evaluate.session import examine
from maskwright.train.progress import Event
from tests.evaluate.made_up import CELLS, TASK, Mean, rows


class Folder(SimpleNamespace):
    """What evaluation asks of a run folder."""

    def environment(self):
        return {"seconds": self.seconds, "cells": 500, "cells_whole": 1000, "device": "cpu"}


def subject(path, factor, seconds, masking):
    config = SimpleNamespace(
        task="made-up",
        model="mean",
        masking=masking,
        data=SimpleNamespace(test="test"),
        training=SimpleNamespace(dtype="fp32", seed=0),
        evaluation=EvaluationConfig(ratios=[0.0, 0.25, 0.75], draws=2, bootstrap=200, examples=3, unit="patch"),
    )
    folder = Folder(path=path, model=path / "model", seconds=seconds)
    return SimpleNamespace(config=config, folder=folder, seed=0, info={"fill": None if masking is None else "zero"})


def examination(tmp_path, **more):
    """The document, what was told on the way, and the data."""
    from datasets import Dataset

    def made(n, seed):
        found = rows(n, seed)
        shifted = (found["row"] + 0.5).tolist()
        return Dataset.from_dict({**{k: v.tolist() for k, v in found.items()}, "variant:shifted": shifted})

    task = SimpleNamespace(**vars(TASK), **more)
    models = {"run": Mean(1.0), "twin": Mean(0.2)}
    task.load_trained = lambda folder: (models[folder.parent.name], "reader")
    data = CheckedData(made(30, 0), made(5, 1), made(200, 2), (), ("shifted",), {}, (), "ab")
    masking = SimpleNamespace(to_dict=lambda: {"pattern": "iid"})
    pair = subject(tmp_path / "run", 1.0, 6.0, masking), subject(tmp_path / "twin", 0.2, 8.0, None)
    events: list[Event] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session.tasks, "get", lambda name: task)
        patch.setattr(session, "dump_config", lambda config: "model: mean\n")
        return examine([pair], data, events.append), events, data


@pytest.fixture(scope="module")
def examined(tmp_path_factory):
    return examination(tmp_path_factory.mktemp("runs"))


def test_a_task_can_show_examples_in_sections_of_its_own(examined, tmp_path):
    assert len(examined[0]["examples"]["items"]) == 3
    assert examination(tmp_path, SHOWS_EXAMPLES=True)[0]["examples"] is None


def test_the_document_speaks_of_the_tasks_metric(examined):
    document, _, data = examined
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    metric = {"name": "rmse", "label": "error", "higher_is_better": False, "percent": False}
    assert document["metric"] == {**metric, "of_whole": True, "meaning": ""}
    assert (document["noun"], document["unit_noun"]) == ("rows", "cells")
    assert document["settings"]["interval"] == "paired bootstrap over test rows"
    assert document["data"]["label_counts"] is None
    values = np.asarray(data.test["row"], dtype=np.float32).mean(axis=1)
    assert document["data"]["chance"] == pytest.approx(np.sqrt((values**2).mean()))
    assert document["clean"]["model"]["value"] == pytest.approx(0.0, abs=1e-6)
    assert document["clean"]["twin"]["value"] == pytest.approx(0.8 * document["data"]["chance"], rel=1e-5)


def test_what_needs_right_answers_is_left_out(examined):
    document, _, _ = examined
    assert document["calibration"] is None
    assert document["significance"] is None
    assert document["groups"]["cells"] == []
    assert document["groups"]["worst"] is None


def test_less_error_is_better(examined):
    document, _, _ = examined
    assert document["verdict"]["outcome"] == "better"
    assert document["clean"]["difference"]["high"] < 0
    assert "lower is better" in document["verdict"]["sentence"]
    assert "points" not in document["verdict"]["sentence"]
    assert "%" not in document["verdict"]["sentence"].replace("75%", "").replace("95%", "")
    assert "error on whole inputs is better too" in document["verdict"]["sentence"]


def test_the_numbers_off_the_curve_know_the_direction(examined):
    document, _, _ = examined
    curve, chance = document["curves"]["iid"], document["data"]["chance"]
    errors = [point["score"]["model"]["value"] for point in curve["points"]]
    assert errors == sorted(errors)
    relative = [point["relative"]["model"]["value"] for point in curve["points"][1:]]
    assert relative == pytest.approx([(chance - error) / (chance - errors[0]) for error in errors[1:]])
    area = np.trapezoid(errors, [0.0, 0.25, 0.75]) / 0.75
    assert curve["auc_mask"]["model"]["value"] == pytest.approx(area)
    assert curve["auc_mask_chance_corrected"]["model"]["value"] == pytest.approx((chance - area) / chance)
    half = (chance + errors[0]) / 2
    assert curve["rho50"]["model"]["value"] == pytest.approx(np.interp(half, errors, [0.0, 0.25, 0.75]))


def test_variants_are_compared_by_value(examined):
    document, _, data = examined
    original, shifted = document["groups"]["variants"]
    assert (original["variant"], shifted["variant"]) == ("original", "shifted")
    means = np.asarray(data.test["variant:shifted"], dtype=np.float32).mean(axis=1)
    assert shifted["twin"]["value"] == pytest.approx(np.sqrt(((0.8 * means) ** 2).mean()), rel=1e-5)
    assert shifted["twin"]["low"] < shifted["twin"]["value"] < shifted["twin"]["high"]


def test_examples_have_pictures_whole_and_hidden_and_answers(examined):
    document, _, _ = examined
    shown = document["examples"]
    assert shown["counts"] == {"any": 200}
    assert "blindly" in shown["how"]
    assert "rows" in shown["how"]
    assert len(shown["items"]) == 3
    for item in shown["items"]:
        assert item["label"] is None
        assert item["pieces"] is None
        assert item["whole"][0]["src"] != item["pictures"][0]["src"]
        assert item["model"]["right"] is None
        assert item["twin"]["src"].startswith("data:image/png;base64,")


def test_sections_of_the_task_are_carried_as_json(examined):
    (section,) = examined[0]["sections"]
    assert section["curves"][0]["model"] == [[0, 1.0], [1, None]]
    assert [row[0] for row in section["tables"][0]["rows"]] == ["model", "twin"]


def test_costs_are_in_cells(examined):
    document, _, _ = examined
    cost = document["cost"]
    trials = 1 + 2 * 2 * 2
    assert cost["model"]["evaluation_cells"] == CELLS * (200 * trials + 200 + 30)
    assert cost["model"]["training_cells"] == 500
    assert cost["training_time_saved"] == pytest.approx(0.25)


def test_slow_metrics_tell_how_far_they_are(examined):
    _, events, _ = examined
    told = [(event.step, event.steps) for event in events if event.message == "resampling" and event.step]
    outcomes = 2 * (1 + 2 * 2 * 2 + 1 + 1)
    assert told[-1] == (outcomes * 201, outcomes * 201)
    assert [step for step, _ in told] == sorted(step for step, _ in told)
    scored = [event for event in events if event.message == "scoring the twin"]
    assert scored[-1].step == scored[-1].steps


def test_the_report_shows_them(examined):
    from maskwright.report.build import render

    page = render(examined[0])
    assert "accuracy" not in page
    assert "texts" not in page
    assert "tokens" not in page
    assert "Means &lt;said&gt;" in page
    assert "<h3>row 1</h3>" in page
    assert "Masking saved 25% of training time" in page
    assert "Of the cells, 50% never went through the model." in page
    assert page.count("<img ") == 3 * 4 + 4
    assert "Calibration" not in page
    assert "Significance" not in page
