"""The public surface, and that reaching for it is cheap."""

from __future__ import annotations

import ast
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

import maskwright
from maskwright import strategy

ROOT = Path(__file__).parents[1]
OTHERS = """
AttentionMask ConfigError Corrupted DataError DenoisingCollator DocumentAttention Grid Mask MaskedOnlyHead Masking
MaskingCollator MaskingError MaskwrightError NGramTable PackingCollator PerModality Rng RunError RunningMean Vocabulary
__version__ apply_mask document_leak pack preset time_warp
""".split()
"""All names but those of strategies, which follow from their files."""

STRATEGIES = {
    family: [strategy.class_name(name) for name in strategy.names(f"maskwright.{family}")]
    for family in maskwright.FAMILIES
}


def test_the_names_are_these():
    assert set(maskwright.__all__) == set(OTHERS).union(*STRATEGIES.values())
    assert len(maskwright.__all__) == len(set(maskwright.__all__))
    assert {"Iid", "Ratio", "MaskToken", "T5Spans", "Wav2vec2"} <= set(maskwright.__all__)


@pytest.mark.parametrize("name", sorted(maskwright.__all__))
def test_every_name_can_be_had_and_says_what_it_is(name):
    value = getattr(maskwright, name)
    assert name == "__version__" or value.__doc__


@pytest.mark.parametrize(("family", "name"), [(f, name) for f, names in STRATEGIES.items() for name in names])
def test_every_strategy_is_a_name_of_its_family(family, name):
    package = getattr(maskwright, family)
    value = getattr(package, name)
    assert value.__name__ == name
    assert value.__module__.startswith(f"maskwright.{family}.")
    assert name in dir(package)


def test_of_two_strategies_with_one_name_each_has_its_own():
    assert maskwright.Mix is maskwright.fills.Mix is not maskwright.patterns.Mix
    assert maskwright.Grid is not maskwright.patterns.Grid


@pytest.mark.parametrize("package", [maskwright, *(getattr(maskwright, family) for family in maskwright.FAMILIES)])
def test_there_are_no_others(package):
    with pytest.raises(AttributeError, match="no attribute 'Spam'"):
        package.Spam  # noqa: B018
    assert "Spam" not in dir(package)


def statements(text: str) -> set[str]:
    """What a stub says, whatever its order and format."""
    lines = set()
    for statement in ast.parse(text).body:
        if isinstance(statement, ast.ImportFrom):
            lines |= {f"from {statement.module} import {ast.unparse(alias)}" for alias in statement.names}
        else:
            lines.add(ast.unparse(statement))
    return lines


def test_the_stubs_are_up_to_date():
    for path, text in runpy.run_path(str(ROOT / "scripts" / "stubs.py"))["stubs"]().items():
        assert statements(path.read_text("utf-8")) == statements(text), f"{path}: run make pages"


HEAVY = ("torch", "transformers", "datasets", "matplotlib", "sklearn", "scipy", "pandas", "numba")


@pytest.mark.parametrize(
    "code",
    ["import maskwright", "from maskwright.cli import application; application()"],
    ids=["the library", "the command line"],
)
def test_importing_loads_nothing_heavy(code):
    script = f"import sys; {code}; print([name for name in {HEAVY!r} if name in sys.modules])"
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
