"""Averages of weights, and of what the batch norms of a model have seen."""

import math
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch.optim.swa_utils import AveragedModel

from maskwright.config import dump_config
from maskwright.errors import RunError
from maskwright.tasks import parse_config
from maskwright.train.ema import Ema
from maskwright.train.folder import RunFolder
from maskwright.train.run import train
from maskwright.train.stop import TrainingStopped
from tests.tasks.pictures import write_pictures
from tests.train.test_resume import SCRIPT, check_identical, stopping_at


class Small(torch.nn.Module):
    """A batch norm between two layers, and buffers that nothing changes."""

    def __init__(self):
        super().__init__()
        self.layers = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.Linear(4, 2))
        self.register_buffer("never", torch.tensor([0.0, -math.inf]))
        self.register_buffer("places", torch.arange(3))
        self.register_buffer("table", torch.ones(2), persistent=False)

    def forward(self, x):
        return self.layers(x)


def steps(model, count):
    """Change the weights and what the batch norm has seen, a step at a time."""
    with torch.random.fork_rng():
        torch.manual_seed(1)
        for number in range(count):
            model.train()(torch.randn(8, 3) * (1 + number) + number)
            with torch.no_grad():
                for parameter in model.parameters():
                    parameter.add_(torch.randn_like(parameter))
            yield number


def test_batch_norms_are_averaged_as_torch_does():
    model = Small()
    ours = Ema(model, 0.9)

    def decayed(average, latest, updates):
        if not latest.is_floating_point():
            return latest
        decay = min(0.9, updates / (9 + updates))  # they count from 1
        return decay * average + (1 - decay) * latest

    theirs = AveragedModel(model, avg_fn=decayed, use_buffers=True)
    theirs.n_averaged += 1  # it begins with the model as it is, as ours does, and not with the first update
    for _ in steps(model, 5):
        ours.update(model)
        theirs.update_parameters(model)
    expected = theirs.module.state_dict()
    assert set(ours.average) == set(expected), "what is not saved is not averaged"
    assert ours.average["never"].tolist() == [0.0, -math.inf], "of which torch's average is not a number"
    for name in set(expected) - {"never"}:
        torch.testing.assert_close(ours.average[name], expected[name], rtol=1e-5, atol=1e-6)
    seen = "layers.1.running_mean"
    assert not torch.allclose(ours.average[seen], model.state_dict()[seen])
    assert ours.average["layers.1.num_batches_tracked"] == 5


def test_a_model_gets_its_own_back():
    model = Small()
    ema = Ema(model, 0.5)
    for _ in steps(model, 3):
        ema.update(model)
    own = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    with ema.applied(model):
        inside = model.state_dict()
        assert all(inside[name].equal(average) for name, average in ema.average.items())
        assert not inside["layers.1.running_var"].equal(own["layers.1.running_var"])
    assert all(model.state_dict()[name].equal(tensor) for name, tensor in own.items())


def test_an_average_of_an_earlier_version_is_refused():
    ema = Ema(Small(), 0.5)
    parameters = {name: tensor for name, tensor in ema.average.items() if "running" not in name}
    with pytest.raises(RunError, match=r"lack 2 tensors \(layers\.1\.running_mean.*Train again in another folder"):
        ema.load(parameters, 3)


@pytest.fixture(scope="module")
def convolutions(tmp_path_factory) -> Path:
    """A little ResNet."""
    from transformers import ResNetConfig, ResNetModel

    from maskwright.tasks.vision.picture_tasks import plain_processor

    folder = tmp_path_factory.mktemp("resnet")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        ResNetModel(ResNetConfig(embedding_size=4, hidden_sizes=[4, 8], depths=[1, 1])).save_pretrained(folder)
    plain_processor(16).save_pretrained(folder)
    return folder


@pytest.fixture
def make_config(convolutions, tmp_path):
    data = {
        name: str(write_pictures(tmp_path / "data" / name, n, seed=i))
        for i, (name, n) in enumerate({"train": 12, "validation": 5}.items())
    }

    def make(name, **training):
        settings = {"epochs": 2, "batch_size": 4, "learning_rate": 1e-2, "dtype": "fp32", "keep_best": False}
        settings |= {"learning_rate_schedule": "constant", "ema": 0.8, "output": str(tmp_path / name)}
        settings |= {"save_every": 4, "evaluate_every": 3}
        masking = {"pattern": "iid", "budget": 0.5, "fill": "mean", "unit": "patch"}
        node = {"task": "image-classification", "model": str(convolutions), "data": {**data, "size": 16}}
        return parse_config({**node, "masking": masking, "training": {**settings, **training}})

    return make


def seen_by(path):
    weights = load_file(str(path / "model" / "model.safetensors"))
    return {name: tensor for name, tensor in weights.items() if "running" in name}


def test_the_average_that_is_saved_has_the_statistics_that_belong_to_it(make_config):
    averaged, last = seen_by(train(make_config("averaged"))), seen_by(train(make_config("last", ema=None)))
    assert averaged
    assert not any(torch.allclose(averaged[name], last[name]) for name in averaged)


def test_averaged_statistics_survive_an_interruption(make_config):
    expected = train(make_config("whole"))
    config = make_config("stopped")
    with pytest.raises(TrainingStopped):
        train(config, on_progress=stopping_at(7, signal.SIGINT))
    check_identical(train(config), expected)


@pytest.mark.slow
@pytest.mark.parametrize("ema", [0.8, None])
def test_two_processes_score_one_model_and_go_on_from_it(make_config, tmp_path, ema):
    """Each process has seen other pictures; what is scored are the statistics of the first, which are saved."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.replace("load_config(sys.argv[1], sys.argv[3:])", "load_config(sys.argv[1])"))
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", str(script)]

    def run(name, *kills):
        config = make_config(name, batch_size=2, world_size=2, ema=ema)
        run_file = tmp_path / f"{name}.yaml"
        run_file.write_text(dump_config(config))
        for step in (*kills, 0):
            done = subprocess.run([*command, str(run_file), str(step)], capture_output=True, text=True, timeout=180)
            assert (done.returncode != 0) == bool(step), done.stderr
        return Path(config.training.output)

    whole, stopped = run("whole"), run("stopped", 5)
    check_identical(stopped, whole)
    scores = [line["validation"] for line in RunFolder(whole).metrics() if "validation" in line]
    assert len(scores) == 4
    assert RunFolder(whole).info()["world_size"] == 2
