"""Object detection: the contract, what is refused, and whole runs."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from maskwright.config import dump_config
from maskwright.errors import ConfigError
from maskwright.evaluate.run import evaluate
from maskwright.tasks.examples import Hidden
from maskwright.testing import check_task
from maskwright.train.folder import RunFolder
from maskwright.train.run import train
from tests.tasks.detection.made_up import PATCH, built, encoded, task


def test_its_defaults_are_those_of_pictures(make_config):
    config = make_config()
    assert (config.evaluation.unit, config.evaluation.patterns) == ("patch", ["iid", "block"])
    assert task.name == config.task


@pytest.mark.parametrize("fill", ["mean", "drop"])
def test_it_keeps_the_contract(make_config, tmp_path, fill):
    masking = {"pattern": {"within": {"pattern": "iid", "region": "objects"}}, "fill": fill, **PATCH}
    config = make_config(masking=masking, data={"hidden_boxes": "shrink"}).model_dump(mode="json", exclude_none=True)
    node = {name: config[name] for name in ("model", "data", "masking", "training")}
    check_task("object-detection", node, tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"masking": {"pattern": "iid", "budget": 0.5, "fill": "mean", "unit": "word"}}, "for texts"),
        ({"evaluation": {"unit": "word"}}, "patches and pixels"),
        ({"evaluation": {"patterns": ["specaugment"]}}, "evaluation.patterns: specaugment"),
        ({"model": "scratch:tinny"}, "Did you mean 'tiny'"),
        ({"model": "scratch:yolos-smal"}, "Did you mean 'yolos-small'"),
        ({"class_weights": "auto"}, "class_weights"),
        ({"data": {"boxes": "xxyy"}}, "data.boxes"),
        ({"data": {"hidden_boxes": "shrunk"}}, "hidden_boxes"),
    ],
    ids=["unit", "evaluation", "pattern", "model", "yolos", "weights", "boxes", "policy"],
)
def test_what_does_not_go_with_detection_is_refused(make_config, changes, message):
    with pytest.raises(ConfigError, match=message):
        make_config(**changes)


def test_patterns_that_see_objects_are_for_detection_only(make_config):
    from maskwright.engine.trial import check_on_grid
    from maskwright.grid import Grid

    config = make_config(
        masking={"pattern": {"within": {"pattern": "iid", "region": "objects"}}, "fill": "mean", **PATCH}
    )
    with pytest.raises(ConfigError, match="which a run cannot give"):
        check_on_grid(config.masking, Grid(row=14, col=14))


def test_a_killed_run_goes_on_to_the_same_weights(make_config, monkeypatch):
    from maskwright.train.stop import TrainingStopped

    changes = {"save_every": 1, "epochs": 2, "data": {"hidden_boxes": "drop"}}
    whole = train(make_config("whole", **changes))
    asked = iter([False, False, True])
    with monkeypatch.context() as patch:
        patch.setattr("maskwright.train.trainer.any_process", lambda *given: next(asked, True))
        with pytest.raises(TrainingStopped):
            train(make_config("broken", **changes))
    broken = train(make_config("broken", **changes))
    one, other = (load_file(path / "model" / "model.safetensors") for path in (whole, broken))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_dropping_halves_the_work(make_config):
    environment = RunFolder(train(make_config(masking={"pattern": "iid", "fill": "drop", **PATCH}))).environment()
    assert environment["cells"] * 2 == environment["cells_whole"] > 0


@pytest.mark.parametrize("model", ["scratch:tiny", "scratch:yolos-tiny"])
def test_a_model_learns_two_pictures_by_heart(make_config, model):
    config = make_config(model=model, data={"queries": 4})
    hidden, model = Hidden.whole(encoded(config).batch([0, 1])), built(config)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    losses = []
    for _ in range(150):
        optimizer.zero_grad()
        losses.append(task.loss(model, hidden).sum)
        losses[-1].backward()
        optimizer.step()
    assert losses[-1].item() < 0.3 * losses[0].item()


def test_validation_says_the_loss_and_all_numbers(make_config):
    config = make_config(epochs=1)
    lines = [json.loads(line) for line in (train(config) / "metrics.jsonl").read_text("utf-8").splitlines()]
    (scores,) = (line["validation"] for line in lines if "validation" in line)
    assert list(scores) == ["map", "map50", "map75", "mar", "loss"]
    assert scores["loss"] > 1  # and not 1 - AP
    examples, model = encoded(config, "validation"), task.restore(Path(config.training.output) / "model").model
    with torch.no_grad():
        loss = task.loss(model.eval(), Hidden.whole(examples.batch(range(4))))
    assert scores["loss"] == pytest.approx(float(loss.sum) / 4, rel=1e-5)


@pytest.mark.parametrize("model", ["scratch:tiny", "scratch:yolos-tiny"])
def test_a_whole_run_is_evaluated_against_its_twin(make_config, model):
    patterns = ["iid", {"within": {"pattern": "iid", "region": "objects"}}]
    path = train(make_config(model=model, evaluation={"patterns": patterns}, data={"hidden_boxes": "drop"}))
    document = evaluate([path]).document
    assert document["metric"]["name"] == "map"
    assert 0 <= document["clean"]["model"]["value"] <= document["clean"]["model"]["high"] <= 1
    assert [one["name"] for one in document["other_metrics"]] == ["map50", "map75", "mar"]
    (numbers,) = document["sections"]
    assert len(numbers["tables"][0]["rows"]) == 4  # whole, two patterns, the first with another fill
    assert [row[0] for row in numbers["tables"][1]["rows"]] == ["red", "blue"]
    assert len(numbers["tables"][0]["rows"][0]) == len(numbers["tables"][0]["head"]) == 8
    assert all(item["model"]["src"] for item in document["examples"]["items"])


@pytest.mark.slow
def test_two_processes_learn_and_score_what_one_does(make_config, tmp_path):
    """As long as the last digit decides no match: the learning rate is small. (Batch norms would differ at once.)"""
    script = tmp_path / "script.py"
    script.write_text("from maskwright.cli import main\n\nmain()\n", encoding="utf-8")
    logs = []
    for processes in (1, 2):
        shared = {"learning_rate": 1e-5, "world_size": processes, "workers": processes - 1}
        config = make_config(f"of-{processes}", batch_size=6 // processes, data={"hidden_boxes": "drop"}, **shared)
        path = tmp_path / f"of-{processes}.yaml"
        path.write_text(dump_config(config), encoding="utf-8")
        command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
        done = subprocess.run([*command, str(script), "train", str(path)], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        text = (Path(config.training.output) / "metrics.jsonl").read_text("utf-8")
        logs.append([json.loads(line) for line in text.splitlines()])
    steps = [[line["loss"] for line in lines if "loss" in line] for lines in logs]
    scores = [[line["validation"] for line in lines if "validation" in line] for lines in logs]
    assert len(steps[0]) == 2
    assert steps[1] == pytest.approx(steps[0], rel=1e-5)
    assert scores[1] == [pytest.approx(one, rel=1e-4) for one in scores[0]]
