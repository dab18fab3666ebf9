"""What counts where pictures are completed: the loss, and how much of a picture is explained."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from maskwright.objectives import reconstruct
from maskwright.rng import Moment
from maskwright.tasks.metrics.completion_statistics import COMPLETION
from maskwright.tasks.views import View
from maskwright.train.run import train
from tests.tasks.reconstruction.made_up import asked, config, encoded, hide, one_of, task


def test_loss_counts_hidden_patches_of_weighted_examples(run):
    hidden = hide(run)
    whole = task.loss(run.model.eval(), replace(hidden, weight=torch.tensor([1.0, 2.0, 0.0, 0.0]), count=2))
    one, two = (task.loss(run.model, one_of(hidden, row)) for row in (0, 1))
    torch.testing.assert_close(whole.sum, one.sum + 2 * two.sum)
    assert (whole.count, one.count) == (2, 1)


def test_explained_variance():
    rng = torch.Generator().manual_seed(0)
    truth, hidden = torch.rand(5, 16, 12, generator=rng), torch.rand(5, 16, generator=rng) < 0.5
    hidden[0], hidden[1] = False, True
    noise = torch.rand(5, 16, 12, generator=rng)
    shares = reconstruct.explained(noise, truth, hidden, 3)
    for row in range(5):
        completed = torch.where(hidden[row, :, None], noise[row], truth[row]).view(-1, 3)
        true = truth[row].view(-1, 3)
        expected = 1 - ((completed - true) ** 2).sum() / ((true - true.mean(0)) ** 2).sum()
        torch.testing.assert_close(shares[row], expected.clamp(min=-1))
    assert shares[0] == 1
    assert torch.equal(reconstruct.explained(truth, truth, hidden, 3), torch.ones(5))
    plain = reconstruct.visible_mean(truth, hidden, 3)
    seen = truth[2][~hidden[2]].view(-1, 3).mean(0)
    torch.testing.assert_close(plain[2].view(-1, 3), seen.expand(64, 3))


def test_a_picture_of_one_colour_is_bounded():
    flat, hidden = torch.full((1, 4, 3), 0.5), torch.ones(1, 4, dtype=torch.bool)
    assert reconstruct.explained(flat, flat, hidden, 3) == 1
    assert reconstruct.explained(flat + 1, flat, hidden, 3) == -1


def test_where_nothing_is_hidden_everything_is_explained(run):
    examples = encoded(run)
    answers = asked(run.model, examples.hide(examples.batch(range(4)), None, Moment()))
    assert answers.tolist() == [[1.0, 0.0, 1.0]] * 4
    explained, error = task.metrics
    assert values(task.metrics, answers.numpy()) == {"explained": 1.0, "loss": 0.0}
    assert (explained.of_whole, explained.chance_of(None), explained.best) == (False, 0.0, 1.0)
    assert (error.name, error.higher_is_better) == ("loss", False)
    shown = task.shown(examples, 0, View(run.reader, None, Moment(), run.data.labels), {"model": np.array([0.5, 0, 0])})
    assert (shown.answers["model"].text, shown.reference) == ("50% explained", "blue")


def values(metrics, answers):
    """The metrics of some answers by name."""
    records = COMPLETION.of(answers, None)
    return {one.name: one.value(COMPLETION.summable(records[None]), np.ones((1, len(records))))[0] for one in metrics}


def test_metrics_are_means_of_what_was_noted():
    answers = np.array([[0.5, 2.0, 0.1], [1.0, 4.0, 0.3]], dtype=np.float32)
    assert values(task.metrics, answers) == pytest.approx({"explained": 0.75, "loss": 3.0})


def test_learning_brings_the_loss_down_and_explains_more(run):
    model = task.build(run.config, run.data).model.train()
    hidden = hide(run, 16)
    optimizer = torch.optim.AdamW(model.parameters(), 3e-3)
    before = asked(model, hidden).mean(0)
    for _ in range(25):
        optimizer.zero_grad()
        (task.loss(model, hidden).sum / 16).backward()
        optimizer.step()
    after = asked(model, hidden).mean(0)
    assert after[1] < 0.5 * before[1]
    assert after[0] > before[0] + 0.3


def test_validation_hides_as_training_does(pictures, tmp_path):
    training = {"epochs": 1, "batch_size": 8, "output": str(tmp_path / "run")}
    path = train(config(pictures, training=training))
    lines = [json.loads(line) for line in (path / "metrics.jsonl").read_text("utf-8").splitlines()]
    (scores,) = (line["validation"] for line in lines if "validation" in line)
    assert list(scores) == ["explained", "loss"]
    assert scores["explained"] < 1
    assert scores["loss"] > 0


def test_what_a_whole_picture_scores_is_no_result():
    assert [metric.of_whole for metric in task.metrics] == [False, False]
    assert "100%" in task.metrics[0].meaning
    assert "picture" in task.metrics[0].meaning
