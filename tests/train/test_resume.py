"""A run that was killed, interrupted or damaged ends with the same numbers as one that was not."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from safetensors.torch import load_file

from maskwright.config import dump_config
from maskwright.errors import RunError
from maskwright.train.folder import RunFolder
from maskwright.train.run import train
from maskwright.train.stop import TrainingStopped

OFTEN = {"save_every": 4, "evaluate_every": 6}
"""With 9 steps an epoch."""

SCRIPT = """
import os, signal, sys
from maskwright.tasks import load_config
from maskwright.train.run import train

def watch(event):
    if event.kind == "step" and event.step == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)

train(load_config(sys.argv[1], sys.argv[3:]), on_progress=watch)
"""


def killed_at(step: int, config, folder: Path, *overrides: str):
    run_file = folder / "run.yaml"
    run_file.write_text(dump_config(config))
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(run_file), str(step), *overrides], capture_output=True, text=True
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert RunFolder(Path(config.training.output)).info()["status"] == "running"


def check_identical(one: Path, other: Path):
    assert (one / "metrics.jsonl").read_bytes() == (other / "metrics.jsonl").read_bytes()
    first, second = (load_file(str(path / "model" / "model.safetensors")) for path in (one, other))
    assert all(first[name].equal(second[name]) for name in first)
    assert not (one / "checkpoints").exists()
    assert not (one / ".lock").exists()


@pytest.fixture
def uninterrupted(make_config):
    return train(make_config("uninterrupted", **OFTEN))


def test_kill_in_both_epochs(make_config, uninterrupted, tmp_path):
    config = make_config("killed", **OFTEN)
    killed_at(7, config, tmp_path)
    killed_at(14, config, tmp_path, "training.workers=2")
    check_identical(train(config), uninterrupted)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("step", [2, 9, 10, 17, 18])
def test_kill_anywhere(make_config, uninterrupted, tmp_path, workers, step):
    config = make_config("killed", workers=workers, **OFTEN)
    killed_at(step, config, tmp_path)
    check_identical(train(config), uninterrupted)


def stopping_at(step: int, number: int):
    """Send a signal while `step` is under way: the step before has just been reported."""

    def watch(event):
        if event.kind == "step" and event.step == step - 1:
            os.kill(os.getpid(), number)

    return watch


@pytest.mark.parametrize(("number", "step"), [(signal.SIGINT, 5), (signal.SIGTERM, 9)])
def test_signals_stop_after_the_step_with_a_checkpoint(make_config, uninterrupted, number, step):
    config = make_config("stopped", **OFTEN)
    with pytest.raises(TrainingStopped) as stopped:
        train(config, on_progress=stopping_at(step, number))
    assert (stopped.value.step, stopped.value.steps) == (step, 18)
    folder = RunFolder(stopped.value.run)
    assert folder.info()["status"] == "interrupted"
    assert [path.name for path in folder.checkpoints.glob("step-*")] == [f"step-{step}"]
    with pytest.raises(RunError, match=r"not finished.*same maskwright train command"):
        folder.finished_info()
    notes = []
    train(config, on_progress=lambda event: notes.append(event.message))
    assert f"going on from step {step} of 18." in notes
    check_identical(folder.path, uninterrupted)


def test_half_written_checkpoints_and_lines_are_ignored(make_config, uninterrupted):
    config = make_config("damaged", **OFTEN)
    with pytest.raises(TrainingStopped):
        train(config, on_progress=stopping_at(5, signal.SIGINT))
    folder = RunFolder(Path(config.training.output))
    # What a kill in the midst of writing leaves: a later folder without its marker, one with a short file, half a line.
    (folder.checkpoints / "step-8").mkdir()
    (folder.checkpoints / "step-8" / "weights.safetensors").write_bytes(b"half")
    whole = folder.checkpoints / "step-5"
    short = folder.checkpoints / "step-12"
    short.mkdir()
    for file in whole.iterdir():
        (short / file.name).write_bytes(file.read_bytes())
    (short / "optimizer.safetensors").write_bytes(b"cut")
    with folder.metrics_file.open("a") as file:
        file.write('{"step": 6, "epoch": 0.66, "loss": 1.0, "learning_rate": 0.1, "grad_norm": 1.0}\n{"step": 7, "ep')
    check_identical(train(config), uninterrupted)


def test_a_kill_while_finishing(make_config, uninterrupted, monkeypatch):
    from maskwright.train import finish

    config = make_config("finishing", **OFTEN)

    def dies(*facts):
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(finish, "describe", dies)
        with pytest.raises(SystemExit):
            train(config)
    check_identical(train(config), uninterrupted)


@pytest.mark.parametrize("extra", [{"ema": 0.9, "learning_rate_schedule": "constant"}, {"lora": {"rank": 2}}])
def test_averages_and_adapters_survive(make_config, extra):
    expected = train(make_config("whole", **OFTEN, **extra))
    config = make_config("stopped", **OFTEN, **extra)
    with pytest.raises(TrainingStopped):
        train(config, on_progress=stopping_at(7, signal.SIGINT))
    check_identical(train(config), expected)


def test_checkpoints_hold_no_pickle(make_config):
    config = make_config()
    with pytest.raises(TrainingStopped):
        train(config, on_progress=stopping_at(3, signal.SIGINT))
    files = [path for path in Path(config.training.output).rglob("*") if path.is_file()]
    assert {path.suffix for path in files} == {".json", ".jsonl", ".yaml", ".safetensors"}


def test_a_finished_run_is_not_repeated(make_config):
    config = make_config(epochs=0.2)
    before = (train(config) / "metrics.jsonl").stat().st_mtime_ns
    notes = []
    train(config, on_progress=lambda event: notes.append(event.message))
    assert notes == [f"{config.training.output} is finished already; nothing to do."]
    assert (Path(config.training.output) / "metrics.jsonl").stat().st_mtime_ns == before


def test_other_settings_are_refused(make_config):
    train(make_config(epochs=0.2))
    with pytest.raises(RunError, match=r"other settings \(training.seed: 0 -> 1\).*training.output"):
        train(make_config(epochs=0.2, seed=1))
    train(make_config(epochs=0.2, workers=1))


def test_changed_data_is_refused(make_config, data_node, tmp_path):
    changed = tmp_path / "train.jsonl"
    changed.write_text(Path(data_node["train"]).read_text())
    config = make_config(data={"train": str(changed)})
    with pytest.raises(TrainingStopped):
        train(config, on_progress=stopping_at(3, signal.SIGINT))
    changed.write_text(changed.read_text().replace("hammer", "mallet"))
    with pytest.raises(RunError, match="the data has changed"):
        train(config)


def test_another_metric_to_choose_weights_by_is_refused(make_config):
    config = make_config("begun", epochs=2)
    with pytest.raises(TrainingStopped):
        train(config, on_progress=stopping_at(3, signal.SIGINT))
    other = config.model_copy(update={"evaluation": config.evaluation.model_copy(update={"metrics": ["macro_f1"]})})
    with pytest.raises(RunError, match=r"chosen by accuracy, not by macro_f1\. Set evaluation\.metrics as it was"):
        train(other)
    more = config.model_copy(update={"evaluation": config.evaluation.model_copy(update={"metrics": ["accuracy"]})})
    assert RunFolder(train(more)).info()["kept_by"] == "accuracy"
    # Once it is done, any metrics may be measured.
    notes = []
    train(other, on_progress=lambda event: notes.append(event.message))
    assert any("evaluation.metrics: ['accuracy'] -> ['macro_f1']" in note for note in notes)


def test_one_process_per_folder(make_config):
    config = make_config(epochs=0.2)
    with (
        RunFolder(Path(config.training.output)).locked(),
        pytest.raises(RunError, match=r"another process \(process \d+\)"),
    ):
        train(config)


def test_strange_and_unwritable_folders_are_refused(make_config, tmp_path):
    strange = tmp_path / "strange"
    strange.mkdir()
    (strange / "thesis.txt").write_text("mine")
    with pytest.raises(RunError, match=r"holds other files \(thesis.txt\)"):
        train(make_config(output=str(strange)))
    with pytest.raises(RunError, match=r"Not a directory.*choose another folder"):
        train(make_config(output=str(strange / "thesis.txt" / "run")))


def test_a_full_disk_is_one_message(make_config, monkeypatch):
    import errno

    from maskwright.train import checkpoint

    def full(path, tensors):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    monkeypatch.setattr(checkpoint, "write_tensors", full)
    with pytest.raises(RunError, match=r"No space left on device.*goes on from the last checkpoint"):
        train(make_config(epochs=0.2))
