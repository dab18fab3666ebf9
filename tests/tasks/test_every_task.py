"""What holds for every task, the library's and one of somebody else's."""

import dataclasses
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import torch

from maskwright import cli, tasks
from maskwright.budgets.ratio import Ratio
from maskwright.config import dump_config
from maskwright.evaluate.run import evaluate
from maskwright.rng import Moment
from maskwright.tasks import parse_config
from maskwright.testing import check_task
from maskwright.testing.tasks import TaskSubject
from maskwright.train.folder import RunFolder
from maskwright.train.run import train
from tests.examples.markdown import ROOT
from tests.tasks.small_runs import RUNS, small_run
from tests.train.test_resume import check_identical, killed_at

EVERY = pytest.mark.parametrize("name", RUNS)


@pytest.fixture(autouse=True)
def foreign(monkeypatch):
    """The task that is not the library's is found by its module, in other processes too."""
    folder = str(ROOT / "examples")
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([folder, os.environ.get("PYTHONPATH", "")]))


@pytest.fixture(scope="session")
def nodes(tmp_path_factory):
    """Keys of a small run, by task; files are written once."""
    made = {}

    def node(name):
        if name not in made:
            made[name] = small_run(name, tmp_path_factory.mktemp(name.replace(":", "-")) / "data")
        return made[name]

    return node


@pytest.fixture
def make_config(nodes, tmp_path):
    def make(name, run="run", model=None, **training):
        node = dict(nodes(name))
        if model is not None:
            node["data"] = {key: value for key, value in node["data"].items() if key != "queries"}
        settings = {"epochs": 2, "batch_size": 8, "learning_rate": 1e-3, "dtype": "fp32", **training}
        settings["output"] = str(tmp_path / run)
        return parse_config({**node, "model": str(model or node["model"]), "training": settings})

    return make


@pytest.fixture
def still(make_config, tmp_path):
    """A model without dropout, saved: numbers that do not depend on how a step is split."""

    def save(name):
        config = make_config(name)
        task = tasks.get(name)
        built = task.build(config, task.load(config.data))
        folder = tmp_path / "still"
        built.model.save_pretrained(folder)
        built.reader.save_pretrained(folder)
        path = folder / "config.json"
        settings = json.loads(path.read_text())
        path.write_text(json.dumps({key: 0.0 if "drop" in key else value for key, value in settings.items()}))
        return folder

    return save


STILL = {"learning_rate": 1e-30, "learning_rate_schedule": "constant"}
"""A step that is smaller than the last digit of any weight: every step then begins at the same weights."""


def norms(path: Path) -> list[float]:
    """The norm of the gradient of each step."""
    return [line["grad_norm"] for line in RunFolder(path).metrics() if "grad_norm" in line]


def check_norms(one: list[float], other: list[float]):
    """Of several steps, each the gradient of other examples at the same weights."""
    assert len(one) == len(other) > 3
    assert len(set(one)) == len(one)
    assert other == pytest.approx(one, rel=1e-6)


def test_every_task_of_the_library_is_here():
    assert set(tasks.names()) <= set(RUNS)


@EVERY
def test_the_contract_is_kept(nodes, tmp_path, name):
    node = {key: value for key, value in nodes(name).items() if key != "task"}
    check_task(name, {**node, "training": {"output": str(tmp_path / "run")}}, tmp_path / "model")


@dataclasses.dataclass(frozen=True)
class Lawful:
    """Half of the units, with a weight and a chance for each example."""

    def __call__(self, n_valid, *, rng, progress):
        return Ratio(0.5)(n_valid, rng=rng, progress=progress)

    def rounded(self, n, progress):
        return round(n / 2)

    def probabilities(self, *, rng, progress):
        return rng.child("law").draw().double() / (1 << 24)

    def weights(self, *, rng, progress):
        return 2 + self.probabilities(rng=rng, progress=progress)


def hidden_units(some, row):
    """Places of the units that are hidden."""
    return [] if some.mask is None else some.mask[row].nonzero().tolist()


def chance_of(some, row):
    """None where there is none."""
    chance = math.nan if some.probability is None else some.probability[row].item()
    return None if math.isnan(chance) else chance


