"""The small parts of training."""

from itertools import chain

import numpy as np
import pytest
import torch

from maskwright import tasks
from maskwright.config import TrainingConfig
from maskwright.errors import RunError
from maskwright.train import checkpoint
from maskwright.train.callbacks import Plan
from maskwright.train.device import resolve_dtype
from maskwright.train.folder import RunFolder
from maskwright.train.learning_rate import LearningRate
from maskwright.train.order import Order
from maskwright.train.random_states import preserved
from maskwright.train.selection import Selection


def steps(order: Order) -> list[set[int]]:
    batches = list(order)
    size = order.accumulation
    return [set(chain.from_iterable(batches[i : i + size])) for i in range(0, len(batches), size)]


@pytest.mark.parametrize("n", [1, 5, 16, 17, 50])
def test_the_same_examples_meet_in_a_step_however_it_is_split(n):
    ids = np.arange(100, 100 + n)
    whole = Order(ids, 16)
    assert set.union(*steps(whole)) == set(range(n))
    assert sum(whole.examples_in_step(step) for step in range(whole.steps_per_epoch)) == n
    assert steps(Order(ids, 4, 4)) == steps(whole)
    ranks = [steps(Order(ids, 4, 2, world_size=2, rank=rank)) for rank in (0, 1)]
    assert [(one | other) - {-1} for one, other in zip(*ranks, strict=True)] == steps(whole)
    assert all(not (one & other) - {-1} for one, other in zip(*ranks, strict=True))


def test_epochs_and_seeds_have_orders_of_their_own():
    ids = np.arange(40)
    orders = [Order(ids, 4, seed=seed).permutation(epoch).tolist() for seed in (0, 1) for epoch in (0, 1)]
    assert len({tuple(order) for order in orders}) == 4


def test_schedules_end_where_they_should():
    assert LearningRate("linear", 0, 10)(0) == 1.0
    assert LearningRate("constant", 2, 10)(9) == 1.0
    assert LearningRate("cosine", 0, 10)(5) == pytest.approx(0.5)
    assert all(LearningRate(kind, 3, 10)(11) >= 0.0 for kind in ("linear", "cosine", "constant"))


def test_random_states_are_put_back():
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    with preserved():
        torch.rand(7)
    assert torch.equal(torch.rand(2), expected)


def test_bf16_is_chosen_on_a_processor_with_tiles_only(monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True, "amx_bf16": False})
    assert resolve_dtype("auto", torch.device("cpu")) == "fp32"
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"amx_bf16": True})
    assert resolve_dtype("auto", torch.device("cpu")) == "bf16"


def test_an_optimizer_survives_without_pickle(tmp_path):
    import json

    layer = torch.nn.Linear(3, 2)
    optimizer = torch.optim.AdamW(layer.parameters(), lr=0.1)
    layer(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    tensors, rest = checkpoint.optimizer_parts(optimizer.state_dict())
    state = checkpoint.optimizer_state(tensors, json.loads(json.dumps(rest)))
    other = torch.optim.AdamW(layer.parameters(), lr=0.5)
    other.load_state_dict(state)
    assert other.param_groups[0]["lr"] == 0.1
    assert torch.equal(other.state[layer.weight]["exp_avg"], optimizer.state[layer.weight]["exp_avg"])


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda p: (p / "maskwright.json").unlink(), "not a run folder"),
        (lambda p: (p / "maskwright.json").write_text('{"format": 2'), "damaged, not valid JSON"),
        (lambda p: (p / "maskwright.json").write_text("{}"), "'format' is missing"),
        (lambda p: (p / "maskwright.json").write_text('{"format": 99, "version": "9.0"}'), r"maskwright 9.0.*Update"),
        (
            lambda p: (p / "maskwright.json").write_text('{"format": 1, "version": "0.1"}'),
            r"maskwright 0\.1.*format 1.*cannot read \(format 2\)\. Train the run again in another folder",
        ),
        (lambda p: (p / "maskwright.json").write_text('{"format": 2, "status": "running"}'), "has not finished"),
        (lambda p: (p / "model" / "model.safetensors").unlink(), r"model.safetensors: missing"),
        (lambda p: (p / "model" / "config.json").unlink(), r"config.json: missing"),
    ],
)
def test_damaged_folders(tmp_path, damage, message):
    (tmp_path / "model").mkdir()
    for name in ("config.json", "model.safetensors"):
        (tmp_path / "model" / name).write_text("")
    files = '["config.json", "model.safetensors"]'
    (tmp_path / "maskwright.json").write_text(f'{{"format": 2, "status": "finished", "model_files": {files}}}')
    assert RunFolder(tmp_path).finished_info()["status"] == "finished"
    damage(tmp_path)
    with pytest.raises(RunError, match=message):
        RunFolder(tmp_path).finished_info()


def test_a_missing_folder(tmp_path):
    with pytest.raises(RunError, match="no such folder"):
        RunFolder(tmp_path / "none").info()
    (tmp_path / "run.yaml").write_text("model: [")
    with pytest.raises(RunError, match="configuration cannot be read"):
        RunFolder(tmp_path).config()
    with pytest.raises(RunError, match=r"metrics.jsonl: missing"):
        RunFolder(tmp_path).metrics()


def test_an_undefined_first_score_does_not_stay_the_best():
    nan = float("nan")
    selection = Selection()
    assert selection.consider(1, score=nan, loss=nan), "it is the only one yet"
    assert not selection.consider(2, score=nan, loss=nan)
    assert selection.consider(3, score=0.1, loss=nan)
    assert selection.consider(4, score=0.1, loss=5.0), "equal scores: a loss that is defined is lower"
    assert not selection.consider(5, score=nan, loss=0.1)
    assert (selection.best_step, selection.without_improvement) == (4, 1)


@pytest.mark.parametrize("task", tasks.names())
def test_an_undefined_score_is_no_better_than_any_other_whatever_the_metric(task):
    for metric in tasks.get(task).metrics:
        sign = 1 if metric.higher_is_better else -1
        selection = Selection()
        scores = (float("nan"), 0.3, 0.3 + 0.1 * sign, float("nan"), 0.3 - 0.1 * sign)
        better = [selection.consider(step, sign * score, 1.0) for step, score in enumerate(scores)]
        assert better == [True, True, True, False, False], metric.name


def test_a_plan_is_of_epochs_or_of_steps():
    assert Plan.of(TrainingConfig(epochs=2), 10).steps == 20
    steps = Plan.of(TrainingConfig(epochs=2, max_steps=7), 10)
    assert (steps.steps, steps.evaluate_every) == (7, 10)
    assert [step for step in range(1, 8) if steps.evaluates(step)] == [7]
    assert Plan.of(TrainingConfig(max_steps=25, evaluate_every=10), 10).steps == 25
