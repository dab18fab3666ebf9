"""A task with an error instead of right answers goes through the whole evaluation."""

import json

import numpy as np
import pytest

from maskwright.errors import ConfigError
from maskwright.evaluate.run import evaluate
from maskwright.train.progress import Event
from tests.evaluate.made_up import CELLS, HIDING, TASK, finished


def examination(folder, *overrides, task="TASK"):
    """The document, and what was told on the way: a model that says the mean, a twin that says a fifth of it."""
    run = finished(folder / "run", 1.0, 6.0, HIDING, task)
    finished(folder / "twin", 0.2, 8.0, "none", task)
    events: list[Event] = []
    return evaluate([run], overrides, events.append).document, events


@pytest.fixture(scope="module")
def examined(tmp_path_factory):
    return (*examination(tmp_path_factory.mktemp("runs")), TASK.load(TASK.configuration.data()))


def test_a_task_can_show_examples_in_sections_of_its_own(examined, tmp_path):
    assert len(examined[0]["examples"]["items"]) == 3
    document, _ = examination(tmp_path, task="QUIET")
    assert document["examples"] is None
    assert document["sections"][0]["title"] == "Means <said>"


def test_the_document_speaks_of_the_tasks_metric(examined):
    document, _, data = examined
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    chance = document["data"]["chance"]
    assert document["metric"] == {
        "name": "rmse",
        "label": "error",
        "higher_is_better": False,
        "unit": "",
        "best": 0.0,
        "chance": chance,
        "negligible": 0.02 * chance,
        "of_whole": True,
        "counts": False,
        "biased": False,
        "meaning": "",
    }
    assert (document["noun"], document["unit_noun"]) == ("rows", "cells")
    assert document["settings"]["interval"] == "over test rows"
    assert document["data"]["label_counts"] is None
    values = np.asarray(data.test["row"], dtype=np.float32).mean(axis=1)
    assert document["data"]["chance"] == pytest.approx(np.sqrt((values**2).mean()))
    assert document["clean"]["model"]["value"] == pytest.approx(0.0, abs=1e-6)
    assert document["clean"]["twin"]["value"] == pytest.approx(0.8 * document["data"]["chance"], rel=1e-5)


def test_what_needs_right_answers_is_left_out(examined):
    document, _, _ = examined
    assert document["calibration"] is None
    assert {test["only_model"] for test in document["significance"]["tests"]} == {None}
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
    assert set(shown["counts"]) == {"the model is ahead", "the twin is ahead", "equal"}
    assert "furthest ahead" in shown["how"]
    assert "(error)" in shown["how"]
    assert "rows" in shown["how"]
    assert len(shown["items"]) == 3
    for item in shown["items"]:
        assert item["reference"] is None
        assert item["pieces"] == []
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


def test_the_largest_differences_are_among_the_examples_shown(examined):
    document, _, data = examined
    truth = np.asarray(data.test["row"], dtype=np.float32).mean(axis=1)
    said = {"model": [], "twin": []}
    for item in document["examples"]["items"]:
        for who, answers in said.items():
            answers.append(abs(float(item[who]["label"]) - truth[item["example_id"]]))
    kinds = [item["kind"] for item in document["examples"]["items"]]
    for kind, mine, twins in zip(kinds, said["model"], said["twin"], strict=True):
        assert mine == twins if kind == "equal" else (mine < twins) == (kind == "the model is ahead")
    ahead = [twins - mine for kind, mine, twins in zip(kinds, *said.values(), strict=True) if "model" in kind]
    # With half of a row hidden the model says half of its mean: it is ahead by what the twin says less.
    assert min(ahead) > 0.5


def test_other_metrics_are_measured_alike_under_every_condition(examined):
    document, _, data = examined
    mae, median = document["other_metrics"]
    assert (mae["name"], median["name"]) == ("mean_absolute_error", "median")
    truth = np.asarray(data.test["row"], dtype=np.float32).mean(axis=1)
    assert mae["clean"]["twin"]["value"] == pytest.approx(np.abs(0.8 * truth).mean(), rel=1e-5)
    assert median["clean"]["twin"]["value"] == pytest.approx(np.median(np.abs(0.8 * truth)), rel=1e-5)
    assert mae["chance"] == pytest.approx(np.abs(truth - np.median(truth)).mean(), rel=1e-5)
    for metric in (mae, median):
        points = [(point["pattern"], point["ratio"]) for point in metric["points"]]
        assert points == [("iid", 0.25), ("iid", 0.75), ("span", 0.25), ("span", 0.75)]
        assert [row["variant"] for row in metric["variants"]] == ["shifted"]
        for compared in (metric["clean"], *metric["points"], *metric["variants"]):
            for who in ("model", "twin", "difference"):
                one = compared[who]
                assert one["low"] <= one["value"] + 1e-9
                assert one["value"] <= one["high"] + 1e-9
            expected = compared["model"]["value"] - compared["twin"]["value"]
            assert compared["difference"]["value"] == pytest.approx(expected)


def test_the_configuration_chooses_the_headline_and_the_order(tmp_path):
    document, _ = examination(tmp_path, "evaluation.metrics=[median, rmse]", "evaluation.draws=1")
    assert document["metric"]["name"] == "median"
    assert [metric["name"] for metric in document["other_metrics"]] == ["rmse"]
    assert "median error" in document["verdict"]["sentence"]
    medians = [point["score"]["model"]["value"] for point in document["curves"]["iid"]["points"]]
    assert medians == sorted(medians)
    with pytest.raises(ConfigError, match=r"evaluation\.metrics: .* has no 'rmsd'\. Did you mean 'rmse'"):
        examination(tmp_path / "wrong", "evaluation.metrics=[rmsd]")


def test_slow_metrics_tell_how_far_they_are(examined):
    _, events, _ = examined
    told = [(event.step, event.steps) for event in events if event.message == "resampling" and event.step]
    outcomes = 1 + 2 * 2 * 2 + 1
    # Both are resampled together: two draws of two ratios of two patterns, the whole rows and their variant.
    assert told[-1] == (2 * outcomes * 201, 2 * outcomes * 201)
    assert [step for step, _ in told] == sorted(step for step, _ in told)
    asked = [event for event in events if event.message == "asking the twin"]
    assert asked[-1].step == asked[-1].steps


def test_the_report_shows_them(examined):
    from maskwright.report.build import render

    page = render(examined[0])
    assert "accuracy" not in page
    assert "texts" not in page
    assert "tokens" not in page
    assert "Means &lt;said&gt;" in page
    assert '<h3 id="section-0-pictures-2">row 1</h3>' in page
    assert "Training took 25% less time than that of the twin" in page
    assert "Of the cells, 50% never went through the model." in page
    assert page.count("<img ") == 3 * 4 + 4
    assert "Calibration" not in page
