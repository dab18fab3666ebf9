"""The rules of the house, read off the source: direction of imports, sizes, names, one file one strategy one test."""

from __future__ import annotations

import ast
import importlib
import statistics
from pathlib import Path

import pytest

from maskwright import strategy
from tests import settings

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "maskwright"
FILES = sorted(SOURCE.rglob("*.py"))
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in FILES}

LAYERS = [
    {"errors"},
    {"arrays", "grid"},
    {"mixing"},
    {"kernels", "compiled"},
    {"rng"},
    {
        "select",
        "sharing",
        "slices",
        "moments",
        "lengths",
        "strategy",
        "compact",
        "bands",
        "painting",
        "running",
        "where",
        "boxes",
    },
    {"budgets", "patterns", "signals"},
    {"units", "fills"},
    {"mask", "reorder"},
    {"corrupt", "drawing", "batch"},
    {"masking"},
    {"pixels", "presets", "padding", "modalities", "attention", "augment", "objects"},
    {"collator", "trainer_hook", "denoising", "packing", "permutation", "heads", "leak", "document_attention"}
    | {"patch_tokens"},
    {"adapters"},
    {"testing"},
    {"audit"},
    {"yaml_reader"},
    {"config"},
    {"data"},
    {"tasks", "objectives"},
    {"train"},
    {"evaluate"},
    {"report"},
    {"preview"},
    {"cli"},
    {"__main__"},
]
ALLOWED_UPWARD = {
    ("config", "tasks"): "a task says what its data section holds, what its defaults are and what goes with it",
    ("masking", "presets"): "a preset's name is read where a masking is expected; presets are made of maskings",
    ("masking", "collator"): "Masking.collator is the collator's short name",
    ("evaluate", "report"): "evaluating writes the report; the report only draws what it is given",
}
GLOBAL_RANDOMNESS = {
    "random": {"random", "randint", "shuffle", "choice", "sample", "seed"},
    "np.random": {"rand", "randn", "randint", "seed", "shuffle", "choice", "random", "permutation"},
    "torch": {"rand", "randn", "randint", "randperm", "bernoulli", "multinomial"},
}

MAY_DRAW_GLOBALLY = {
    ("clock.py", "randint"): "drop-in collators without seed and epoch, which are documented to draw from it",
}


def layer_of(module: str) -> int:
    return next(number for number, names in enumerate(LAYERS) if module in names)


def home(path: Path) -> str:
    relative = path.relative_to(SOURCE)
    return relative.parts[0] if len(relative.parts) > 1 else relative.stem


def imports(tree: ast.Module) -> set[str]:
    """First part below `maskwright` of everything imported, lazily or not; imports for typing alone do not count."""
    found = set()
    for node in list(ast.walk(tree)):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            node.body = [ast.Pass()]
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "maskwright":
            parts = node.module.split(".")
            found |= {parts[1]} if len(parts) > 1 else {alias.name for alias in node.names}
        if isinstance(node, ast.Import):
            found |= {a.name.split(".")[1] for a in node.names if a.name.startswith("maskwright.")}
    return found - {"__version__"}


@pytest.mark.parametrize(
    "path", [p for p in FILES if p != SOURCE / "__init__.py"], ids=lambda p: str(p.relative_to(SOURCE))
)
def test_imports_point_one_way(path):
    here = home(path)
    for there in imports(ast.parse(path.read_text(encoding="utf-8"))):
        if (
            there in {p.stem for p in FILES} | {p.name for p in SOURCE.iterdir()}
            and (here, there) not in ALLOWED_UPWARD
        ):
            assert layer_of(there) <= layer_of(here), f"{here} imports {there}, which is above it"


def test_patterns_know_grids_and_fills_know_no_patterns():
    for path, tree in TREES.items():
        if home(path) == "patterns":
            below = {"arrays", "boxes", "compact", "errors", "grid", "lengths", "moments", "rng", "select", "slices"}
            below.add("strategy")
            assert imports(tree) <= below, path
        if home(path) == "fills":
            assert "patterns" not in imports(tree), path


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
