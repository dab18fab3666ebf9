import json

import pytest
from typer.testing import CliRunner

from maskwright.cli import application
from maskwright.errors import RunError


@pytest.fixture
def invented(monkeypatch, tmp_path):
    """Evaluating is replaced: what is tested here is what is passed on and shown."""
    from maskwright.evaluate import run
    from maskwright.report import build

    number = {"value": 0.5, "low": 0.4, "high": 0.6}
    compared = {"model": number, "twin": number, "difference": {"value": 0.1, "low": None, "high": None}}
    document = {
        "metric": {
            "name": "accuracy",
            "label": "accuracy",
            "higher_is_better": True,
            "unit": "share",
            "negligible": 0.02,
            "of_whole": True,
        },
        "data": {"chance": 0.5},
        "clean": compared,
        "groups": {"variants": [{"variant": "original", **compared}, {"variant": "[b]removed", **compared}]},
        "curves": {"iid": {"points": [{"ratio": 0.0}, {"ratio": 0.5, "score": compared}], "auc_mask": compared}},
        "verdict": {"sentence": "Masking helped [not].", "details": ["A detail."]},
    }
    calls = []

    def evaluate(runs, overrides, watch):
        calls.append((runs, overrides))
        from maskwright.train.progress import Event

        watch(Event("note", "a note [/x]"))
        watch(Event("phase", "asking", step=1, steps=2))
        watch(Event("step", step=1, steps=2, numbers={"loss": 0.5}))
        found = run.Evaluation(document, tmp_path)
        found.path.write_text(json.dumps(document))
        return found

    monkeypatch.setattr(run, "evaluate", evaluate)
    monkeypatch.setattr(build, "write_report", lambda document, path: path.write_text("page"))
    return calls


def test_runs_and_overrides_are_told_apart_and_results_shown(invented, tmp_path):
    result = CliRunner().invoke(application(), ["evaluate", "runs/a", "evaluation.draws=5", "runs/b"])
    assert result.exit_code == 0, result.output
    assert invented == [(["runs/a", "runs/b"], ["evaluation.draws=5"])]
    assert "Masking helped [not]." in result.stdout
    assert "variant [b]removed" in result.stdout
    assert "a note [/x]" in result.stderr
    assert (tmp_path / "report.html").read_text() == "page"
    assert "report.html" in result.stdout.replace("\n", "")


def test_json_prints_one_document(invented):
    result = CliRunner().invoke(application(), ["evaluate", "runs/a", "--json"])
    assert json.loads(result.stdout)["verdict"]["details"] == ["A detail."]


def test_a_run_is_needed(invented):
    result = CliRunner().invoke(application(), ["evaluate", "evaluation.draws=5"])
    assert isinstance(result.exception, RunError)
    assert "no run folder" in str(result.exception)


def test_a_bad_folder_is_exit_code_two(monkeypatch, tmp_path, capsys):
    from maskwright import cli

    monkeypatch.setattr("sys.argv", ["maskwright", "evaluate", str(tmp_path)])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    assert stop.value.code == 2
    assert "not a run folder" in capsys.readouterr().err.replace("\n", " ")


def test_ctrl_c_says_what_happens_next(invented, monkeypatch):
    from maskwright.evaluate import run

    def interrupted(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "evaluate", interrupted)
    result = CliRunner().invoke(application(), ["evaluate", "runs/a"])
    assert result.exit_code == 130
    assert "no evaluation was written" in result.stderr.replace("\n", " ")
