"""Names of code in docstrings: the sentences that are made, the example that learns them, the page's table."""

import ast
import importlib.util
import json
import sys

import pytest

from maskwright.data.tagging.rules import faults_of
from maskwright.data.tagging.schemes import Scheme
from maskwright.evaluate.run import evaluate
from maskwright.tasks import load_config
from maskwright.train.run import train
from tests.examples.markdown import ROOT

EXAMPLES = ROOT / "examples"


def module(name):
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[name] = loaded
    spec.loader.exec_module(loaded)
    return loaded


tagging_data = module("tagging_data")
example = module("token_classification")

NAMES = tagging_data.Names(frozenset({"mean", "fit_all"}), frozenset({"DataFrame", "Index"}))


@pytest.fixture(scope="module")
def data_folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("names")
    tagging_data.build(root / "tagging-data", small=True)
    return root


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("If `axis` is None, the mean is used.", "If [axis PARAM] is [None CONST] , the mean is used ."),
        (
            "See :func:`numpy.mean` and :class:`~pandas.DataFrame` here.",
            "See [numpy . mean FUNC] and [DataFrame CLASS] here .",
        ),
        (
            "Calls ``fit_all()`` of the Index, or fit_all itself.",
            "Calls [fit _ all ( ) FUNC] of the Index , or [fit _ all FUNC] itself .",
        ),
        ("The *axis* of `something.else` is kept.", "The [axis PARAM] of something . else is kept ."),
        ("A DataFrame holds a mean.", "A [DataFrame CLASS] holds a mean ."),
        ("Along the axis, `mean` is taken.", None),
        ("The code {x} is no prose.", None),
    ],
)
def test_tags_come_from_the_marks_and_the_source(sentence, expected):
    found = tagging_data.tagged(sentence, NAMES, frozenset({"axis", "a"}))
    if expected is None:
        assert found is None
        return
    shown = []
    for word, tag in zip(*found, strict=True):
        if tag.startswith("I-"):
            shown[-1] = f"{shown[-1][: -len(tag[2:]) - 2]} {word} {tag[2:]}]"
        else:
            shown.append(word if tag == "O" else f"[{word} {tag[2:]}]")
    assert " ".join(shown) == expected


def test_parameters_are_those_of_what_is_documented():
    code = "class A:\n    'Made of `size`.'\n    def __init__(self, size, *, other=1): ...\n\ndef f(x, /): 'Doc.'\n"
    found = dict(tagging_data.documented(code))
    assert found == {"Made of `size`.": frozenset({"size", "other"}), "Doc.": frozenset({"x"})}
    assert list(tagging_data.documented("def broken(:")) == []
    assert ast.parse(code)


def test_prose_without_headers_of_parameters_examples_and_sections():
    docstring = """Sum things.

    More about it.

    Parameters
    ----------
    x : array
        The things.

    >>> f(1)
    """
    texts = [text for text in tagging_data.paragraphs(docstring) if text]
    assert texts == ["Sum things.", "More about it.", "Parameters", "The things."]


def rows_of(folder, split):
    return [json.loads(line) for line in (folder / "tagging-data" / f"{split}.jsonl").read_text().splitlines()]


def test_splits_are_of_different_libraries_and_share_no_run_of_words(data_folder):
    runs, libraries = {}, {}
    for split in ("train", "validation", "test"):
        rows = rows_of(data_folder, split)
        assert len(rows) == tagging_data.SMALL[split]
        libraries[split] = {row["source"].split("/")[0] for row in rows}
        for row in rows:
            assert not faults_of(row["tags"], Scheme("IOB2"))
            words = [word.casefold() for word in row["tokens"]]
            for start in range(len(words) - tagging_data.ALIKE + 1):
                run = tuple(words[start : start + tagging_data.ALIKE])
                assert runs.setdefault(run, split) == split
    assert libraries == {"train": {"scipy"}, "validation": {"numpy"}, "test": {"sklearn"}}


def test_the_same_libraries_give_the_same_bytes(data_folder, tmp_path):
    tagging_data.build(tmp_path, small=True)
    for file in (data_folder / "tagging-data").iterdir():
        assert (tmp_path / file.name).read_bytes() == file.read_bytes()


def test_the_example_is_short_and_learns(data_folder, monkeypatch, tmp_path):
    path = EXAMPLES / "token-classification.yaml"
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len([line for line in lines if line.strip() and not line.lstrip().startswith("#")]) <= 15
    monkeypatch.chdir(data_folder)
    overrides = [f"training.output={tmp_path / 'run'}", "training.max_steps=4", "model=scratch:tiny"]
    overrides += ["evaluation.ratios=[0, 0.5]", "evaluation.draws=1", "evaluation.bootstrap=200"]
    document = evaluate([train(load_config(path, [*overrides, "data.test=tagging-data/test.conll"]))]).document
    assert document["metric"]["name"] == "entity_f1"
    assert document["data"]["examples"] == tagging_data.SMALL["test"]


def test_the_page_gets_its_table(data_folder, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(example, "UNITS", {"words": "word"})
    monkeypatch.setattr(example, "CONDITIONS", example.CONDITIONS[:5])
    (tmp_path / "data").symlink_to(data_folder / "tagging-data", target_is_directory=True)
    page = tmp_path / "page.md"
    page.write_text(f"before\n{example.BEGIN}\nold\n{example.END}\nafter\n")
    arguments = ["", "--small", "--folder", str(tmp_path), "--output", str(page)]
    monkeypatch.setattr(sys, "argv", arguments)
    example.main()
    text = page.read_text(encoding="utf-8")
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
    assert "old" not in text
    assert text.count("\n| ") == 6
    assert "150 train, 30 validation, 60 test sentences" in capsys.readouterr().out
    assert (tmp_path / "words-word.html").exists()
