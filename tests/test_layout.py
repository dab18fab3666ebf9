"""The rules of the house, read off the source: direction of imports, sizes, names, one file one strategy one test."""

from __future__ import annotations

import ast
import importlib
import re
import statistics
from pathlib import Path

import pytest

from maskwright import strategy
from tests import settings

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "maskwright"
FILES = sorted(SOURCE.rglob("*.py"))
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in FILES}

FLOORS = (
    "errors",
    "backend grid",
    "rng strategy",
    "geometry",
    "budgets patterns units fills compact",
    "mask engine",
    "masking",
    "engine.modalities",
    "text vision audio presets",
    "adapters testing audit",
    "config",
    "data",
    "evaluate.statistics evaluate.intervals evaluate.estimates evaluate.samples",
    "objectives tasks testing.tasks testing.task_hiding testing.task_saving testing.task_checks",
    "train",
    "evaluate",
    "report preview",
    "cli __main__",
)
"""Rooms from the ground up, as docs/architecture.md draws them; a file named here stands apart from its folder. A file
imports from its own floor and from those below, and no chain of imports leads back to where it began."""

PATTERNS_KNOW = {"errors", "backend", "grid", "rng", "strategy", "geometry", "compact", "patterns"}
"""Rooms that a pattern may import from."""

GLOBAL_RANDOMNESS = {
    "random": {"random", "randint", "shuffle", "choice", "sample", "seed"},
    "np.random": {"rand", "randn", "randint", "seed", "shuffle", "choice", "random", "permutation"},
    "torch": {"rand", "randn", "randint", "randperm", "bernoulli", "multinomial"},
}

MAY_DRAW_GLOBALLY = {
    ("clock.py", "randint"): "drop-in collators without seed and epoch, which are documented to draw from it",
}


def module_of(path: Path) -> str:
    """`text.collator` for text/collator.py, `text` for text/__init__.py."""
    return ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix("__init__").rstrip(".")


MODULES = {module_of(path): path for path in FILES}


def home(path: Path) -> str:
    relative = path.relative_to(SOURCE)
    return relative.parts[0] if len(relative.parts) > 1 else relative.stem


def floor_of(module: str) -> int:
    """The floor of the longest name that the module begins with."""
    named = {name: number for number, names in enumerate(FLOORS) for name in names.split()}
    parts = module.split(".")
    prefixes = [".".join(parts[:length]) for length in range(len(parts), 0, -1)]
    return next(named[prefix] for prefix in prefixes if prefix in named)


def imports(tree: ast.Module) -> set[str]:
    """Modules below `maskwright` that are imported, lazily or not; imports for typing alone do not count."""
    reached, names = set(), set()
    for node in list(ast.walk(tree)):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            node.body = [ast.Pass()]
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "maskwright":
            base = node.module.removeprefix("maskwright").lstrip(".")
            names |= {(base, alias.name) for alias in node.names}
        if isinstance(node, ast.Import):
            reached |= {a.name.removeprefix("maskwright.") for a in node.names if a.name.startswith("maskwright.")}
    for base, name in names:
        inner = f"{base}.{name}".lstrip(".")
        reached.add(inner if inner in MODULES else base)
    return reached & set(MODULES) - {""}


IMPORTS = {
    module: imports(ast.parse(path.read_text(encoding="utf-8"))) - {module}
    for module, path in MODULES.items()
    if module
}


def test_every_floor_has_rooms_that_are_there():
    named = [name for names in FLOORS for name in names.split()]
    assert [name for name in named if name not in MODULES] == []
    assert len(named) == len(set(named))


@pytest.mark.parametrize("module", IMPORTS)
def test_imports_point_one_way(module):
    for other in IMPORTS[module]:
        assert floor_of(other) <= floor_of(module), f"{module} imports {other}, which is above it"