@EVERY
def test_joined_batches_carry_what_a_law_says(nodes, tmp_path, name):
    node = {key: value for key, value in nodes(name).items() if key != "task"}
    subject = TaskSubject.of(name, {**node, "training": {"output": str(tmp_path / "run")}}, tmp_path)
    masking = dataclasses.replace(subject.config.masking, budget=Lawful())
    ways = [subject.examples.hide(subject.batch(), way, Moment()) for way in (None, masking, masking)]
    assert (ways[1].weight > 2).all()
    if ways[1].probability is not None:
        torch.testing.assert_close(ways[1].probability + 2, ways[1].weight)
    n = len(subject.rows)
    for places, some in subject.examples.joined(ways, 2 * int(max(subject.examples.lengths))):
        for place, (way, row) in enumerate(divmod(one, n) for one in places.tolist()):
            assert some.weight[place] == ways[way].weight[row]
            assert hidden_units(some, place) == hidden_units(ways[way], row)
            assert chance_of(some, place) == chance_of(ways[way], row)


@EVERY
def test_accumulation_gives_the_same_gradients(make_config, still, name):
    model = still(name)
    one = norms(train(make_config(name, "one", model, **STILL)))
    check_norms(one, norms(train(make_config(name, "four", model, batch_size=2, gradient_accumulation=4, **STILL))))


@pytest.mark.slow
@EVERY
def test_two_processes_give_the_same_gradients(make_config, still, tmp_path, name):
    model = still(name)
    one = norms(train(make_config(name, "one", model, **STILL)))
    (tmp_path / "run.yaml").write_text(dump_config(make_config(name, "two", model, batch_size=4, **STILL)))
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "-m", "maskwright", "train"]
    done = subprocess.run(
        [*command, str(tmp_path / "run.yaml")],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr
    check_norms(one, norms(tmp_path / "two"))


@pytest.mark.slow
@EVERY
def test_a_killed_run_goes_on_to_the_bit(make_config, tmp_path, name):
    settings = {"save_every": 2, "evaluate_every": 2}
    config = make_config(name, "killed", **settings)
    killed_at(3, config, tmp_path)
    check_identical(train(config), train(make_config(name, "whole", **settings)))


@EVERY
def test_every_answer_is_exported(make_config, name):
    few = ["evaluation.twin=false", "evaluation.ratios=[0, 0.5]", "evaluation.draws=1", "evaluation.bootstrap=200"]
    evaluation = evaluate([train(make_config(name, epochs=0.3))], [*few, "evaluation.examples=0"])
    rows = pq.read_table(evaluation.folder / "predictions.parquet")
    conditions = 1 + len(evaluation.document["curves"])
    assert rows.num_rows == conditions * evaluation.document["data"]["examples"]
    hidden = rows.filter(pc.field("ratio") == 0.5)
    assert hidden.num_rows
    assert hidden["answer"].null_count == (0 if tasks.get(name).worded else hidden.num_rows)
    for column in ("file", "row", "who", "seed", "condition"):
        assert hidden[column].null_count == 0
    for row in hidden.to_pylist():
        right, probability = row["right"], row["probability"]
        assert right is None or row["label"] is None or (row["answer"] == row["label"]) == right
        assert probability is None or 0.0 < probability <= 1.0
    kinds = [one["by"] for one in evaluation.document["slices"] or []]
    assert (evaluation.document["slices"] is None) == (not any(metric.counts for metric in tasks.get(name).metrics))
    assert set(kinds) <= {"length", "class", "word"}


@EVERY
def test_texts_can_be_audited(nodes, tmp_path, monkeypatch, capsys, name):
    config = {**nodes(name), "training": {"output": str(tmp_path / "run")}}
    config["masking"] = {**config["masking"], "unit": "entity" if name == "token-classification" else "token"}
    (tmp_path / "run.yaml").write_text(dump_config(tasks.parse_config(config)))
    monkeypatch.setattr(sys, "argv", ["maskwright", "audit", str(tmp_path / "run.yaml"), "--only", "special_tokens"])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    output = capsys.readouterr()
    if tasks.get(name).audited is None:
        assert stopped.value.code == 2
        assert "audit looks at run configurations of texts" in output.err
    else:
        assert not stopped.value.code, output.err
        assert "1 passed, 0 failed" in output.out
