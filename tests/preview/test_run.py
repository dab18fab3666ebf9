"""What training will hide of a run's first examples."""

import json

import pytest
from typer.testing import CliRunner

from maskwright import tasks
from maskwright.cli import application
from maskwright.config import dump_config
from maskwright.preview.run import preview_run
from maskwright.rng import Moment
from maskwright.tasks import parse_config
from tests.evaluate import made_up


@pytest.fixture
def falling(tmp_path):
    """A run whose hidden share falls from 80 % to nothing; 32 texts of 20 words."""
    rows = [{"text": f"text {i} " + "word " * 18, "label": "ab"[i % 2]} for i in range(40)]
    (tmp_path / "train.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))

    def run(**training):
        budget = {"schedule": [0.8, 0.0]}
        node = {
            "model": "scratch:tiny",
            "data": {"train": str(tmp_path / "train.jsonl"), "validation_share": 0.2, "max_length": 32},
            "masking": {"pattern": "iid", "budget": budget, "fill": "mask-token", "unit": "token"},
            "training": {"batch_size": 8, **training},
        }
        return parse_config(node)

    return run


def shares(config, epochs):
    task = tasks.get(config.task)
    data = task.load(config.data)
    found = [preview_run(task, config, data, 32, epoch) for epoch in epochs]
    return [one["hidden"] / one["units"] for one in found]


@pytest.mark.parametrize("training", [{"epochs": 4}, {"epochs": 9, "max_steps": 16}], ids=str)
def test_budgets_that_move_are_where_training_will_have_them(falling, training):
    """32 rows in batches of 8 are 4 steps an epoch, so that 16 steps are 4 epochs."""
    assert shares(falling(**training), range(6)) == pytest.approx([0.8, 0.6, 0.4, 0.2, 0.0, 0.0], abs=0.02)


def test_masks_are_those_of_training(falling):
    config = falling(epochs=4)
    task = tasks.get(config.task)
    data = task.load(config.data)
    shown = preview_run(task, config, data, 5, 1)
    reader = task.reader(config, data)
    examples = task.encode(data.train.select(range(5)), reader, config, data=data)
    hidden = examples.hide(examples.batch(range(5)), config.masking, Moment(config.training.seed, 1, 0.25))
    masked = (hidden.inputs["input_ids"] == reader.mask_token_id).sum(dim=1).tolist()
    assert [one["hidden_units"] for one in shown["examples"]] == masked
    assert all(sum(piece["hidden"] for piece in one["pieces"]) >= 1 for one in shown["examples"])


@pytest.fixture
def table(tmp_path):
    """A run file of a task that shows rows of a table."""
    path = tmp_path / "run.yaml"
    node = {**made_up.configuration(tmp_path / "run", made_up.HIDING), "task": "tests.preview.table_task:TASK"}
    path.write_text(dump_config(parse_config(node)))
    return path


def test_rows_of_a_table_are_shown_with_what_is_hidden(table):
    shown = CliRunner().invoke(application(), ["preview", str(table), "-n", "2", "--json"])
    assert shown.exit_code == 0, shown.output
    examples = json.loads(shown.stdout)["examples"]
    rows = [example["row"] for example in examples]
    assert [len(row) for row in rows] == [made_up.CELLS] * 2
    assert [sum(hidden for _, _, hidden in row) for row in rows] == [one["hidden_units"] for one in examples] == [6, 6]

    printed = CliRunner().invoke(application(), ["preview", str(table), "-n", "2"])
    assert printed.exit_code == 0, printed.output
    lines = printed.stdout.splitlines()
    assert any(line.startswith("[marked]: hidden") for line in lines)
    for column, value, hidden in rows[0]:
        assert f"  {column:<7}  {f'[{value}]' if hidden else value}" in lines
