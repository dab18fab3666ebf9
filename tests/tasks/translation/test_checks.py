"""What is refused before anything slow begins, what evaluation hides, and what people see."""

import subprocess
import sys
from dataclasses import dataclass
from typing import ClassVar

import pytest

from maskwright import Drop, Masking, cli, tasks
from maskwright.errors import ConfigError
from maskwright.rng import Moment
from maskwright.tasks.metrics.generated_text import GeneratedText
from maskwright.tasks.translation import checks
from maskwright.tasks.views import View

task = tasks.get("translation")


@dataclass(frozen=True)
class Shorter:
    """A fill from elsewhere that takes tokens out."""

    changes_shape: ClassVar[bool] = True
    removes: ClassVar[bool] = True

    def __call__(self, x, mask, *, valid, rng, **facts):
        return Drop()(x, mask, valid=valid, rng=rng)

    def shorten(self, batch, hidden, attended, vocabulary):
        return Drop().shorten(batch, hidden, attended, vocabulary)


SIDE = {"pattern": "iid", "fill": "mask-token"}


def both(**changes):
    sides = {name: {**SIDE, **changes.get(name, {})} for name in ("source", "target")}
    return {"modalities": sides, "budget": 0.3}


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"masking": both(target={"fill": "drop"})}, "masking.modalities.target.fill: drop makes a text shorter"),
        (
            {"masking": both(target={"fill": "sentinel"})},
            "masking.modalities.target.fill: sentinel makes a text shorter",
        ),
        ({"masking": both(source={"fill": "zero"})}, "fill: zero puts numbers into cells"),
        (
            {"masking": both(source={"pattern": "running-cell"})},
            "masking.modalities.source.pattern: RunningCell is not for text",
        ),
        (
            {"masking": {**SIDE, "budget": 0.3, "pattern": "running-cell"}},
            "masking.pattern: RunningCell is not for text",
        ),
        (
            {"masking": {"modalities": {"source": SIDE, "targets": SIDE}, "budget": 0.3}},
            "masking.modalities: translation hides in source and target; given source, targets",
        ),
        ({"evaluation": {"unit": "patch"}}, "evaluation.unit: given 'patch'"),
        ({"evaluation": {"unit": "entity"}}, "evaluation.unit: given 'entity'"),
        ({"masking": {**SIDE, "budget": 0.3, "unit": "entity"}}, "masking.unit: given 'entity'"),
        ({"masking": both(target={"unit": "entity"})}, "masking.modalities.target.unit: given 'entity'"),
        (
            {"masking": {**SIDE, "budget": 0.3, "fill": "sentinel"}},
            "masking.fill: sentinel numbers the runs of hidden tokens, and the tokenizer that is trained with "
            "'scratch:tiny' has no sentinels. Use fill: {sentinel: single}",
        ),
        (
            {"masking": both(target={"fill": f"{__name__}:Shorter"})},
            "masking.modalities.target.fill: shorter makes a text shorter",
        ),
        ({"evaluation": {"metrics": ["blue"]}}, "evaluation.metrics: translation has no 'blue'. Did you mean 'bleu'"),
        ({"objective": "reconstruct"}, "objective: translation learns supervised or consistency"),
        ({"model": "scratch:t5-tiny"}, "'scratch:t5-tiny': translation builds models of one family"),
        ({"model": "scratch:huge"}, "there is no size 'huge'"),
        ({"data": {"sources": "en"}}, "unknown key 'data.sources'. Did you mean 'source'"),
    ],
    ids=str,
)
def test_what_does_not_go_with_translation_is_refused(sections, message, make_config):
    with pytest.raises(ConfigError) as error:
        make_config(**sections)
    assert message in str(error.value)


def test_without_sacrebleu_the_message_says_what_to_install(make_config, monkeypatch):
    monkeypatch.setattr(checks, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"pip install 'maskwright\[translation\]'"):
        make_config()
    make_config(evaluation={"metrics": ["chrf", "perplexity"]})


