"""What `check_task` says of tasks that do not keep the contract."""

import dataclasses
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from maskwright.errors import RunError
from maskwright.evaluate.run import evaluate
from maskwright.tasks import parse_config
from maskwright.tasks.contract import Built
from maskwright.testing.task_checks import TASK_CHECKS
from maskwright.testing.tasks import TaskSubject
from maskwright.train.folder import RunFolder
from maskwright.train.run import train
from tests.evaluate import made_up

CHECKS = {check.name: check for check in TASK_CHECKS}


class Unsaved(torch.nn.Module):
    """A model that writes nothing."""


class OwnFiles(made_up.Mean):
    """A model with files of its own: no config.json, and weights under another name."""

    def save_pretrained(self, folder):
        Path(folder).mkdir(parents=True, exist_ok=True)
        save_file(self.state_dict(), Path(folder) / "weights.safetensors")


def reader(config, data):
    return made_up.Reader()


def build(config, data):
    return Built(OwnFiles(0.0), made_up.Reader())


def build_unsaved(config, data):
    return Built(Unsaved(), made_up.Reader())


def restore(folder):
    """RunError where something is missing or damaged, as the contract asks."""
    model = OwnFiles(0.0)
    try:
        model.load_state_dict(load_file(folder / "weights.safetensors"))
    except Exception as error:
        raise RunError(f"{folder}: {error}") from error
    return Built(model, made_up.Reader())


def fill(reader):
    return "zero"


NAME = "tests.tasks.test_check_task:TASK"
TASK = dataclasses.replace(
    made_up.TASK, name=NAME, reader=reader, build=build, restore=restore, plain_fill=fill, sections=None
)


def config(folder, **training):
    return parse_config({**made_up.configuration(folder, made_up.HIDING, **training), "task": NAME})


def finding(check, folder, **changed):
    """What a check says of the task with other parts."""
    return CHECKS[check].measure(TaskSubject(dataclasses.replace(TASK, **changed), config(folder / "run"), folder))


@pytest.mark.parametrize("check", ["declaration", "restored", "damaged"])
def test_a_task_with_files_of_its_own_passes(check, tmp_path):
    found = finding(check, tmp_path)
    assert found.verdict == "pass", found.measured


def test_what_does_not_pickle_is_a_finding(tmp_path):
    found = finding("declaration", tmp_path, reader=lambda config, data: made_up.Reader())
    assert found.verdict == "fail"
    assert "it does not pickle: " in found.measured
    assert found.measured.endswith("define classes and functions at the top of the module")


def test_a_section_without_a_name_in_the_module_is_a_finding(tmp_path):
    from maskwright.data.roles import TEXT
    from maskwright.data.sections import section_of

    own = dataclasses.replace(TASK.configuration, data=section_of("Nowhere", (TEXT,)))
    found = finding("declaration", tmp_path, configuration=own)
    assert found.verdict == "fail"
    assert "does not pickle" in found.measured


def test_another_name_than_the_one_it_is_found_by_is_a_finding(tmp_path):
    found = finding("declaration", tmp_path, name="mine:TASK")
    assert found.verdict == "fail"
    assert f"its name is 'mine:TASK', but a configuration gives '{NAME}'" in found.measured


@pytest.mark.parametrize("check", ["restored", "damaged"])
def test_a_model_that_cannot_be_saved_is_a_finding(check, tmp_path):
    found = finding(check, tmp_path, build=build_unsaved)
    assert found.verdict == "fail"
    assert "the model (Unsaved) has no save_pretrained(folder)" in found.measured


def test_another_error_than_ours_for_a_damaged_folder_is_a_finding(tmp_path):
    found = finding("damaged", tmp_path, restore=made_up.TASK.restore)
    assert found.verdict == "fail"
    assert "an empty folder: FileNotFoundError" in found.measured


def test_a_run_with_files_of_its_own_is_trained_and_evaluated(tmp_path):
    path = train(config(tmp_path / "run", epochs=1, batch_size=8))
    assert RunFolder(path).finished_info()["model_files"] == ["reader.json", "weights.safetensors"]
    assert not (path / "model" / "config.json").exists()
    document = evaluate([path], ["evaluation.twin=false", "evaluation.examples=0"]).document
    assert document["clean"]["model"]["value"] > 0
    (path / "model" / "weights.safetensors").unlink()
    with pytest.raises(RunError, match=r"weights\.safetensors: missing.*train again"):
        evaluate([path], ["evaluation.twin=false"])
