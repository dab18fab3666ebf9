"""What the report of a model that completes pictures shows: them, errors, and a linear probe."""

import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from maskwright.evaluate.scored import Scored
from maskwright.masking import Masking
from maskwright.tasks.metrics.completion_statistics import COMPLETION
from maskwright.tasks.reconstruction import report as reconstruction_report
from tests.tasks.reconstruction.made_up import DROP, save, task


def material(run, folder, labelled=True):
    test = task.encode(run.data.test, run.reader, run.config, data=run.data)
    train = task.encode(run.data.train, run.reader, run.config, data=run.data)
    if not labelled:
        train = replace(train, labels=np.full_like(train.labels, -1))
    records = COMPLETION.of(np.array([[0.5, 0.2, 0.1], [0.7, 0.4, -0.5]]), None)
    masked = {("iid", 0.75): Scored({COMPLETION.name: records[None]})}
    conditions = (("iid", 0.25), ("iid", 0.75), ("block", 0.5))
    maskings = {
        (name, ratio): Masking.from_dict({**DROP, "pattern": name, "budget": ratio}) for name, ratio in conditions
    }
    asked = SimpleNamespace(
        folders={"model": folder},
        plan=SimpleNamespace(maskings=maskings),
        answers={"model": SimpleNamespace(masked=masked)},
        machine=SimpleNamespace(device=torch.device("cpu")),
    )
    about = {"config": run.config, "reader": run.reader, "task": task, "data": run.data}
    return SimpleNamespace(**about, test=test, train=train), asked


def test_the_report_shows_pictures_errors_and_a_probe(run, tmp_path):
    save(run, tmp_path, run.model)
    pictures, more, errors, probe = task.sections(*material(run, tmp_path))
    assert [one["title"] for one in pictures["pictures"][:2]] == ["original", "as the model sees it"]
    assert re.fullmatch(r"completed, −?\d+% explained", pictures["pictures"][2]["title"])
    assert len(pictures["pictures"]) == 3 * 8
    assert all(one["src"].startswith("data:image/png;base64,") for one in pictures["pictures"] + more["pictures"])
    # One picture, under the first pattern alone: seen and completed stand below each other.
    assert [one["group"] for one in more["pictures"]] == ["as the model sees it"] * 2 + ["completed"] * 2
    assert [one["title"][:3] for one in more["pictures"]] == ["25%", "75%"] * 2
    assert pictures["pictures"][0]["group"] in more["text"].lower()
    (row,) = errors["tables"][0]["rows"]
    assert row == ["iid", "75%", pytest.approx(0.3), "60.0%", "−20.0%"]
    rows = probe["tables"][0]["rows"]
    assert [row[0] for row in rows] == ["pre-trained", "random weights", "difference"]
    assert rows[0][1] == "100.0%"
    assert "2 classes" in probe["text"]


def test_without_labels_there_is_no_probe(run, tmp_path):
    save(run, tmp_path, run.model)
    assert len(task.sections(*material(run, tmp_path, labelled=False))) == 3


def test_pictures_are_shown_only_where_examples_are_asked_for(run, tmp_path):
    save(run, tmp_path, run.model)
    examples, asked = material(run, tmp_path)
    settings = run.config.evaluation.model_copy(update={"examples": 0})
    examples.config = run.config.model_copy(update={"evaluation": settings})
    assert [one["title"] for one in task.sections(examples, asked)] == ["Error on what is hidden", "Linear probe"]


def test_the_difference_of_probes_is_paired():
    right, other = np.array([True] * 90 + [False] * 10), np.array([True] * 80 + [False] * 20)
    table = reconstruction_report._compared(right, other, 0.95)
    assert [row[1] for row in table["rows"]] == ["90.0%", "80.0%", "+10.0 points"]
    low, high = (float(end) for end in table["rows"][2][2].split(" to "))
    # Ten pairs of a hundred differ, all to one side: a standard error of 3 points.
    assert 3 < low < 6
    assert 14 < high < 18
