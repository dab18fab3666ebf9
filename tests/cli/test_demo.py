"""`maskwright demo`: what it writes, what it says beforehand, and the sentence it ends with."""

import copy
import sys

import pytest

from maskwright import cli, tasks
from maskwright.cli import demo
from maskwright.data.shortcut.section import VARIANTS


def document(*differences):
    """What the conclusion reads of an evaluation: (model, twin, low, high) for each way of removing."""
    rows = [
        {
            "variant": name,
            "model": {"value": model},
            "twin": {"value": twin},
            "difference": {"value": model - twin, "low": low, "high": high},
        }
        for name, (model, twin, low, high) in zip(VARIANTS, differences, strict=True)
    ]
    swapped = {**copy.deepcopy(rows[0]), "variant": "shortcut swapped", "difference": {"low": -1, "high": -0.5}}
    metric = {"label": "accuracy", "unit": "share", "higher_is_better": True, "negligible": 0.01}
    even, odd = [[30, 20], [20, 30]], [[48, 2], [40, 10]]
    answers = [{"name": f"variant “{name}”", "model": even, "twin": even} for name in VARIANTS]
    answers += [{"name": "whole input", "model": odd, "twin": odd}]
    groups = {"variants": [{"variant": "original"}, swapped, *rows]}
    return {"metric": metric, "groups": groups, "answers": {"conditions": answers}}


HELPS, UNCLEAR = (0.6, 0.4, 0.1, 0.3), (0.5, 0.45, -0.02, 0.12)


@pytest.mark.parametrize(
    ("ways", "beginning"),
    [
        ((HELPS, HELPS, HELPS), "Masking made the model depend less on the shortcut, whichever way it is removed: "),
        ((UNCLEAR, UNCLEAR, UNCLEAR), "It is not shown that masking made the model depend less on the shortcut: "),
        ((HELPS, UNCLEAR, HELPS), "Masking made the model depend less on the shortcut, but this is shown only for "),
    ],
)
def test_the_conclusion_goes_by_every_way(ways, beginning):
    sentence = demo.conclusion(document(*ways))
    assert sentence.startswith(beginning)
    assert "for its twin (name deleted, masked, or replaced by a neutral word)" in sentence
    if UNCLEAR in ways and HELPS in ways:
        assert "“removed, deleted” and “removed, neutral”" in sentence
        assert "50.0% to 60.0% for the model" in sentence
        assert "40.0% to 45.0% for its twin" in sentence


def test_the_conclusion_says_which_model_has_one_answer_only():
    told = document(HELPS, HELPS, HELPS)
    assert "same answer" not in demo.conclusion(told)
    told["answers"]["conditions"][1]["twin"] = [[48, 2], [40, 10]]
    assert demo.conclusion(told).endswith(" There the twin gives the same answer to up to 88% of the texts.")


@pytest.mark.parametrize("quick", [False, True])
def test_the_configuration_is_a_whole_one(tmp_path, quick):
    path = tmp_path / "run.yaml"
    path.write_text(demo.configuration(tmp_path, quick))
    config = tasks.load_config(path)
    assert config.data.shortcut.column == "shortcut"
    assert config.data.variants == {"shortcut swapped": "text_swapped"}
    assert config.data.train == str(demo.data_folder(tmp_path, quick) / "train.jsonl")


@pytest.mark.parametrize(("arguments", "takes"), [([], demo.WHOLE_TAKES), (["--quick"], demo.QUICK_TAKES)])
def test_says_how_long_it_takes_before_anything_slow(tmp_path, monkeypatch, capsys, arguments, takes):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("maskwright.data.demo.libraries.build_demo_data", stop)
    monkeypatch.setattr(sys, "argv", ["maskwright", "demo", "--folder", str(tmp_path), *arguments])
    with pytest.raises(SystemExit):
        cli.main()
    assert takes in " ".join(capsys.readouterr().err.split())


@pytest.mark.slow
def test_quick_from_end_to_end(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["maskwright", "demo", "--quick", "--folder", str(tmp_path)])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert stopped.value.code in (None, 0)
    out = " ".join(capsys.readouterr().out.split())
    assert "Masking made the model depend less on the shortcut" in out
    assert "The shortcut was removed in 3 ways" in out
    assert (tmp_path / "quick" / "report.html").exists()