def test_no_imports_run_in_a_circle():
    done: set[str] = set()

    def visit(module: str, trail: tuple[str, ...]) -> None:
        assert module not in trail, " -> ".join([*trail[trail.index(module) :], module])
        if module not in done:
            for other in sorted(IMPORTS[module]):
                visit(other, (*trail, module))
            done.add(module)

    for module in IMPORTS:
        visit(module, ())


def test_patterns_know_grids_and_fills_know_no_patterns():
    for module, reached in IMPORTS.items():
        room = module.split(".")[0]
        rooms = {other.split(".")[0] for other in reached}
        if room == "patterns":
            assert rooms <= PATTERNS_KNOW, module
        if room == "fills":
            assert "patterns" not in rooms, module


def test_few_files_stand_loose():
    loose = {path.stem for path in SOURCE.glob("*.py")} - {"__init__", "__main__"}
    assert loose == {"errors", "grid", "rng", "masking", "mask"}


PROBED = re.compile(
    r"\b(?:hasattr|getattr)\((?:[\w.]*\b)?(?:pattern|budget|fill|masking|strategy|task|section|data)\b, [\"']"
)


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_traits_are_declared_and_not_probed_for(path):
    lines = enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
    assert not [f"{path.name}:{number}: {line.strip()}" for number, line in lines if PROBED.search(line)]


def test_sizes():
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in FILES}
    assert max(lines.values()) <= 300, max(lines, key=lambda path: lines[path])
    assert statistics.median(lines.values()) <= 150
    lengths = {}
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                size = (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0
                lengths[f"{path.name}:{node.name}"] = size
                given = [a for a in node.args.args + node.args.kwonlyargs if a.arg not in ("self", "cls")]
                # Commands and constructors have one parameter per option a person can give.
                limit = 8 if home(path) == "cli" or node.name == "__init__" else 6
                assert len(given) <= limit, f"{path.name}:{node.name} has {len(given)} parameters"
    assert max(lengths.values()) <= 60, max(lengths, key=lambda name: lengths[name])
    assert statistics.median(lengths.values()) <= 10


def test_names_say_something():
    nothing = {"utils", "util", "common", "misc", "helpers", "helper"}
    tracked = [p for folder in ("src", "tests", "bench", "examples", "scripts") for p in (ROOT / folder).rglob("*.py")]
    assert not [path for path in tracked if path.stem in nothing]


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_no_global_randomness_and_no_assert(path):
    for node in ast.walk(TREES[path]):
        assert not isinstance(node, ast.Assert), f"{path.name}:{node.lineno}: assert is not validation"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = ast.unparse(node.func.value).replace("numpy.", "np.")
            if (path.name, node.func.attr) in MAY_DRAW_GLOBALLY:
                continue
            assert node.func.attr not in GLOBAL_RANDOMNESS.get(owner, ()), f"{path.name}:{node.lineno}"


def test_a_strategy_without_a_test_is_named():
    with pytest.raises(FileNotFoundError, match=r"patterns/every_third\.py has no test: add tests/"):
        settings.settings_of("patterns", "every-third")


@pytest.mark.parametrize("kind", ["patterns", "budgets", "fills"])
def test_one_file_one_strategy_one_test(kind):
    names = strategy.names(f"maskwright.{kind}")
    table = getattr(settings, kind.upper())
    assert set(table) == set(names), "tests/settings.py lists the settings of every strategy"
    for name in names:
        stem = name.replace("-", "_")
        assert (ROOT / "tests" / kind / f"test_{stem}.py").exists(), f"{kind}/{stem}.py has no test of its own"
        module = importlib.import_module(f"maskwright.{kind}.{stem}")
        own = [n.name for n in TREES[SOURCE / kind / f"{stem}.py"].body if isinstance(n, ast.ClassDef)]
        assert own == [strategy.class_name(name)], f"{kind}/{stem}.py defines {own}"
        assert strategy.get(f"maskwright.{kind}", name) is getattr(module, own[0])
        assert ast.get_docstring(TREES[SOURCE / kind / f"{stem}.py"])
