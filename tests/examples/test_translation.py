"""The example of translation: its configuration, and the table that it writes into the page."""

import importlib.util
import json
import sys

import pytest

from maskwright.tasks import load_config
from tests.examples.markdown import ROOT

EXAMPLES = ROOT / "examples"


@pytest.fixture(scope="module")
def example():
    spec = importlib.util.spec_from_file_location("translation_example", EXAMPLES / "translation.py")
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def test_the_configuration_is_short():
    assert len((EXAMPLES / "translation.yaml").read_text("utf-8").splitlines()) <= 15
    assert load_config(EXAMPLES / "translation.yaml").task == "translation"


def test_the_page_gets_its_tables(example, tmp_path, monkeypatch, capsys):
    things = "server library file font editor game picture kernel".split()
    for split, start, n in (("train", 0, 60), ("validation", 100, 9), ("test", 200, 9)):
        rows = [{"en": f"the {things[i % 8]} {i}", "fr": f"le {things[i % 8]} {i}"} for i in range(start, start + n)]
        text = "".join(json.dumps({"translation": row}) + "\n" for row in rows)
        (tmp_path / f"{split}.jsonl").write_text(text)
    page = tmp_path / "page.md"
    page.write_text(f"before\n{example.BEGIN}\nold\n{example.END}\nafter\n")
    arguments = ["", "--small", "--data", str(tmp_path), "--folder", str(tmp_path / "runs"), "--output", str(page)]
    monkeypatch.setattr(sys, "argv", arguments)
    example.main()
    text = page.read_text("utf-8")
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
    assert "old" not in text
    assert [text.count(f"\n| {row} |") for row in ("nothing", "words, 50%", "spans of words, 50%")] == [2, 2, 2]
    assert "60 training, 9 validation and 9 test pairs" in text
    assert "A copy of the source would score" in capsys.readouterr().out
    assert (tmp_path / "runs" / "masked-0" / "report.html").exists()
