"""The public surface, and that reaching for it is cheap."""

from __future__ import annotations

import subprocess
import sys

import pytest

import maskwright

NAMES = """
AttentionMask Bernoulli Block Blockwise Blur Budgeted ByRun ByScore Causal Coarse Complement ConfigError Constant
Corrupted Count DataError DenoisingCollator DocumentAttention Drop Filtered Fixed Grid Iid Indicator Keep Marginal
Markov Mask MaskToken MaskedOnlyHead Masking MaskingCollator MaskingError MaskwrightError Mean Mix Multiblock
NGramTable Noise PackingCollator PerModality Prefix RandomToken Ratio Rectangles Rng RunError RunningCell RunningMean
Schedule Sentinel Span Spanbert Specaugment Suffix Swap T5Spans Tied Uniform Union Vocabulary Wav2vec2 Within Zero
__version__ apply_mask document_leak pack preset time_warp
""".split()


def test_the_names_are_these():
    assert sorted(maskwright.__all__) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_name_can_be_had_and_says_what_it_is(name):
    value = getattr(maskwright, name)
    assert name == "__version__" or value.__doc__


def test_there_are_no_others():
    with pytest.raises(AttributeError, match="no attribute 'Spam'"):
        maskwright.Spam  # noqa: B018


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
