import json
from pathlib import Path

import numpy as np
import pytest

from maskwright.errors import ConfigError, RunError
from maskwright.evaluate.run import evaluate
from maskwright.report.build import render
from maskwright.train.folder import RunFolder


@pytest.fixture(scope="module")
def run(trained):
    return trained("first/run")


@pytest.fixture(scope="module")
def evaluation(run):
    return evaluate([run])


def test_the_document_is_complete_and_on_disk(evaluation, run):
    document = evaluation.document
    assert evaluation.path == run / "evaluation.json"
    assert json.loads(evaluation.path.read_text(), parse_constant=pytest.fail) == document
    assert list(document) == [
        *("schema", "schema_version", "maskwright_version", "created", "task", "noun", "unit_noun", "model"),
        *("masking", "runs", "data", "settings", "metric", "clean", "curves", "other_metrics", "groups"),
        *("calibration", "generalisation", "significance", "cost", "answers", "slices", "training", "predictions"),
        *("examples", "sections", "configuration", "environment", "verdict"),
    ]
    assert document["schema_version"] == 4
    assert document["data"]["examples"] == 30
    assert document["settings"]["fill"] == "mask-token"
    assert document["settings"]["second"] == {"pattern": "iid (drop)", "first": "iid", "fill": "drop"}
    assert list(document["curves"]) == ["iid", "span", "iid (drop)"]
    assert any("taken away in another way (drop)" in line for line in document["verdict"]["details"])
    assert [point["ratio"] for point in document["curves"]["span"]["points"]] == [0.0, 0.5, 0.9]
    assert [row["variant"] for row in document["groups"]["variants"]] == ["original", "removed", "swapped"]
    worst = document["groups"]["worst_of_variants"]
    assert [row["variant"] for row in worst] == ["original", "removed", "swapped"]
    for row in worst:
        cells = [cell for cell in document["groups"]["cells"] if cell["variant"] == row["variant"]]
        assert row["model"]["value"] == min(cell["model"]["value"] for cell in cells)
        assert row["model_cell"]["variant"] == row["variant"]
    assert document["groups"]["worst"]["model"]["value"] == min(row["model"]["value"] for row in worst)
    calibration = document["calibration"]
    assert [metric["name"] for metric in calibration["metrics"]] == ["ece", "overconfidence", "loss", "brier"]
    assert len(calibration["rows"]) == 1 + 3 * 2
    for row in calibration["rows"]:
        for name in ("ece", "overconfidence", "loss", "brier"):
            for who in ("model", "twin"):
                one = row[who][name]
                assert one["low"] is None if name == "ece" else one["low"] <= one["value"] <= one["high"]
            difference = row["difference"][name]
            assert difference["value"] == pytest.approx(row["model"][name]["value"] - row["twin"][name]["value"])
            assert difference["low"] is None if name == "ece" else difference["low"] <= difference["high"]
    assert [metric["name"] for metric in document["other_metrics"]] == ["macro_f1", "loss"]
    for metric in document["other_metrics"]:
        assert [row["variant"] for row in metric["variants"]] == ["removed", "swapped"]
        assert len(metric["points"]) == 3 * 2
    losses = {(row["pattern"], row["ratio"]): row["model"]["loss"] for row in calibration["rows"]}
    for point in document["other_metrics"][1]["points"]:
        assert point["model"] == losses[point["pattern"], point["ratio"]], "one metric, one number"
    assert document["significance"]["metric"] == "accuracy"
    assert len(document["significance"]["tests"]) == (1 + 2 + 2) + 3 * 2
    assert len(document["examples"]["items"]) == 6
    assert document["cost"]["model"]["evaluation_cells"] == document["cost"]["twin"]["evaluation_cells"]