def test_evaluation_hides_the_source_alone_with_its_fill():
    node = {"pattern": "span", "budget": {"ratio": 0.2}, "unit": "word"}
    masking = checks.evaluated({**node, "fill": {"source": "drop", "target": "random-token"}})
    assert masking == Masking("span", 0.2, "drop", "word")
    assert checks.evaluated({**node, "fill": {"sentinel": "single"}}) == Masking(
        "span", 0.2, {"sentinel": "single"}, "word"
    )


def test_an_example_for_people(make_config, built):
    config = make_config(masking={**SIDE, "budget": 0.5, "unit": "word"})
    data, made, examples = built(config)
    answers = {"model": GeneratedText("petit police 0"), "twin": GeneratedText("grand police")}
    shown = task.shown(examples, 3, View(made.reader, config.masking, Moment(1)), answers)
    assert "".join(piece.text for piece in shown.pieces) == data.train["source"][3]
    assert sum(piece.hidden for piece in shown.pieces) == shown.hidden > 0
    assert shown.units == len(data.train["source"][3].split())
    assert shown.reference == data.train["target"][3]
    assert {who: one.text for who, one in shown.answers.items()} == {"model": "petit police 0", "twin": "grand police"}
    whole = task.shown(examples, 3, View(made.reader, None, Moment(1)), {})
    assert (whole.hidden, whole.units, any(piece.hidden for piece in whole.pieces)) == (0, 0, False)


def test_both_sides_are_shown_where_both_are_hidden_in(make_config, built):
    config = make_config(masking=both(source={"unit": "word"}))
    data, made, examples = built(config)
    shown = task.shown(examples, 0, View(made.reader, config.masking, Moment(2)), {})
    assert "".join(piece.text for piece in shown.pieces) == f"{data.train['source'][0]} → {data.train['target'][0]}"
    assert [unit for _, _, unit in shown.parts] == ["source word", "target token"]
    assert shown.hidden == sum(hidden for hidden, _, _ in shown.parts)


@pytest.fixture
def run(tmp_path, pairs_file, monkeypatch, capsys):
    """Run a command on a small configuration; give (exit code, standard output)."""
    monkeypatch.chdir(tmp_path)

    def call(command, *arguments, masking="automask"):
        (tmp_path / "run.yaml").write_text(
            f"task: translation\nmodel: scratch:tiny\ndata: {{train: {pairs_file}, source: en, target: fr}}\n"
            f"masking: {masking}\n"
        )
        monkeypatch.setattr(sys, "argv", ["maskwright", command, "run.yaml", *arguments])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        return stopped.value.code or 0, capsys.readouterr().out

    return call


def test_check(run):
    code, out = run("check")
    assert code == 0
    assert "source = 'translation.en', target = 'translation.fr'" in out
    assert "no target is longer than 128 words" in out


def test_check_of_two_files(run, tmp_path):
    for role in ("source", "target"):
        (tmp_path / f"a.{role}").write_text("".join(f"{role} {number}\n" for number in range(20)))
    code, out = run("check", "data.train={source: a.source, target: a.target}", "data.source=null", "data.target=null")
    assert code == 0
    assert "a.source, a.target" in out


def test_preview(run):
    code, out = run("preview", "-n", "2", masking="{pattern: iid, budget: 0.5, fill: mask-token, unit: word}")
    assert code == 0
    assert "in all: 3 of 6 words hidden" in out
    assert "right answer: petit library 0" in out


def test_audit(run):
    code, out = run("audit")
    assert code == 0, out
    assert ", 0 failed" in out


def test_nothing_heavy_is_loaded_to_know_the_task():
    heavy = "{'torch', 'transformers', 'datasets', 'sacrebleu', 'sentencepiece'}"
    script = f"from maskwright import tasks; import sys; tasks.get('translation'); print({{*sys.modules}} & {heavy})"
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert out.stdout.strip() == "set()", out.stderr
