"""The vocabulary of a configuration: what is common to all tasks, and how a task's own sections come in."""

from __future__ import annotations

import dataclasses
from functools import partial

import pytest
from pydantic import BaseModel, ConfigDict

from maskwright import objectives
from maskwright.config import Configuration, DataSection, EvaluationConfig, RunConfig, TrainingConfig
from maskwright.config.reading import parse_config
from maskwright.errors import ConfigError
from maskwright.masking import Masking
from maskwright.objectives.consistency import Consistency
from maskwright.objectives.supervised import Supervised


class Shells(DataSection):
    """Where the shells are."""

    beach: str = "north"


class Collecting(TrainingConfig):
    """How shells are collected."""

    buckets: int = 2


class Writing(BaseModel):
    """How answers are written."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    beams: int = 1


objective = partial(objectives.read, "shells", ("supervised", "consistency"))

SHELLS = Configuration(
    Shells,
    objective,
    Collecting,
    Writing,
    {"evaluation": {"patterns": ["iid", "block"], "draws": 1}, "training": {"buckets": 5}, "masking": "automask"},
)
PLAIN = Configuration(DataSection, objective)


def configurations(task: str) -> Configuration:
    if task not in ("shells", "plain"):
        raise ConfigError(f"task: there is no task '{task}'.")
    return SHELLS if task == "shells" else PLAIN


def parsed(**node) -> RunConfig:
    return parse_config({"task": "shells", "model": "scratch:tiny", "data": {}, **node}, "here", configurations)


def test_sections_are_the_tasks_own():
    config = parsed(data={"beach": "south"}, training={"buckets": 3, "epochs": 1}, generation={"beams": 4})
    assert config.data == Shells(beach="south")
    assert config.training == Collecting(buckets=3, epochs=1)
    assert config.generation == Writing(beams=4)
    assert parsed().generation == Writing()


@pytest.mark.parametrize(
    ("node", "message"),
    [
        ({"data": {"baech": "south"}}, r"unknown key 'data\.baech'\. Did you mean 'beach'"),
        ({"training": {"bucket": 1}}, r"unknown key 'training\.bucket'\. Did you mean 'buckets'"),
        ({"generation": {"beam": 1}}, r"unknown key 'generation\.beam'\. Did you mean 'beams'"),
        ({"training": {"lora": {"rnk": 1}}}, r"unknown key 'training\.lora\.rnk'\. Did you mean 'rank'"),
        ({"evaluation": {"draw": 1}}, r"unknown key 'evaluation\.draw'\. Did you mean 'draws'"),
        ({"data": {"beach": 3}}, r"data\.beach.*string.*3"),
        ({"data": "shells.csv"}, r"data"),
        ({"training": {"buckets": "many"}}, r"training\.buckets.*'many'"),
        ({"objective": "reconstruct"}, r"objective: shells learns supervised or consistency, given 'reconstruct'"),
        ({"task": "plain", "data": {}, "generation": {}}, r"generation: the answers of plain are not generated"),
        ({"task": "plain", "training": {"buckets": 1}}, r"unknown key 'training\.buckets'"),
        ({"task": "shels"}, r"there is no task 'shels'"),
        ({"evaluation": {"metrics": []}}, r"evaluation\.metrics"),
        ({"training": {"max_steps": 0}}, r"training\.max_steps.*greater than or equal to 1.*0"),
    ],
    ids=str,
)
def test_what_is_wrong_in_a_section_of_the_tasks_own_is_named(node, message):
    with pytest.raises(ConfigError, match=message):
        parsed(**node)


def test_every_wrong_thing_has_a_line():
    with pytest.raises(ConfigError) as error:
        parsed(data={"beahc": 1}, training={"epochs": -1, "bucket": 2}, modle="x")
    lines = str(error.value).splitlines()
    assert len(lines) == 4
    assert all(line.startswith("here: ") for line in lines)


def test_a_wrong_task_does_not_make_its_sections_wrong():
    with pytest.raises(ConfigError) as error:
        parsed(task="shels", data={"beach": "south"}, training={"buckets": 3})
    assert len(str(error.value).splitlines()) == 1


def test_defaults_of_the_task_hold_where_nothing_else_is_given():
    config = parsed(evaluation={"draws": 7}, training={"epochs": 1})
    assert config.evaluation == EvaluationConfig(patterns=["iid", "block"], draws=7)
    assert config.training.buckets == 5
    assert config.masking == Masking.from_dict("automask")
    assert parsed(masking="none").masking is None
    assert parse_config({"task": "plain", "model": "m", "data": {}}, "here", configurations).evaluation.draws == 3


def test_objectives_are_values_and_go_to_yaml_as_their_names():
    assert parsed().objective == Supervised()
    assert parsed(objective="consistency").objective == Consistency()
    assert parsed().model_dump(mode="json")["objective"] == "supervised"
    assert parsed(objective="consistency").model_dump(mode="json")["objective"] == {"consistency": {"weight": 1.0}}


def test_what_is_written_reads_back_equal():
    config = parsed(
        data={"beach": "south"}, masking="automask", objective="consistency", evaluation={"metrics": ["a", "b"]}
    )
    again = parse_config(config.model_dump(mode="json"), "again", configurations)
    assert again == config


def test_sections_given_as_values_are_taken_as_they_are():
    config = parsed(data=Shells(beach="west"), training=Collecting(buckets=9))
    assert (config.data.beach, config.training.buckets) == ("west", 9)


def test_averages_need_a_constant_rate():
    with pytest.raises(ConfigError, match=r"ema=0\.9 with learning_rate_schedule=linear"):
        parsed(training={"ema": 0.9})
    assert parsed(training={"ema": 0.9, "learning_rate_schedule": "constant"}).training.ema == 0.9


def test_patterns_of_the_evaluation_are_named_as_tables_name_them():
    tied = {"tied": {"pattern": "iid", "axis": "frame"}}
    evaluation = EvaluationConfig(patterns=["iid", {"span": 3}, tied])
    assert list(evaluation.named_patterns)[::2] == ["iid", "tied(iid, axis=frame)"]


def test_what_a_task_says_of_its_configuration_is_a_value():
    with pytest.raises(dataclasses.FrozenInstanceError):
        SHELLS.data = DataSection