def test_the_page_about_the_document_names_every_key(evaluation):
    page = (Path(__file__).parents[2] / "docs" / "evaluation-json.md").read_text("utf-8")
    document = evaluation.document
    item, metric = document["examples"]["items"][0], document["other_metrics"][0]
    parts = [document, document["metric"], document["data"], document["settings"], document["groups"]]
    parts += [document["calibration"], document["generalisation"], document["significance"], document["cost"]["model"]]
    parts += [document["examples"], item, item["model"], item["pieces"][0], metric, document["curves"]["iid"]]
    parts += [document["settings"]["shared"], document["clean"], document["clean"]["difference"]]
    parts += [document["significance"]["tests"][0], document["curves"]["iid"]["points"][0], document["verdict"]]
    missing = sorted({key for part in parts for key in part if f"`{key}`" not in page})
    assert missing == []
    assert f"`schema_version` is {document['schema_version']}." in page


def test_the_twin_was_trained_without_masking_and_is_reused(evaluation, run):
    assert evaluation.document["runs"] == [{"run": str(run), "twin": str(run / "twin"), "seed": 0}]
    assert RunFolder(run / "twin").info()["masking"] is None
    assert RunFolder(run / "twin").config().training == RunFolder(run).config().training.model_copy(
        update={"output": str(run / "twin")}
    )
    before = (run / "twin" / "maskwright.json").stat().st_mtime_ns
    again = evaluate([run]).document
    assert (run / "twin" / "maskwright.json").stat().st_mtime_ns == before
    volatile = ("created", "cost")
    assert {k: v for k, v in again.items() if k not in volatile} == {
        k: v for k, v in evaluation.document.items() if k not in volatile
    }


def test_the_clean_point_agrees_with_transformers_alone(evaluation, run, data_node):
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    model = AutoModelForSequenceClassification.from_pretrained(run / "model")
    tokenizer = AutoTokenizer.from_pretrained(run / "model")
    rows = [json.loads(line) for line in Path(data_node["test"]).read_text().splitlines()]
    hits = []
    with torch.inference_mode():
        for row in rows:
            inputs = tokenizer(row["text_removed"], return_tensors="pt", truncation=True, max_length=32)
            hits.append(model.config.id2label[int(model(**inputs).logits.argmax())] == row["label"])
    removed = evaluation.document["groups"]["variants"][1]
    assert removed["model"]["value"] == pytest.approx(np.mean(hits))


def test_the_configuration_chooses_what_is_measured(run, evaluation):
    few = ["evaluation.patterns=[iid]", "evaluation.draws=1", "evaluation.twin=false"]
    chosen = "evaluation.metrics=[macro_f1, balanced_accuracy]"
    document = evaluate([run], [*few, chosen]).document
    assert document["metric"]["name"] == "macro_f1"
    assert [metric["name"] for metric in document["other_metrics"]] == ["balanced_accuracy"]
    plain = evaluate([run], few).document
    assert document["clean"]["model"]["value"] == plain["other_metrics"][0]["clean"]["model"]["value"]
    assert document["curves"]["iid"]["points"][1]["score"] == {
        name: plain["other_metrics"][0]["points"][0][name] for name in ("model", "twin", "difference")
    }
    # Macro F1 counts no right answers: shares of them have no metric to be read off, and neither has a test.
    assert document["groups"]["cells"] == []
    assert document["significance"] is None
    assert document["verdict"]["sentence"].count("macro F1") >= 1
    page = render(document)
    assert "Balanced accuracy: " in page
    assert "Significance</h2>" not in page


def test_a_neighbour_is_taken_as_the_twin(trained):
    run = trained("second/masked", seed=3)
    trained("second/damaged", masking="none", seed=4)
    (run.parent / "damaged" / "maskwright.json").write_text("{")
    plain = trained("second/plain", masking="none", seed=3)
    document = evaluate([run], ["evaluation.patterns=[iid]", "evaluation.draws=1"]).document
    assert document["runs"][0]["twin"] == str(plain.resolve())
    assert not (run / "twin").exists()

    alone = evaluate([plain], ["evaluation.patterns=[iid]", "evaluation.draws=1"]).document
    assert alone["runs"][0]["twin"] is None
    assert alone["significance"] is None
    assert alone["verdict"]["outcome"] == "alone"


