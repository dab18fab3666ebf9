"""What `check` calls ready trains a step and answers; what cannot is refused before, in one message."""

import json
import sys
from functools import cache

import numpy as np
import pytest
import torch
import yaml

from maskwright import cli, fills, tasks
from maskwright.errors import ConfigError
from maskwright.evaluate.sweep import Plan
from maskwright.rng import Moment
from maskwright.tasks.hidden_share import amount_notes
from tests.examples.markdown import ROOT
from tests.tasks.small_runs import RUNS, small_run

UNITS = ("token", "word", "type", "entity", "patch", "pixel", "tubelet", "frame", "feature", "wrod")
FILLS = (*fills.names(), {"sentinel": "single"}, {"mix": {"mask-token": 0.5, "keep": 0.5}}, {"by-run": "mask-token"})
MODELS = ("scratch:huge", "scratch:bert-huge", "scratch:nosuch-tiny", "scratch:", "/nowhere/model", "no such name")
FAMILIES = ("scratch:roberta-tiny", "scratch:bart-tiny", "scratch:clip-tiny", "scratch:xlnet-tiny")

EVERY = pytest.mark.parametrize("name", RUNS)


@pytest.fixture(autouse=True)
def foreign(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "examples"))


@pytest.fixture(scope="session")
def nodes(tmp_path_factory):
    """Keys of a small run, by task; files are written once."""
    return cache(lambda name: small_run(name, tmp_path_factory.mktemp(name.replace(":", "-")) / "data"))


@pytest.fixture(scope="session")
def loaded():
    """The data of a run, read once."""
    read = {}

    def load(config):
        key = (config.task, config.data.model_dump_json())
        if key not in read:
            read[key] = tasks.get(config.task).load(config.data)
        return read[key]

    return load


@pytest.fixture
def ready(nodes, loaded):
    """Whether `check` calls a run ready: its configuration if so."""

    def check(name, **changes):
        try:
            config = tasks.parse_config({**nodes(name), **changes})
            data = loaded(config)
            task = tasks.get(name)
            task.describe(config, data)
            amount_notes(task, config, data)
        except ConfigError:
            return None
        return config

    return check


@pytest.fixture
def trains(loaded):
    """The loss of a run's first examples, which answer under its masks of evaluation too."""

    def step(config, evaluated=False):
        task, data = tasks.get(config.task), loaded(config)
        built = task.build(config, data)
        examples = task.encode(data.train, built.reader, config, data=data)
        batch = examples.batch(range(4))
        hidden = examples.hide(batch, config.masking, Moment(0))
        total = task.loss(built.model, hidden).sum.item()
        if evaluated:
            node = config.masking.to_dict()
            fill = node["fill"] if "fill" in node else {name: one["fill"] for name, one in node["modalities"].items()}
            masking = next(iter(Plan.of(config.evaluation, fill, task).maskings.values()))
            built.model.eval()
            with torch.no_grad():
                asked = examples.hide(batch, masking, Moment.evaluation())
                assert len(task.predict(built.model, asked, task.settings(config, built.reader))) == 4

        return total

    return step


@EVERY
@pytest.mark.parametrize("unit", UNITS)
def test_units(nodes, ready, trains, name, unit):
    masking = {**nodes(name)["masking"], "unit": unit}
    for changes in ({"masking": masking}, {"evaluation": {"unit": unit}}):
        config = ready(name, **changes)
        assert config is None or np.isfinite(trains(config, evaluated="evaluation" in changes))


@EVERY
@pytest.mark.parametrize("fill", FILLS, ids=str)
def test_fills(nodes, ready, trains, name, fill):
    config = ready(name, masking={**nodes(name)["masking"], "fill": fill})
    assert config is None or np.isfinite(trains(config, evaluated=True))


@EVERY
def test_the_run_as_it_is_is_ready_and_nonsense_is_not(nodes, ready, name):
    masking = nodes(name)["masking"]
    assert ready(name) is not None
    assert ready(name, masking={**masking, "unit": "wrod"}) is ready(name, evaluation={"unit": "wrod"}) is None
    assert ready(name, masking={**masking, "fill": "mask-toekn"}) is None


@EVERY
@pytest.mark.parametrize("model", MODELS)
def test_models_that_there_are_not(ready, name, model):
    assert ready(name, model=model) is None


@EVERY
@pytest.mark.parametrize("model", FAMILIES)
def test_families(ready, trains, name, model):
    config = ready(name, model=model)
    assert config is None or np.isfinite(trains(config))


@EVERY
@pytest.mark.parametrize("change", ["masking.unit=wrod", "evaluation.unit=wrod", "model=scratch:huge"])
def test_a_refusal_is_one_message(nodes, name, change, tmp_path, monkeypatch, capsys):
    (tmp_path / "run.yaml").write_text(yaml.safe_dump(nodes(name)))
    monkeypatch.setattr(sys, "argv", ["maskwright", "check", str(tmp_path / "run.yaml"), change, "--json"])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    document = json.loads(capsys.readouterr().out)
    assert stopped.value.code == 2
    assert not document["ready"]
    (problem,) = document["problems"]
    assert "wrod" in problem["what"] or "huge" in problem["what"]
