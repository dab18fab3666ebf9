"""Whole runs: the contract, training and resuming, splits of a step, evaluation and its report, what is kept."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from maskwright import tasks
from maskwright.config import dump_config
from maskwright.data.tagging.schemes import Scheme, Tagging
from maskwright.errors import ConfigError
from maskwright.evaluate.run import evaluate
from maskwright.report.build import render
from maskwright.testing import check_task
from maskwright.train.folder import RunFolder
from maskwright.train.run import train
from maskwright.train.stop import TrainingStopped
from tests.tasks.tagging.made_up import files, masking, run, sentences, small_model
from tests.train.test_resume import check_identical, stopping_at


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return files(tmp_path_factory.mktemp("sentences"))


@pytest.fixture(scope="module")
def still_model(tmp_path_factory):
    """Without dropout, for comparisons across batch splits."""
    return small_model(tmp_path_factory.mktemp("still"), dropout=0.0)


@pytest.fixture(scope="module")
def trained(data, tmp_path_factory):
    """A finished run and its evaluation."""
    output = tmp_path_factory.mktemp("runs") / "run"
    settings = {"ratios": [0, 0.3, 0.5], "draws": 2, "bootstrap": 200, "examples": 6}
    config = run(data, output, training={"epochs": 6}, evaluation=settings)
    return train(config), evaluate([str(output)]).document


@pytest.mark.parametrize("fill", ["mask-token", "drop", "random-token"])
def test_it_keeps_the_contract(data, tmp_path, fill):
    node = {"model": "scratch:tiny", "data": {**data, "max_length": 48}, "masking": masking(fill)}
    findings = check_task("token-classification", node, tmp_path)
    assert {finding.verdict for finding in findings} == {"pass"}


def test_what_does_not_go_with_it_is_refused(data, tmp_path):
    with pytest.raises(ConfigError, match=r"evaluation.unit: given 'wrod'. Did you mean 'word'"):
        run(data, tmp_path, evaluation={"unit": "wrod"})
    with pytest.raises(ConfigError, match=r"consistency compares the tags of two views word by word, and drop removes"):
        run(data, tmp_path, objective="consistency", masking=masking("drop"))
    with pytest.raises(ConfigError, match=r"learns supervised or consistency, given 'reconstruct'"):
        run(data, tmp_path, objective="reconstruct")
    with pytest.raises(ConfigError, match=r"evaluation.metrics: token-classification has no 'f1'"):
        run(data, tmp_path, evaluation={"metrics": ["f1"]})
    assert run(data, tmp_path).evaluation.unit == "word"


def test_what_check_says_of_the_sentences(data, tmp_path):
    config = run(data, tmp_path)
    task = tasks.get("token-classification")
    lines = task.describe(config, task.load(config.data))
    rows = sentences(70)
    words = sum(len(one) for one, _ in rows)
    longest = max(len(one) for one, _ in rows)
    assert lines[0] == (f"train: {words:,} words in 70 sentences, {longest} in the longest; mentions: LOC 70, PER 140.")


def test_check_says_what_is_cut_off(data, tmp_path):
    config = run({**data, "max_length": 6}, tmp_path)
    task = tasks.get("token-classification")
    lines, cut = task.describe(config, task.load(config.data)), [(words[4:], tags) for words, tags in sentences(70)]
    lost = sum(len(words) for words, _ in cut)
    n = sum(bool(words) for words, _ in cut)
    # A mention goes with its last word.
    scheme = Scheme("IOB2")
    mentions = sum(stop > 4 for _, tags in cut for _, _, stop in Tagging.of(tags, scheme).mentions)
    assert lines[1] == (
        f"train: {n} of 70 sentences ({n / 70:.1%}) are longer than data.max_length=6 tokens and are cut at the end, "
        f"{lost:,} words and {mentions:,} mentions with them."
    )
    assert lines[-1].startswith("Every word was counted as one token")
    (_, whole, *_) = task.describe(run(data, tmp_path), task.load(config.data))
    assert whole.startswith("train: no sentence is longer than data.max_length=")


def test_check_counts_the_tokens_of_a_saved_tokenizer(data, tmp_path):
    config = run({**data, "max_length": 6}, tmp_path)
    task = tasks.get("token-classification")
    loaded = task.load(config.data)
    built = task.build(config, loaded)
    built.reader.save_pretrained(tmp_path / "saved")
    built.model.save_pretrained(tmp_path / "saved")
    saved = run({**data, "max_length": 6}, tmp_path, model=str(tmp_path / "saved"))
    said, encoded = task.describe(saved, loaded)[1], task.encode(loaded.train, built.reader, config, data=loaded).notes
    assert f"{encoded[0].split(' ')[0]} of 70 sentences" in said
    assert f" {encoded[0].partition('end, ')[2].partition(' words')[0]} words and " in said


def test_new_weights_depend_on_the_seed_alone(data, tmp_path):
    task = tasks.get("token-classification")
    config = run(data, tmp_path)
    loaded = task.load(config.data)
    torch.manual_seed(1)
    one = task.build(config, loaded)
    torch.rand(9)
    other = task.build(config, loaded)
    assert all(torch.equal(*pair) for pair in zip(one.model.parameters(), other.model.parameters(), strict=True))
    assert one.model.config.id2label == dict(enumerate(["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]))
    assert one.heads


def test_it_learns_and_is_evaluated_against_its_twin(trained):
    folder, document = trained
    validation = [line["validation"] for line in RunFolder(folder).metrics() if "validation" in line]
    assert validation[-1]["entity_f1"] > 0.8
    assert validation[-1]["token_accuracy"] > 0.9
    assert validation[-1]["loss"] < validation[0]["loss"]
    assert document["metric"]["name"] == "entity_f1"
    assert document["metric"]["chance"] == 0.0
    assert document["clean"]["twin"]["value"] > 0.5
    (accuracy,) = document["other_metrics"]
    assert accuracy["name"] == "token_accuracy"
    points = document["curves"]["iid"]["points"]
    assert points[-1]["score"]["model"]["value"] < points[0]["score"]["model"]["value"]
    assert document["significance"]["metric"] == document["metric"]["name"]


def test_every_type_is_in_the_report(trained):
    (section,) = trained[1]["sections"]
    (table,) = section["tables"]
    assert table["head"][:4] == ["type", "mentions", "precision, whole, model", "recall, whole, model"]
    assert [row[:2] for row in table["rows"]] == [["PER", 40], ["LOC", 20]]
    assert "F1, 50% span, twin" in table["head"]


def test_examples_show_what_was_hidden_and_who_found_what(trained):
    document = trained[1]
    items = document["examples"]["items"]
    assert len(items) == 6
    rows = sentences(20, seed=2)
    for item in items:
        words, tags = rows[item["example_id"]]
        pieces = item["reference_pieces"]
        assert "".join(piece["text"] for piece in pieces) == " ".join(words)
        kinds = [piece["kind"] for piece in pieces if piece["kind"]]
        assert kinds == [tag[2:] for tag in tags if tag.startswith("B-")]
        assert not any(piece["hidden"] for piece in pieces)
        assert item["reference"].startswith("PER: ")
        for who in ("model", "twin"):
            text = "".join(piece["text"] for piece in item[who]["pieces"])
            assert text == " ".join(words)
            assert item[who]["right"] in (True, False)
        shown = {tuple((p["text"], p["hidden"]) for p in item[who]["pieces"] if p["hidden"]) for who in ("model",)}
        assert any(shown) == any(piece["hidden"] for piece in item["pieces"])
    page = render(document)
    assert '<span class="kind"' in page
    assert "PER</small>" in page
    assert "<del>" in page


def test_the_saved_folder_is_plain_transformers(trained):
    from transformers import AutoModelForTokenClassification, pipeline

    folder = trained[0] / "model"
    model = AutoModelForTokenClassification.from_pretrained(folder)
    assert model.config.id2label == dict(enumerate(["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]))
    assert model.config.label2id["I-PER"] == 4
    tagger = pipeline("token-classification", model=str(folder), aggregation_strategy="first")
    found = tagger("Bob met Anna in Rome 1 2")
    assert {one["entity_group"] for one in found} <= {"PER", "LOC"}
    assert found


def test_a_stopped_run_goes_on_to_the_bit(data, tmp_path):
    often = {"save_every": 4, "evaluate_every": 6}
    whole = train(run(data, tmp_path / "whole", training=often))
    config = run(data, tmp_path / "stopped", training=often)
    with pytest.raises(TrainingStopped):
        train(config, on_progress=stopping_at(7, signal.SIGINT))
    check_identical(train(config), whole)


def steps_of(path):
    return [line for line in RunFolder(path).metrics() if "loss" in line]


@pytest.mark.parametrize("fill", ["mask-token", "drop"])
def test_every_split_of_a_step_gives_the_same_gradient(data, still_model, tmp_path, fill):
    """Sentences have different numbers of words: a mean of means would weigh those of short batches more."""
    shared = {"model": still_model, "masking": masking(fill)}
    one = steps_of(train(run(data, tmp_path / "one", **shared, training={"batch_size": 16, "epochs": 1})))
    parts = {"batch_size": 4, "gradient_accumulation": 4, "epochs": 1}
    four = steps_of(train(run(data, tmp_path / "four", **shared, training=parts)))
    assert len(one) == len(four) == 5
    for name in ("grad_norm", "loss"):
        assert four[0][name] == pytest.approx(one[0][name], rel=1e-6)
        np.testing.assert_allclose([step[name] for step in four], [step[name] for step in one], rtol=2e-4)


def test_consistency_of_two_views(data, tmp_path):
    config = run(data, tmp_path / "views", objective="consistency", training={"epochs": 1})
    steps = steps_of(train(config))
    assert np.isfinite([step["loss"] for step in steps]).all()


@pytest.mark.slow
def test_two_processes_learn_the_same(data, still_model, tmp_path):
    shared = {"model": still_model, "masking": masking()}
    expected = steps_of(train(run(data, tmp_path / "one", **shared, training={"batch_size": 16})))
    settings = run(data, tmp_path / "two", **shared, training={"batch_size": 8, "world_size": 2})
    (tmp_path / "run.yaml").write_text(dump_config(settings))
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command += ["-m", "maskwright", "train", str(tmp_path / "run.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    steps = steps_of(Path(settings.training.output))
    assert len(steps) == len(expected)
    for name in ("grad_norm", "loss"):
        np.testing.assert_allclose([s[name] for s in steps], [s[name] for s in expected], rtol=2e-4)
    scores = [line["validation"] for line in RunFolder(tmp_path / "two").metrics() if "validation" in line]
    alone = [line["validation"] for line in RunFolder(tmp_path / "one").metrics() if "validation" in line]
    assert scores[-1]["entity_f1"] == pytest.approx(alone[-1]["entity_f1"], abs=0.05)


def test_pretrained_encoders_get_a_new_head(data, tmp_path):
    config = run(data, tmp_path / "run", model=small_model(tmp_path / "encoder", 0.1), training={"max_steps": 2})
    folder = train(config)
    assert json.loads((folder / "model" / "config.json").read_text())["architectures"] == ["BertForTokenClassification"]


@pytest.mark.parametrize("family", ["roberta", "modernbert", "electra", "distilbert"])
def test_families_from_scratch(data, tmp_path, family):
    config = run(data, tmp_path / family, model=f"scratch:{family}-tiny", training={"max_steps": 2})
    folder = train(config)
    built = tasks.get("token-classification").restore(folder / "model")
    assert built.model.config.num_labels == 5


def test_conll_files_train(tmp_path):
    data = {}
    for name, rows in (("train", sentences(30)), ("test", sentences(5, seed=4))):
        blocks = ["\n".join(f"{word}\t_\t{tag}" for word, tag in zip(*row, strict=True)) for row in rows]
        data[name] = str(tmp_path / f"{name}.conll")
        Path(data[name]).write_text("-DOCSTART-\t_\tO\n\n" + "\n\n".join(blocks))
    folder = train(run(data, tmp_path / "run", training={"max_steps": 2}))
    assert RunFolder(folder).info()["labels"] == ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