def test_seeds_together(run, evaluation, trained):
    second = trained("first/other", seed=1)
    told = []
    both = evaluate([run, second], ["evaluation.patterns=[iid]"], told.append)
    assert both.folder == run.parent / "run-and-1-more-seeds"
    assert both.path.exists()
    difference = both.document["curves"]["iid"]["auc_mask"]["difference"]
    assert len(difference["per_seed"]) == 2
    assert difference["per_seed"][0] == evaluation.document["curves"]["iid"]["auc_mask"]["difference"]["value"]
    assert any(line.startswith("2 training seeds") for line in both.document["verdict"]["details"])
    with pytest.raises(RunError, match=r"same training\.seed"):
        evaluate([run, run])


def test_other_seeds_have_a_place_of_their_own(run, trained):
    some, few = [run, trained("first/other", seed=1)], ["evaluation.patterns=[iid]", "evaluation.draws=1"]
    first = evaluate(some, few)
    written = first.path.read_text()
    told = []
    others = evaluate([run, trained("first/third", seed=5)], few, told.append)
    assert others.folder == run.parent / "run-and-1-more-seeds-0-5"
    assert any("holds an evaluation of other runs" in event.message for event in told)
    assert first.path.read_text() == written
    assert evaluate(some, few).folder == first.folder
    assert evaluate([run, run.parent / "third"], few).folder == others.folder


def test_drop_is_evaluated_as_drop(trained):
    run = trained("third/run", masking={"pattern": "iid", "budget": 0.5, "fill": "drop", "unit": "word"})
    document = evaluate([run], ["evaluation.twin=false", "evaluation.patterns=[iid]"]).document
    assert set(document["settings"]["fill"]) == {"drop"}
    assert document["clean"]["twin"] is None
    whole = evaluate(
        [run], ["evaluation.twin=false", "evaluation.patterns=[iid]", "evaluation.ratios=[0, 0.01]"]
    ).document
    assert document["cost"]["model"]["evaluation_cells"] < 0.95 * whole["cost"]["model"]["evaluation_cells"]


@pytest.mark.parametrize(
    ("override", "error", "message"),
    [
        ("masking.fill=zero", RunError, "trained with the fill 'mask-token'"),
        ("training.seed=1", ConfigError, "only evaluation"),
        ("evaluation.drws=1", ConfigError, "Did you mean 'draws'"),
        ("evaluation.patterns=[spam]", ConfigError, "Did you mean 'span'"),
        ("evaluation.ratios=[0, 0]", ConfigError, "at least one ratio above 0"),
        ("evaluation.metrics=[acuracy]", ConfigError, "text-classification has no 'acuracy'. Did you mean 'accuracy'"),
        ("evaluation.metrics=[]", ConfigError, "evaluation.metrics"),
    ],
)
def test_overrides_that_cannot_be_used(run, evaluation, override, error, message):
    with pytest.raises(error, match=message):
        evaluate([run], [override])


def test_the_fill_it_was_trained_with_may_be_named(run, evaluation):
    overrides = ["masking.fill=mask-token", "evaluation.patterns=[iid]", "evaluation.draws=1"]
    assert evaluate([run], overrides).document["settings"]["fill"] == "mask-token"


def test_folders_that_cannot_be_used(tmp_path, run):
    with pytest.raises(RunError, match="no such folder"):
        evaluate([tmp_path / "nothing"])
    with pytest.raises(RunError, match="not a run folder"):
        evaluate([tmp_path])
    (tmp_path / "maskwright.json").write_text('{"format": 2, "status": "interrupted"}')
    with pytest.raises(RunError, match="has not finished"):
        evaluate([tmp_path])


def test_the_model_of_another_run_is_refused(trained):
    run = trained("fifth/run", seed=7)
    facts = run / "model" / "maskwright.json"
    facts.write_text(json.dumps({**json.loads(facts.read_text()), "labels": ["other"]}))
    with pytest.raises(RunError, match="is of another run"):
        evaluate([run], ["evaluation.twin=false"])


def test_changed_data_is_refused(trained, data_node, tmp_path):
    test = tmp_path / "test.jsonl"
    lines = Path(data_node["test"]).read_text().splitlines()
    test.write_text("\n".join(lines))
    run = trained("fourth/run", test=str(test))
    test.write_text("\n".join(lines[1:]))
    with pytest.raises(RunError, match="the data has changed"):
        evaluate([run])
