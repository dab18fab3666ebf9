"""`maskwright audit`, as typed."""

import json
import sys

import pytest

from maskwright import cli

RUN = """model: scratch:tiny
data: {train: train.csv, max_length: 32}
masking: {pattern: iid, budget: 0.3, fill: mask-token}
"""
CODE = """import numpy as np
import sys
def leave(x):
    sys.exit(7)
def interrupted(x):
    raise KeyboardInterrupt
def coin(x):
    return np.random.rand(*x.shape) < 0.5
def boom(x):
    raise OSError("no")
class EveryThird:
    def __call__(self, grid, count, *, valid, rng):
        return valid
"""


@pytest.fixture
def audit(tmp_path, monkeypatch, capsys):
    """Run the command in a folder with a configuration, data and a module; give (exit code, output, errors)."""
    words = "one two three four five six seven eight nine ten eleven twelve".split()
    rows = "".join(f"{' '.join(words[i % 5 : i % 5 + 7])} {i},{i % 2}\n" for i in range(120))
    (tmp_path / "run.yaml").write_text(RUN)
    (tmp_path / "train.csv").write_text("text,label\n" + rows)
    (tmp_path / "header.csv").write_text("text,label\n")
    (tmp_path / "numbers.jsonl").write_text('{"a": 1}\n')
    (tmp_path / "masks_typed_here.py").write_text(CODE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend("")

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["maskwright", "audit", *arguments])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        return (stopped.value.code or 0, *capsys.readouterr())

    yield call
    sys.modules.pop("masks_typed_here", None)


def test_a_configuration_on_its_data(audit):
    code, out, err = audit("run.yaml", "masking.budget=0.5", "--only", "ratio", "--only", "special_tokens")
    assert (code, err) == (0, "")
    assert "asked 0.5, realised 0.5" in " ".join(out.split())
    assert "2 passed, 0 failed, 0 not applicable" in out


def test_a_failed_check_is_exit_code_1_and_told_how_to_repeat(audit):
    code, out, _ = audit("masks_typed_here:coin", "--ratio", "0.5", "--only", "workers", "--only", "ratio")
    assert code == 1
    assert "one check again: maskwright audit masks_typed_here:coin --ratio 0.5 --only workers" in out


def test_json_and_page(audit, tmp_path):
    code, out, err = audit("bert", "--json", "--only", "ratio", "--output", "audit.html")
    document = json.loads(out)
    assert (code, err) == (0, "")
    assert document["target"] == "bert"
    assert [check["name"] for check in document["checks"]] == ["ratio"]
    assert (tmp_path / "audit.html").read_text("utf-8").startswith("<!DOCTYPE html>")


def test_a_preset_on_a_file(audit):
    code, out, _ = audit("bert", "--data", "train.csv", "--only", "ratio")
    assert code == 0
    assert "120 examples" in out


def test_ctrl_c_is_one_line_and_exit_code_130(audit):
    code, out, err = audit("masks_typed_here:interrupted")
    assert (code, out, err) == (130, "", "error: stopped by Ctrl-C.\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere:x"], "there is no module 'nowhere'"),
        (["masks_typed_here:boom"], "raised OSError: no"),
        (["masks_typed_here:boom"], "masks_typed_here.py, line 10)"),
        (["masks_typed_here:EveryThird"], "maskwright.testing.check_pattern(EveryThird(), Grid(token=64))"),
        (["masks_typed_here.py:boom"], "without .py: masks_typed_here:boom"),
        (["masks_typed_here.py"], "without .py: masks_typed_here:name"),
        (["none"], "none hides nothing"),
        (["masks_typed_here:leave"], "raised SystemExit: 7"),
        (["masks_typed_here:coin", "x"], "expected key=value"),
        (["masks_typed_here:coin", "--only", "ration"], "Did you mean 'ratio'"),
        (["brt"], "Did you mean 'bert'"),
        (["bert", "a=1"], "a preset has nothing to set"),
        (["bert", "--data", "none.csv"], "there is no such file"),
        (["bert", "--data", "header.csv"], "only a header"),
        (["bert", "--data", "numbers.jsonl"], "found no texts"),
        (["bert", "--output", "audit.pdf"], "ends with .html or .png"),
        (["bert", "--output", "none/audit.html"], "there is no folder"),
        (["none.yaml"], "there is no such file"),
        (["run.yaml", "masking=none"], "nothing to audit"),
        (["run.yaml", "--data", "train.csv"], "do not go with a run configuration"),
        (
            ["run.yaml", "task=image-classification", "data={}", "masking.unit=patch"],
            "with maskwright preview run.yaml",
        ),
        (["run.yaml", "data.train=header.csv"], "only a header"),
    ],
)
def test_bad_input_is_one_message_and_exit_code_2(audit, arguments, message):
    code, out, err = audit(*arguments)
    assert (code, out) == (2, "")
    assert message in " ".join(err.split())
    assert err.startswith("error: ")
    assert "Traceback" not in err
