"""The examples on pictures: short, checked, trained for a moment and evaluated, as `examples/run_all.py` does."""

import importlib.util
import json
import subprocess
import sys

import pytest

from maskwright.cli import application
from maskwright.evaluate.run import evaluate
from maskwright.tasks import load_config
from maskwright.train.run import train
from tests.examples.markdown import ROOT

EXAMPLES = ROOT / "examples"


def module(name):
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[name] = loaded
    spec.loader.exec_module(loaded)
    return loaded


run_all = module("run_all")
VISION = run_all.VISION


@pytest.fixture(scope="module")
def data_folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("examples")
    data = module("vision_data")
    for part in (data.digits, data.video, data.detection, data.image_text):
        part(root / "vision-data", seed=0, small=True)
    return root


@pytest.mark.parametrize("name", VISION)
def test_an_example_is_one_short_file(name):
    lines = (EXAMPLES / f"{name}.yaml").read_text(encoding="utf-8").splitlines()
    assert len([line for line in lines if line.strip() and not line.lstrip().startswith("#")]) <= 15


@pytest.mark.parametrize("name", VISION)
def test_an_example_is_checked_trained_and_evaluated(name, data_folder, monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(data_folder)
    path = EXAMPLES / f"{name}.yaml"
    application()(["check", str(path), "--json"], standalone_mode=False)
    assert json.loads(capsys.readouterr().out)["ready"]
    application()(["preview", str(path), "-n", "2", "--output", str(tmp_path / "p.png")], standalone_mode=False)
    assert (tmp_path / "p.png").stat().st_size > 200
    overrides = [
        f"training.output={tmp_path / 'run'}",
        "training.epochs=0.1",
        "evaluation.ratios=[0, 0.5]",
        "evaluation.draws=1",
        "evaluation.bootstrap=200",
        "evaluation.examples=2",
    ]
    run = train(load_config(path, overrides))
    document = evaluate([run]).document
    facts = json.loads((run / "environment.json").read_text())
    cells = run_all.row(name, {"document": document, "facts": facts, "seconds": 1.0})
    assert len(cells) == len(run_all.HEAD)
    assert run_all.table([cells]).count(chr(10)) == 3


def losses(name, processes, folder):
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    settings = {"output": folder / f"{name}-{processes}", "epochs": 0.3, "batch_size": 8 // processes}
    settings |= {"world_size": processes, "workers": processes - 1}
    script = folder / "script.py"
    script.write_text("from maskwright.cli import main\n\nmain()\n", encoding="utf-8")
    overrides = [f"training.{key}={value}" for key, value in settings.items()]
    path = str(EXAMPLES / f"{name}.yaml")
    done = subprocess.run([*command, str(script), "train", path, *overrides], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    lines = (settings["output"] / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    return [line["loss"] for line in map(json.loads, lines) if "loss" in line]


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in VISION if name != "object-detection"])
def test_two_processes_with_workers_learn_what_one_learns(name, data_folder, monkeypatch, tmp_path):
    # Batch norms of the detector count the pictures of one process each, which no order of the pictures can mend.
    monkeypatch.chdir(data_folder)
    alone, together = (losses(name, processes, tmp_path) for processes in (1, 2))
    assert len(alone) > 3
    assert together == pytest.approx(alone, rel=1e-5)
