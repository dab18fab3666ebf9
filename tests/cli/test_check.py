"""`maskwright check`, as typed."""

import json
import re
import subprocess
import sys

import pytest

from maskwright import cli

RUN = "model: scratch:tiny\ndata: {train: train.csv, test: test.csv, max_length: 6}\nmasking: none\n"


@pytest.fixture
def check(tmp_path, monkeypatch, capsys):
    """Run the command in a folder with a good configuration; give (exit code, standard output, standard error)."""

    def table(start, number):
        lines = (f"review number {start + i} was [bold]{'good' if i % 2 else 'bad'},{i % 2}\n" for i in range(number))
        return "text,label\n" + "".join(lines)

    (tmp_path / "run.yaml").write_text(RUN)
    (tmp_path / "train.csv").write_text(table(0, 40))
    (tmp_path / "test.csv").write_text(table(100, 10) + "a review of more than six words,1\n")
    monkeypatch.chdir(tmp_path)

    def call(*arguments, command="check"):
        monkeypatch.setattr(sys, "argv", ["maskwright", command, *arguments])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        return (stopped.value.code or 0, *capsys.readouterr())

    return call


def test_summary(check):
    code, out, err = check("run.yaml")
    assert (code, err) == (0, "")
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert "train 36 train.csv" in lines
    assert "validation 4 train.csv" in lines
    assert "test 11 test.csv" in lines
    assert "0 18 2 5" in lines
    assert "columns: text = 'text', label = 'label'" in lines
    assert any("test: 1 of 11 texts (9.1 %) are longer than 6 words" in line for line in lines)
    assert any("data.text is not set; column 'text' was taken" in line for line in lines)
    assert lines[-1] == "ready: maskwright train run.yaml"


def test_overrides_are_used_and_repeated(check):
    code, out, _ = check("run.yaml", "data.validation_share=0.25", "data.label=label")
    assert code == 0
    assert "data.label is not set" not in out
    assert out.rstrip().endswith("ready: maskwright train run.yaml data.validation_share=0.25 data.label=label")


def test_json(check):
    code, out, _ = check("run.yaml", "--json")
    document = json.loads(out)
    assert code == 0
    assert document["ready"] is True
    assert document["rows"] == {"train": 36, "validation": 4, "test": 11}
    assert document["classes"]["1"] == {"train": 18, "validation": 2, "test": 6}
    assert re.fullmatch("2:[0-9a-f]{64}", document["fingerprint"])


@pytest.mark.parametrize(("override", "where"), [("data.label=lable", "train.csv"), ("dta.x=1", "configuration")])
def test_json_with_problems(check, override, where):
    code, out, err = check("run.yaml", override, "--json")
    document = json.loads(out)
    assert (code, err, document["ready"]) == (2, "", False)
    assert document["problems"][0]["where"] == where


def test_tokens_are_counted_by_the_tokenizer_of_the_model(check, monkeypatch):
    from maskwright.tasks.text import checks

    def tokenizer(texts, **_):
        return {"input_ids": [list(text) for text in texts]}

    monkeypatch.setattr(checks, "load_tokenizer", lambda config, texts: tokenizer)
    _, out, _ = check("run.yaml", "model=some/name")
    assert "train: 36 of 36 texts (100.0 %) are longer than 6 tokens" in out


def test_labels_are_printed_as_they_are(check, tmp_path):
    rows = "".join(f"text {i},{'[red]x[/red]' if i % 2 else 'y'}\n" for i in range(20))
    (tmp_path / "train.csv").write_text("text,label\n" + rows)
    _, out, _ = check("run.yaml", "data.test=null")
    assert "[red]x[/red]" in out


def test_many_classes_are_cut_with_their_number(check, tmp_path):
    rows = "".join(f"text {i},class {i % 50}\n" for i in range(200))
    (tmp_path / "train.csv").write_text("text,label\n" + rows)
    _, out, _ = check("run.yaml", "data.test=null")
    assert "... and 20 more" in out


@pytest.mark.parametrize("command", ["check", "preview", "audit"])
def test_more_units_than_there_are_is_refused_everywhere(check, command):
    settings = ["masking={pattern: iid, fill: mask-token, unit: word, budget: {count: 1000}}"]
    code, out, err = check("run.yaml", *settings, command=command)
    assert (code, out) == (2, "")
    assert "count 1000, and the largest of the 36 training examples looked at has 4 units" in err


def test_examples_without_the_region_are_told(check):
    late = "masking={pattern: {within: {pattern: iid, region: {word: [5, null]}}}, fill: drop, unit: word, budget: 0.5}"
    code, out, _ = check("run.yaml", late)
    assert code == 0
    assert "nothing is hidden of 36 of the 36 training examples" in out


def test_trackers_that_are_not_installed_are_told(check, monkeypatch):
    monkeypatch.setattr("maskwright.train.trackers.find_spec", lambda package: None)
    code, out, err = check("run.yaml", "training.report_to=[none, tensorboard]")
    assert (code, out) == (2, "")
    assert "training.report_to: tensorboard needs the package tensorboard" in err


def test_neither_torch_nor_transformers_is_loaded(check, tmp_path):
    del check
    code = (
        "import sys; sys.argv = ['maskwright', 'check', 'run.yaml']\n"
        "from maskwright.cli import main\n"
        "try: main()\nexcept SystemExit as stop: assert not stop.code\n"
        "sys.exit(sum(name in sys.modules for name in ('torch', 'transformers')))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=False, capture_output=True).returncode == 0
