"""`maskwright train` as a person meets it."""

import json
import shlex
import sys
from pathlib import Path

import pytest

from maskwright import cli


def write_run(folder: Path, **data) -> Path:
    rows = [
        {"text": f"{word} and {number} more", "label": label}
        for number in range(12)
        for word, label in (("cats", "animal"), ("hammers", "tool"))
    ]
    (folder / "train.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    settings = {
        "model": "scratch:tiny",
        "data": {"train": str(folder / "train.jsonl"), "validation_share": 0.25, "max_length": 16, **data},
        "masking": "automask",
        "training": {
            "epochs": 1,
            "batch_size": 8,
            "learning_rate": 1e-3,
            "output": str(folder / "run"),
            "dtype": "fp32",
        },
    }
    path = folder / "run.yaml"
    path.write_text(json.dumps(settings))
    return path


@pytest.fixture
def maskwright(monkeypatch, capfd):
    from maskwright.cli.console import console, output

    def call(*arguments):
        console.cache_clear(), output.cache_clear()
        monkeypatch.setattr(sys, "argv", ["maskwright", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            cli.main()
        out, err = capfd.readouterr()
        return left.value.code or 0, out, err

    yield call
    console.cache_clear(), output.cache_clear()


def test_train_and_again(maskwright, tmp_path):
    run = write_run(tmp_path)
    code, out, err = maskwright("train", run, "--json")
    assert code == 0
    result = json.loads(out)
    assert result["run"] == str(tmp_path / "run")
    assert set(result["validation"]) == {"accuracy", "macro_f1", "loss"}
    assert "epoch 1.00, step 3: validation accuracy" in err
    assert "%|" not in err
    assert "Warning" not in err
    code, out, err = maskwright("train", run)
    assert code == 0
    assert "is finished already" in err
    assert f"next        maskwright evaluate {tmp_path / 'run'}" in out


def test_a_finished_run_tells_how_other_evaluations_are_made(maskwright, tmp_path):
    run = write_run(tmp_path)
    maskwright("train", run)
    code, _, err = maskwright("train", run, "evaluation.draws=5", "evaluation.ratios=[0, 0.5]")
    assert code == 0
    assert "evaluation.draws: 3 -> 5" in err
    command = f"maskwright evaluate {tmp_path / 'run'} 'evaluation.ratios=[0.0, 0.5]' evaluation.draws=5"
    assert command in err
    assert "settings of its evaluation" not in maskwright("train", run)[2]
    from maskwright.evaluate.run import _subject

    settings = _subject(tmp_path / "run", shlex.split(command)[3:]).config.evaluation
    assert (settings.draws, settings.ratios) == (5, [0.0, 0.5])


def test_bad_input_is_one_message(maskwright, tmp_path, monkeypatch):
    monkeypatch.setattr("maskwright.train.trackers.find_spec", lambda package: None)
    run = write_run(tmp_path)
    for override, message in [
        ("training.epoch=3", "Did you mean 'epochs'"),
        ("data.train=nowhere.csv", "nowhere.csv"),
        ("model=nobody/nothing", "not in the local cache"),
        ("training.world_size=2", "2 processes are expected"),
        ("training.report_to=wandb", "wandb needs the package wandb, which is not installed"),
        ("training.report_to=[wanb]", "Did you mean 'wandb'"),
    ]:
        code, out, err = maskwright("train", run, override)
        assert (code, out) == (2, "")
        assert message in err
        assert "Traceback" not in err
        assert not (tmp_path / "run").exists()


def test_ctrl_c_says_how_to_go_on(maskwright, tmp_path, monkeypatch):
    import os
    import signal

    from maskwright.train import trainer

    run, original = write_run(tmp_path), trainer.MaskedTrainer.log

    def interrupted(self, logs, start_time=None):
        if self.state.global_step == 1:
            os.kill(os.getpid(), signal.SIGINT)
        original(self, logs, start_time)

    with monkeypatch.context() as patch:
        patch.setattr(trainer.MaskedTrainer, "log", interrupted)
        code, out, err = maskwright("train", run)
    assert (code, out) == (130, "")
    assert "stopping after the current step" in err
    assert "stopped at step 2 of 3" in err
    assert "The same command goes on from there." in err
    code, out, err = maskwright("train", run)
    assert code == 0
    assert "going on from step 2 of 3." in err
