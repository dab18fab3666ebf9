"""Tasks by name and by module, and configurations read with what they say of them."""

import dataclasses
import sys

import pytest

from maskwright import tasks
from maskwright.errors import ConfigError
from maskwright.tasks import parse_config
from maskwright.tasks.contract import Task
from tests.evaluate import made_up

MINIMAL = {"model": "scratch:tiny", "data": {"train": "a.csv"}, "masking": "automask"}


def written(folder, name, code, monkeypatch):
    """A module in the folder where the command runs."""
    (folder / f"{name}.py").write_text(code)
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", list(sys.path))


@pytest.mark.parametrize("name", tasks.names())
def test_every_task_of_the_library_is_a_task_under_its_own_name(name):
    task = tasks.get(name)
    assert isinstance(task, Task)
    assert task.name == name
    names = [metric.name for metric in task.metrics]
    assert names
    assert len(set(names)) == len(names)
    assert len(task.chosen_metrics(None)) >= 1
    assert all(vars(task.words).values())


def test_the_default_is_one_of_them():
    assert parse_config(MINIMAL).task == "text-classification"
    assert "text-classification" in tasks.names()


def test_an_unknown_name_is_refused_with_the_nearest():
    message = r"task: there is no task 'text-clasification'\. Did you mean 'text-classification'.*module:TASK"
    with pytest.raises(ConfigError, match=message):
        tasks.get("text-clasification")
    with pytest.raises(ConfigError, match="no task 'text-clasification'"):
        parse_config({**MINIMAL, "task": "text-clasification"})


def test_a_task_of_ones_own_is_found_by_module_and_name(tmp_path, monkeypatch):
    assert tasks.get("tests.evaluate.made_up:TASK") is made_up.TASK
    code = "from tests.evaluate.made_up import TASK as MINE\n"
    written(tmp_path, "task_in_this_folder", code, monkeypatch)
    assert tasks.get("task_in_this_folder:MINE") is made_up.TASK


@pytest.mark.parametrize(
    ("name", "code", "message"),
    [
        ("no_such_module_here:TASK", "", r"no module 'no_such_module_here'.*current folder and on PYTHONPATH"),
        ("half_a_task:TASK", "import nothing_like_it\n", r"there is no module 'nothing_like_it'"),
        ("broken_task:TASK", "1 / 0\n", r"importing broken_task raised ZeroDivisionError: division by zero"),
        ("unwritten_task:TASK", "def (\n", r"importing unwritten_task raised SyntaxError"),
        ("leaving_task:TASK", "raise SystemExit(3)\n", r"importing leaving_task raised SystemExit: 3"),
        (
            "other_task:TSK",
            "from tests.evaluate.made_up import TASK\n",
            r"no 'TSK' in other_task\. Did you mean 'TASK'",
        ),
        ("empty_task:TASK", "x = 1\n", r"no 'TASK' in empty_task\. The module holds no task"),
        ("number_task:TASK", "TASK = 3\n", r"expected a maskwright\.tasks\.contract\.Task, given int; see docs"),
        ("file_task.py:TASK", "", r"expected module:TASK, such as .*without \.py"),
        (":TASK", "", r"expected module:TASK"),
        ("alone:", "", r"expected module:TASK"),
    ],
)
def test_what_cannot_be_imported_or_is_no_task_is_refused(tmp_path, monkeypatch, name, code, message):
    if code:
        written(tmp_path, name.partition(":")[0], code, monkeypatch)
    with pytest.raises(ConfigError, match=message):
        tasks.get(name)
    with pytest.raises(ConfigError, match="task"):
        parse_config({**MINIMAL, "task": name})


def test_sections_and_defaults_are_the_tasks_own(tmp_path):
    config = parse_config(made_up.configuration(tmp_path, "none"))
    assert isinstance(config.data, made_up.Section)
    assert config.evaluation.unit == "patch"
    assert parse_config({**made_up.configuration(tmp_path, "none"), "data": {"rows": 4}}).data.rows == 4
    with pytest.raises(ConfigError, match=r"unknown key 'data\.text'"):
        parse_config({**made_up.configuration(tmp_path, "none"), "data": {"text": "text"}})
    with pytest.raises(ConfigError, match=r"unknown key 'data\.rows'"):
        parse_config({**MINIMAL, "data": {"train": "a.csv", "rows": 4}})


def test_class_weights_are_a_key_only_where_the_task_is_a_classifier(tmp_path):
    assert parse_config({**MINIMAL, "training": {"class_weights": "auto"}}).training.class_weights == "auto"
    with pytest.raises(ConfigError, match=r"unknown key 'training\.class_weights'"):
        parse_config(made_up.configuration(tmp_path, "none", class_weights="auto"))


def test_generation_is_a_key_only_where_answers_are_generated():
    with pytest.raises(ConfigError, match="the answers of text-classification are not generated"):
        parse_config({**MINIMAL, "generation": {"beams": 4}})
    assert parse_config(MINIMAL).generation is None


@pytest.mark.parametrize("names", [["macro_f1", "acuracy"], ["acuracy"]])
def test_unknown_metrics_are_refused_with_the_nearest(names):
    with pytest.raises(ConfigError, match=r"evaluation\.metrics: .* has no 'acuracy'\. Did you mean 'accuracy'"):
        parse_config({**MINIMAL, "evaluation": {"metrics": names}})


def test_a_metric_named_twice_is_refused():
    with pytest.raises(ConfigError, match=r"evaluation\.metrics: 'accuracy' is given 2 times"):
        parse_config({**MINIMAL, "evaluation": {"metrics": ["accuracy", "accuracy"]}})


def test_metrics_are_chosen_by_name_in_the_order_of_the_configuration():
    task = tasks.get("text-classification")
    assert [metric.name for metric in task.chosen_metrics(None)] == ["accuracy", "macro_f1", "loss"]
    chosen = task.chosen_metrics(["balanced_accuracy", "accuracy"])
    assert [metric.name for metric in chosen] == ["balanced_accuracy", "accuracy"]
    every = dataclasses.replace(task, default_metrics=0)
    assert every.chosen_metrics(None) == task.metrics


def test_a_masking_per_modality_needs_a_task_with_modalities():
    both = {"modalities": {"image": {"pattern": "iid", "fill": "zero"}, "text": {"pattern": "iid", "fill": "zero"}}}
    with pytest.raises(ConfigError, match=r"masking\.modalities: text-classification has inputs of one kind"):
        parse_config({**MINIMAL, "masking": {**both, "budget": 0.5}})


def test_an_objective_that_compares_views_needs_something_hidden():
    with pytest.raises(ConfigError, match="compares masked views, so something must be hidden"):
        parse_config({**MINIMAL, "masking": "none", "objective": "consistency"})
    assert parse_config({**MINIMAL, "objective": "consistency"}).objective.views == 2
