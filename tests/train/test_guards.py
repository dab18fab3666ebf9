"""What the stock Trainer gets wrong, one test for each."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from maskwright.config import dump_config
from maskwright.errors import RunError
from maskwright.masking import Masking
from maskwright.rng import Moment
from maskwright.tasks import parse_config
from maskwright.train.folder import RunFolder
from maskwright.train.order import Order
from maskwright.train.run import train
from maskwright.train.validation import Validation
from tests.evaluate import made_up


def steps_of(path):
    return [line for line in RunFolder(path).metrics() if "loss" in line]


def check_same_curve(one, other):
    assert len(one) == len(other) == 10
    for name in ("loss", "grad_norm"):
        np.testing.assert_allclose([a[name] for a in one], [b[name] for b in other], rtol=2e-4)


@pytest.fixture(scope="module")
def whole(request, tmp_path_factory, data_node, still_model_folder):
    """Batches of 16 in one process; the last optimiser step of an epoch has 6 examples."""

    def config(name, objective="supervised", **training):
        settings = {"epochs": 2, "batch_size": 16, "learning_rate": 1e-3, "class_weights": "auto", "dtype": "fp32"}
        settings |= {"output": str(tmp_path_factory.mktemp("guards") / name), **training}
        return parse_config(
            {
                "model": str(still_model_folder),
                "data": data_node,
                "masking": "automask",
                "objective": objective,
                "training": settings,
            }
        )

    return config, train(config("whole"))


def validations_of(path):
    return [line["validation"] for line in RunFolder(path).metrics() if "validation" in line]


def test_accumulation_changes_nothing(whole):
    config, expected = whole
    parts = steps_of(train(config("parts", batch_size=4, gradient_accumulation=4)))
    check_same_curve(parts, steps_of(expected))
    first, begun = parts[0], steps_of(expected)[0]
    assert first["grad_norm"] == pytest.approx(begun["grad_norm"], rel=1e-6), "before rounding adds up over steps"


@pytest.mark.parametrize("accumulation", [2, 4])
def test_a_mean_over_cells_is_one_over_the_cells_of_the_whole_step(tmp_path, accumulation):
    """A loss that is a mean over what examples have different numbers of, as texts have of tokens."""
    settings = {"epochs": 3, "learning_rate": 0.05, "learning_rate_schedule": "constant"}
    whole, parts = (
        steps_of(train(parse_config(made_up.configuration(tmp_path / name, made_up.HIDING, **settings, **split))))
        for name, split in (
            ("whole", {"batch_size": 16}),
            ("parts", {"batch_size": 16 // accumulation, "gradient_accumulation": accumulation}),
        )
    )
    assert len(whole) == len(parts) == 6
    for name in ("loss", "grad_norm"):
        assert [line[name] for line in parts] == pytest.approx([line[name] for line in whole], rel=1e-6)
    # Hand-made: the first step's loss is the sum over its 16 rows, divided by all their cells that are compared.
    data = made_up.TASK.load(made_up.Section())
    examples = made_up.TASK.encode(data.train, None, None, data=data)
    rows = Order(examples.example_ids, 16).permutation(0)[:16]
    hidden = examples.hide(examples.batch(rows), Masking.from_dict(made_up.HIDING), Moment(0))
    loss = made_up.TASK.loss(made_up.Mean(0.0), hidden)
    assert loss.count == sum(1 + int(row) % 12 for row in examples.example_ids[rows])
    assert whole[0]["loss"] == pytest.approx(loss.sum.item() / loss.count, rel=1e-6)


SCRIPT = """
import shutil, sys
import maskwright.train.finish as finish
real = shutil.rmtree
finish.shutil.rmtree = lambda path, **k: None if str(path).endswith("checkpoints") else real(path, **k)
from maskwright.cli import main
main()
"""


def torchrun(script: Path, *arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    return subprocess.run([*command, str(script), *arguments], capture_output=True, text=True, timeout=120)


def on_two_processes(settings, folder):
    """What was printed, and the run folder."""
    run_file, script = folder / "run.yaml", folder / "script.py"
    run_file.write_text(dump_config(settings))
    script.write_text(SCRIPT)
    done = torchrun(script, "train", str(run_file))
    assert done.returncode == 0, done.stderr
    return done, Path(settings.training.output)


def test_two_processes_change_nothing_but_dropout(whole, tmp_path):
    config, expected = whole
    done, output = on_two_processes(config("ranks", batch_size=8, world_size=2), tmp_path)
    check_same_curve(steps_of(output), steps_of(expected))
    for mine, its in zip(validations_of(output), validations_of(expected), strict=True):
        assert mine == pytest.approx(its, rel=2e-4), "every process scores a part of the split"
    assert done.stdout.count("run folder") == 1
    assert done.stderr.count("reading the data") == 1
    last = output / "checkpoints" / "step-10"
    drawn = [json.loads((last / f"random-{rank}.json").read_text())["torch"] for rank in (0, 1)]
    assert drawn[0] != drawn[1]


@pytest.mark.slow
def test_two_processes_share_the_count_of_the_cells(tmp_path):
    settings = {"epochs": 3, "learning_rate": 0.05, "learning_rate_schedule": "constant"}
    node = made_up.configuration(tmp_path / "whole", made_up.HIDING, **settings, batch_size=16)
    whole = train(parse_config(node))
    ranks = {**node["training"], "output": str(tmp_path / "ranks"), "batch_size": 4, "gradient_accumulation": 2}
    _, output = on_two_processes(parse_config({**node, "training": ranks}), tmp_path)
    for name in ("loss", "grad_norm"):
        expected = [line[name] for line in steps_of(whole)]
        assert [line[name] for line in steps_of(output)] == pytest.approx(expected, rel=1e-5)
    for mine, its in zip(validations_of(output), validations_of(whole), strict=True):
        assert mine == pytest.approx(its, rel=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("extra", [{}, {"gradient_checkpointing": True}, {"lora": {"rank": 2}}], ids=str)
def test_two_processes_make_two_views_consistent_as_one_does(whole, tmp_path, extra):
    config, _ = whole
    alone = steps_of(train(config(f"views-{len(str(extra))}", objective="consistency", **extra)))
    split = config(f"shared-{len(str(extra))}", objective="consistency", batch_size=8, world_size=2, **extra)
    _, output = on_two_processes(split, tmp_path)
    check_same_curve(steps_of(output), alone)


def test_evaluation_does_not_change_training(make_config, monkeypatch):
    seldom = steps_of(train(make_config("seldom", epochs=1)))
    honest = Validation.scores

    def careless(*asked, **facts):
        torch.rand(3), np.random.rand(3)  # noqa: NPY002 - foreign code that draws from the global states
        return honest(*asked, **facts)

    monkeypatch.setattr(Validation, "scores", careless)
    assert steps_of(train(make_config("often", epochs=1, evaluate_every=2))) == seldom


def test_training_leaves_the_callers_random_state(make_config):
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    train(make_config(epochs=0.1))
    assert torch.equal(torch.rand(1), expected)


def test_masks_follow_seed_epoch_and_example(make_config, monkeypatch):
    from maskwright.train.trainer import MaskedTrainer

    seen = {}
    original = MaskedTrainer.views

    def spy(self, batch):
        (hidden,) = original(self, batch)
        assert set(hidden.inputs) == {"input_ids", "attention_mask", "token_type_ids"}
        epoch = self.order.epoch_of(self.state.global_step)
        for row, example in enumerate(batch.ids.tolist()):
            length = int(batch.inputs["attention_mask"][row].sum())
            ids = hidden.inputs["input_ids"][row, :length]
            seen.setdefault((self.config.training.batch_size, epoch), {})[example] = ids
        return (hidden,)

    monkeypatch.setattr(MaskedTrainer, "views", spy)
    train(make_config("small", batch_size=4))
    train(make_config("large", batch_size=32))
    assert len(seen[4, 0]) == 70
    for epoch in (0, 1):
        assert all(torch.equal(seen[4, epoch][i], seen[32, epoch][i]) for i in range(70))
    assert not all(torch.equal(seen[4, 0][i], seen[4, 1][i]) for i in range(70))
    assert list(seen[4, 0]) != list(seen[4, 1])


def test_world_size_is_asserted(make_config, monkeypatch):
    with pytest.raises(RunError, match=r"2 processes are expected, 1 is running.*torchrun"):
        train(make_config(world_size=2))
    from maskwright.train.device import check_world_size

    monkeypatch.setenv("WORLD_SIZE", "4")
    with pytest.raises(RunError, match="announced 4 processes"):
        check_world_size(1, None)


def test_a_loss_that_is_not_a_number_stops_the_run(make_config):
    with pytest.raises(RunError, match="the loss is nan at step"):
        train(make_config(learning_rate=9.9, max_grad_norm=1e30, weight_decay=10.0, epochs=40))
