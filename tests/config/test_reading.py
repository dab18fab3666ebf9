"""From a file and overrides to a configuration, and back, for every task."""

import pytest
import yaml

from maskwright import tasks
from maskwright.config import dump_config, overridden_masking, read_config
from maskwright.errors import ConfigError
from maskwright.masking import Masking
from maskwright.tasks import load_config, parse_config

RUN = "model: scratch:tiny\ndata: {train: train.csv}\nmasking: bert\n"


@pytest.fixture
def run(tmp_path):
    path = tmp_path / "run.yaml"
    path.write_text(RUN)
    return path


def test_overrides_are_read_as_yaml_and_make_the_sections_they_need(run):
    node = read_config(run, ["training.seed=3", "evaluation.patterns=[iid, {span: 3}]", "training.lora.rank=4", "a=b"])
    assert node["training"] == {"seed": 3, "lora": {"rank": 4}}
    assert node["evaluation"] == {"patterns": ["iid", {"span": 3}]}
    assert node["a"] == "b"


def test_one_part_of_a_preset_can_be_overridden(run):
    config = load_config(run, ["masking.budget=0.3"])
    preset = Masking.from_dict("bert")
    assert config.masking == Masking.from_dict({**preset.to_dict(), "budget": 0.3})
    assert overridden_masking("bert", ["masking.budget=0.3"]) == config.masking
    with pytest.raises(ConfigError, match="a preset has only keys of its masking"):
        overridden_masking("bert", ["training.seed=1"])


def test_what_masking_none_is_overridden_with_stands_alone(run):
    assert load_config(run, ["masking=none"]).masking is None


@pytest.mark.parametrize("task", tasks.names())
def test_what_is_written_reads_back_equal(task):
    masking = PRESETS.get(task, "none")
    node = {"task": task, "model": "scratch:tiny", "data": {"train": "train"}, "masking": masking}
    config = parse_config(node)
    assert (config.masking is not None) == config.objective.learns_hidden
    node = yaml.safe_load(dump_config(config))
    assert node["task"] == task
    assert set(node["training"]) == set(type(config.training).model_fields)
    assert parse_config(node) == config


PRESETS = {"masked-image": "mae", "masked-video": "videomae"}
"""Where nothing is learned without a masking."""


def test_the_file_is_named_in_every_message(run):
    with pytest.raises(ConfigError, match=r"run\.yaml: unknown key 'trainig'\. Did you mean 'training'"):
        load_config(run, ["trainig.seed=1"])
    with pytest.raises(ConfigError, match=r"run\.yaml: .*has no 'accuracie'"):
        load_config(run, ["evaluation.metrics=[accuracie]"])
