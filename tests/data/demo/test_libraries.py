"""The demo's data: balanced, apart, with a shortcut that is named, and turned."""

import json
import re
import subprocess
import sys
from collections import Counter

import pytest

from maskwright.data.demo import libraries as demo
from maskwright.data.demo.docstrings import plain
from maskwright.data.demo.library_names import ALIASES, mentions, remove_names, swap_names
from maskwright.data.shortcut.section import VARIANTS
from maskwright.data.texts import TextSection, load_text_data

NAME = re.compile(
    r"numpy|scipy|sklearn|scikit|pandas|torch|transformers|hugging ?face|(?-i:\bnp\b|\bpd\b)", re.IGNORECASE
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("demo")
    # In a process of its own, to see what it imports.
    code = (
        "import sys, pathlib; from maskwright.data.demo.libraries import build_demo_data as build;"
        f"build(pathlib.Path({str(path)!r}));"
        "sys.exit(any(name in sys.modules for name in ('numpy', 'torch', 'pandas', 'sklearn')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0, "a library was imported"
    return path


@pytest.fixture(scope="module")
def splits(folder):
    names = ("train", "validation", "test")
    return {name: [json.loads(line) for line in (folder / f"{name}.jsonl").open()] for name in names}


def test_sizes_and_balance(splits):
    assert abs(len(splits["train"]) - 900) <= 10
    assert abs(len(splits["validation"]) - 150) <= 10
    assert abs(len(splits["test"]) - 600) <= 10
    for part in splits.values():
        counts = Counter(row["label"] for row in part)
        assert (len(counts), len(set(counts.values()))) == (demo.LIBRARIES, 1)


def test_files_are_in_one_split_only(splits):
    sources = [{row["source"] for row in part} for part in splits.values()]
    assert sum(map(len, sources)) == len(set.union(*sources))


def test_no_ten_words_in_a_row_are_in_two_splits(splits):
    def runs(part):
        texts = [remove_names(row["text"]).casefold().split() for row in part]
        return {tuple(words[i : i + 10]) for words in texts for i in range(len(words) - 9)}

    found = [runs(part) for part in splits.values()]
    assert sum(map(len, found)) == len(set.union(*found))


def test_every_text_names_its_library_and_is_short(splits):
    for part in splits.values():
        for row in part:
            assert mentions(row["text"], row["label"]), row
            assert 8 <= len(row["text"].split()) <= 41, row


def test_swapped(splits):
    swapped = set()
    for row in splits["test"]:
        named = [library for library in ALIASES if mentions(row["text_swapped"], library)]
        assert len(named) == 1, row
        assert named[0] != row["label"]
        swapped.add((row["label"], named[0]))
    assert len(swapped) == 6, "each library should be called by each other's name at times"


def test_no_name_is_left_where_the_shortcut_is_removed(folder):
    files = {name: str(folder / f"{name}.jsonl") for name in ("train", "validation", "test")}
    section = TextSection(**files, variants={"swapped": "text_swapped"}, shortcut={"column": "shortcut"})
    data = load_text_data(section)
    assert len(data.labels) == demo.LIBRARIES
    assert data.variants == ("swapped", *VARIANTS)
    assert data.columns == {"text": "text", "label": "label"}
    assert any(f"in {len(data.test)} of {len(data.test)} rows" in note for note in data.notes)
    for name in VARIANTS:
        for text in data.variant(name)["text"]:
            assert not NAME.search(text), text
            assert len(text.split()) >= 4, text


def test_a_quick_one_has_less_of_everything(tmp_path):
    assert demo.build_demo_data(tmp_path, demo.QUICK) == demo.QUICK.sizes
    rows = [json.loads(line) for line in (tmp_path / "test.jsonl").open()]
    assert max(len(row["text"].split()) for row in rows) <= demo.QUICK.words + 1


def test_few_libraries(monkeypatch, tmp_path, refused):
    monkeypatch.setattr(demo, "source_files", lambda library: [("x.py", tmp_path)] if library == "numpy" else [])
    message = refused(demo.build_demo_data, tmp_path)
    assert "only 1 of numpy, scipy" in message
    assert "pip install" in message


@pytest.mark.parametrize(
    ("text", "removed", "swapped"),
    [
        ("pandas: Like np.ndarray.", "Like ndarray.", "torch: Like torch.ndarray."),
        ("Uses scikit-learn and SciPy's fft", "Uses and 's fft", "Uses torch and torch's fft"),
        ("is_numpy_like to_pandas() PyTorch", "is_like to_()", "is_torch_like to_torch() torch"),
        ("A Hugging Face model, transformers.AutoModel", "A model, AutoModel", "A torch model, torch.AutoModel"),
        ("Partial dependence (PD), pd.cut", "Partial dependence (PD), cut", "Partial dependence (PD), torch.cut"),
        ("nutorchmpy", "", "nutorchmpy"),
    ],
)
def test_names(text, removed, swapped):
    assert remove_names(text) == removed
    assert swap_names(text, "torch") == swapped


@pytest.mark.parametrize(
    ("docstring", "text"),
    [
        ("Sum of ``x`` and *y*.\n\nArgs:\n    x: one", "Sum of x and y."),
        ("Like :class:`~torch.nn.Linear`,\nsee [`Trainer`](url).", "Like torch.nn.Linear, see Trainer."),
        ("Draw.\n\n.. math::\n    x", "Draw."),
        ("Template %(name)s", ""),
        ("x (int): a number", ""),
    ],
)
def test_plain(docstring, text):
    assert plain(docstring) == text
