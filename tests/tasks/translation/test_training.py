"""Runs of translation: resumed to the bit, the same however a step is split, and from training to the report."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

from maskwright import cli, tasks
from maskwright.config import dump_config
from maskwright.tasks import parse_config
from maskwright.tasks.translation.scratch import train_tokenizer
from maskwright.testing import check_task
from maskwright.train.folder import RunFolder
from maskwright.train.run import train
from tests.tasks.translation.saved_models import PAIRS, SMALL, saved, write_pairs

HALF = {"pattern": "iid", "budget": {"uniform": [0.0, 0.8]}, "fill": "mask-token", "unit": "word"}
BOTH = {
    "modalities": {name: {"pattern": "iid", "fill": "mask-token"} for name in ("source", "target")},
    "budget": {"uniform": [0.0, 0.8]},
}
MASKINGS = {"source": HALF, "both": BOTH, "drop": {**HALF, "fill": "drop"}}


@pytest.fixture(scope="session")
def still_model(tmp_path_factory):
    """Without dropout, for comparisons across splits of a step."""
    from transformers import MarianConfig, MarianMTModel

    tokenizer = train_tokenizer([text for pair in PAIRS for text in pair.values()], 120, 64)
    ids = {"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3, "decoder_start_token_id": 2}
    config = MarianConfig(**SMALL, **ids, vocab_size=len(tokenizer), dropout=0.0, scale_embedding=True)
    return saved(tmp_path_factory.mktemp("still"), MarianMTModel, config, tokenizer)


def steps_of(folder):
    return [line for line in RunFolder(folder).metrics() if "loss" in line]


def validations_of(folder):
    return [line["validation"] for line in RunFolder(folder).metrics() if "validation" in line]


@pytest.mark.parametrize("masking", MASKINGS)
def test_a_step_is_the_same_in_one_part_and_in_four(masking, make_config, still_model, tmp_path):
    """Targets have different numbers of tokens: a mean of means would weigh those of short batches more."""
    shared = {"learning_rate": 1e-3, "epochs": 1}
    splits = {"one": {"batch_size": 16}, "four": {"batch_size": 4, "gradient_accumulation": 4}}
    one, four = (
        steps_of(
            train(
                make_config(
                    still_model, MASKINGS[masking], training={**shared, **split, "output": str(tmp_path / name)}
                )
            )
        )
        for name, split in splits.items()
    )
    assert len(one) == len(four) == 5
    for name in ("grad_norm", "loss"):
        assert four[0][name] == pytest.approx(one[0][name], rel=1e-6)
        np.testing.assert_allclose([step[name] for step in four], [step[name] for step in one], rtol=2e-4)


def test_a_run_that_is_stopped_goes_on_to_the_bit(make_config, tmp_path):
    shared = {"batch_size": 16, "epochs": 2, "evaluate_every": 4, "save_every": 3}
    whole = train(make_config(masking=HALF, training={**shared, "output": str(tmp_path / "whole")}))
    config = make_config(masking=HALF, training={**shared, "output": str(tmp_path / "stopped")})
    script = (
        "import os, signal, sys; from maskwright.tasks import load_config; from maskwright.train.run import train\n"
        "def watch(event):\n"
        "    if event.kind == 'step' and event.step == 7: os.kill(os.getpid(), signal.SIGKILL)\n"
        "train(load_config(sys.argv[1]), on_progress=watch)"
    )
    (tmp_path / "run.yaml").write_text(dump_config(config))
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path / "run.yaml")], capture_output=True)
    assert done.returncode == -9, done.stderr
    train(config)
    assert (tmp_path / "stopped" / "metrics.jsonl").read_bytes() == (whole / "metrics.jsonl").read_bytes()
    one, other = (load_file(str(path / "model" / "model.safetensors")) for path in (whole, tmp_path / "stopped"))
    assert all(one[name].equal(other[name]) for name in one)


@pytest.mark.parametrize("extra", [{}, {"objective": "consistency"}], ids=str)
@pytest.mark.slow
def test_two_processes_learn_the_same(extra, make_config, still_model, tmp_path):
    def config(name, **training):
        settings = {"epochs": 2, "learning_rate": 1e-3, **training, "output": str(tmp_path / name)}
        generation = {"validation_examples": 5}
        return make_config(still_model, BOTH, training=settings, generation=generation, **extra)

    expected = train(config("one", batch_size=16))
    split = config("two", batch_size=8, world_size=2)
    (tmp_path / "run.yaml").write_text(dump_config(split))
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command += ["-m", "maskwright", "train", str(tmp_path / "run.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env={**os.environ})
    assert done.returncode == 0, done.stderr
    assert len(steps_of(tmp_path / "two")) == len(steps_of(expected)) == 10
    for name in ("grad_norm", "loss"):
        alone, shared = ([step[name] for step in steps_of(folder)] for folder in (expected, tmp_path / "two"))
        np.testing.assert_allclose(shared, alone, rtol=2e-4)
    for mine, its in zip(validations_of(tmp_path / "two"), validations_of(expected), strict=True):
        assert mine["loss"] == pytest.approx(its["loss"], rel=2e-4)
        assert mine["perplexity"] == pytest.approx(its["perplexity"], rel=1e-3)


def test_two_views_are_made_consistent(make_config, tmp_path):
    """The divergence of two views is part of the loss, and falls."""
    settings = {"batch_size": 16, "epochs": 6, "learning_rate": 2e-3, "learning_rate_schedule": "constant"}
    losses = {}
    for name, objective in (("plain", "supervised"), ("two", {"consistency": {"weight": 5.0}})):
        training = {**settings, "output": str(tmp_path / name)}
        losses[name] = [
            one["loss"] for one in steps_of(train(make_config(masking=HALF, objective=objective, training=training)))
        ]
    assert losses["two"][0] > losses["plain"][0]
    assert np.mean(losses["two"][-5:]) < np.mean(losses["two"][:5])
    assert np.isfinite(losses["two"]).all()


def test_only_some_validation_examples_are_translated(make_config, tmp_path):
    asked = []
    task = tasks.get("translation")

    def run(name, n):
        config = make_config(
            masking="none",
            data={"validation_share": 0.3},
            generation={"validation_examples": n},
            training={"max_steps": 2, "batch_size": 8, "output": str(tmp_path / name)},
        )
        folder = train(config, on_progress=lambda event: asked.append(event.message) if event.kind == "phase" else None)
        return validations_of(folder)[-1]

    few, many = run("few", 3), run("many", 100)
    assert few["loss"] == pytest.approx(many["loss"], rel=1e-5), "the loss is that of all"
    assert few["perplexity"] != pytest.approx(many["perplexity"], rel=1e-6)
    assert set(few) == {*(metric.name for metric in task.metrics[: task.default_metrics]), "loss"}
    assert many["perplexity"] == pytest.approx(np.exp(many["loss"]), rel=1e-5)


@pytest.mark.parametrize("extra", [{"lora": {"rank": 2}}, {"gradient_checkpointing": True}, {"ema": 0.9}], ids=str)
def test_other_ways_to_train(extra, make_config, still_model, tmp_path):
    if "lora" in extra:
        pytest.importorskip("peft")
    schedule = {"learning_rate_schedule": "constant"} if "ema" in extra else {}
    config = make_config(still_model, HALF, training={"max_steps": 3, "batch_size": 8, **schedule, **extra})
    folder = train(config)
    model = AutoModelForSeq2SeqLM.from_pretrained(folder / "model")
    assert len(steps_of(folder)) == 3
    before = AutoModelForSeq2SeqLM.from_pretrained(still_model).state_dict()
    assert any(not torch.equal(weights, before[name]) for name, weights in model.state_dict().items())


def test_a_stream_trains(make_config, pairs_file, tmp_path):
    others = [{"en": f"small kernel {number}", "fr": f"petit kernel {number}"} for number in range(12)]
    files = {"train": [str(pairs_file)], "validation": str(write_pairs(tmp_path / "others.jsonl", others))}
    settings = {"max_steps": 12, "batch_size": 8, "learning_rate": 1e-3}
    config = make_config(masking=HALF, data={"stream": True, "buffer": 16, **files}, training=settings)
    steps = steps_of(train(config))
    assert len(steps) == 12, "more than one pass of 72 pairs"
    assert steps[-1]["loss"] < steps[0]["loss"]


@pytest.fixture
def command(monkeypatch, capsys):
    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["maskwright", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        return stopped.value.code or 0, capsys.readouterr()

    return call


@pytest.mark.parametrize("masking", ["source", "both"])
def test_from_training_to_the_report(masking, make_config, command, tmp_path):
    evaluation = {"ratios": [0.0, 0.5], "patterns": ["iid", "span"], "bootstrap": 200, "examples": 4}
    settings = {"epochs": 12, "batch_size": 8, "learning_rate": 3e-3}
    config = make_config(masking=MASKINGS[masking], training=settings, evaluation=evaluation, generation={"beams": 2})
    (tmp_path / "run.yaml").write_text(dump_config(config))
    code, _ = command("train", tmp_path / "run.yaml")
    assert code == 0
    code, printed = command("evaluate", config.training.output)
    assert code == 0, printed
    document = json.loads((Path(config.training.output) / "evaluation.json").read_text())
    assert document["metric"]["name"] == "bleu"
    assert [one["name"] for one in document["other_metrics"]] == ["chrf", "exact_match", "perplexity"]
    clean = document["clean"]["model"]
    assert 0 <= clean["low"] <= clean["value"] <= clean["high"] <= 100
    masked = document["curves"]["iid"]["points"][1]
    assert 0.4 < masked["hidden"] < 0.6
    assert masked["score"]["model"]["value"] <= clean["value"] + 5
    assert document["settings"]["fill"] == "mask-token", "only the source is hidden"
    assert document["significance"]["metric"] == "bleu"
    rows = dict(document["sections"][0]["tables"][0]["rows"])
    assert set(rows) == {"bleu", "chrf"}
    assert rows["bleu"].startswith("nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:")
    items = document["examples"]["items"]
    assert len(items) == 4
    assert all(item["model"]["label"] is not None and item["reference_pieces"] for item in items)
    assert any(piece["hidden"] for item in items for piece in item["pieces"])
    page = (Path(config.training.output) / "report.html").read_text()
    assert "What BLEU is made of" in page
    assert items[0]["reference_pieces"][0]["text"] in page


def test_the_trained_folder_loads_with_plain_transformers(make_config):
    config = make_config(masking=HALF, training={"epochs": 12, "batch_size": 8, "learning_rate": 3e-3})
    folder = train(config) / "model"
    model, tokenizer = AutoModelForSeq2SeqLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    assert tokenizer.mask_token == "<mask>"
    with torch.inference_mode():
        ids = model.generate(**tokenizer("large font 3", return_tensors="pt"))
    assert model.generation_config.num_beams == 4
    assert tokenizer.decode(ids[0], skip_special_tokens=True)
    assert json.loads((folder / "maskwright.json").read_text())["fill"] == "mask-token"


def test_a_run_without_masking_is_its_own_twin(make_config, command):
    config = make_config(masking="none", training={"max_steps": 2}, evaluation={"ratios": [0, 0.5], "bootstrap": 200})
    folder = train(config)
    code, printed = command("evaluate", folder)
    assert code == 0, printed
    document = json.loads((folder / "evaluation.json").read_text())
    assert document["clean"]["twin"] is None


def test_perplexity_can_be_the_headline(make_config, command):
    evaluation = {"ratios": [0, 0.5], "bootstrap": 200, "metrics": ["perplexity", "chrf"], "twin": False}
    folder = train(make_config(masking=HALF, training={"max_steps": 2}, evaluation=evaluation))
    code, printed = command("evaluate", folder)
    assert code == 0, printed
    document = json.loads((folder / "evaluation.json").read_text())
    assert document["data"]["chance"] is None
    assert document["clean"]["model"]["value"] > 1


def test_beams_can_be_changed_at_evaluation(make_config, command):
    evaluation = {"ratios": [0, 0.5], "bootstrap": 200}
    folder = train(make_config(masking=HALF, training={"max_steps": 2}, evaluation=evaluation))
    code, printed = command("evaluate", folder, "generation.beams=1", "evaluation.metrics=[chrf]")
    assert code == 0, printed
    assert "beams: 1" in json.loads((folder / "evaluation.json").read_text())["configuration"]
    assert (
        parse_config(
            json.loads(json.dumps(RunFolder(folder / "twin").config().model_dump(mode="json")))
        ).generation.beams
        == 4
    )


@pytest.mark.parametrize("masking", MASKINGS)
def test_the_contract_of_tasks(masking, make_config, tmp_path):
    config = make_config(masking=MASKINGS[masking], generation={"beams": 2})
    node = config.model_dump(mode="json")
    check_task(node.pop("task"), node, tmp_path / "model")
