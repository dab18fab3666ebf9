# ---
# jupyter:
#   jupytext:
#     formats: py:percent
#   kernelspec:
#     display_name: Python 3
#     name: python3
# ---

# %% [markdown]
# # Bring your own pattern
#
# A pattern is the rule for *where* to hide. This page makes a new one in one file, puts it through the conformance kit,
# finds two mistakes with it that are easy to make, mends them, and uses the result from Python and from YAML.
#
# The pattern: hide whole **diagonals** of a picture or spectrogram (a chirp is a diagonal).

# %%
import importlib
import sys
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import maskwright as mw
from maskwright.testing import PATTERN_CHECKS, PatternSubject, check_pattern

FOLDER = Path(tempfile.mkdtemp())
sys.path.insert(0, str(FOLDER))


def load(source):
    """Write the file and import it."""
    (FOLDER / "diagonals.py").write_text(source)
    sys.modules.pop("diagonals", None)
    importlib.invalidate_caches()
    return importlib.import_module("diagonals")


# %% [markdown]
# ## A first try
#
# A pattern is a frozen dataclass that is called with a grid, a count per example, the cells that are there (`valid`) and
# the source of random numbers, and returns a mask, True = hidden. Give every cell a *score* and let `select.exact` take
# the lowest ones: then the count is right by construction.
#
# Random numbers come from `rng` and from nowhere else. `rng.child("what for").bits_at(index)` are the numbers of the
# things with these indices; here, of the diagonals. They are a function of the example's key, so a mask will not depend
# on the batch, the workers or the machine.

# %%
first = load('''
from dataclasses import dataclass

from maskwright.backend.arrays import arange
from maskwright.geometry.select import exact


@dataclass(frozen=True)
class Diagonals:
    """Hide whole diagonals in random order; the last one is cut."""

    def fits(self, grid):
        return grid.ndim == 2

    def __call__(self, grid, count, *, valid, rng, **signals):
        rows, columns = arange(grid.shape[0], valid), arange(grid.shape[1], valid)
        line = (rows[:, None] + columns[None, :])[None] % grid.shape[1]
        scores = rng.child("diagonals").bits_at(line)
        return exact(scores, count, valid)
''')

grid = mw.Grid(row=8, col=12)
subject = PatternSubject(first.Diagonals(), grid)
for check in PATTERN_CHECKS:
    finding = check.measure(subject)
    print(f"{finding.verdict:15} {check.name:18} {finding.answer}")

# %% [markdown]
# Two checks fail, and both would have been hard to see by eye:
#
# - **padding**: the same picture in a larger, padded batch gets another mask, because the diagonals wrap around at the
#   width of the *batch* and not of the picture. `extents(valid)` is what each example measures.
# - **every_cell_alike**: the last diagonal is cut, and equal scores are taken in reading order, so that the upper rows
#   are hidden more often. A second random number per cell breaks the ties.

# %%
mended = load('''
from dataclasses import dataclass

from maskwright.backend.arrays import arange, extents, to_dtype
from maskwright.geometry.select import exact


@dataclass(frozen=True)
class Diagonals:
    """Hide whole diagonals in random order; the last one is cut."""

    def fits(self, grid):
        return grid.ndim == 2

    def __call__(self, grid, count, *, valid, rng, **signals):
        rows, columns = arange(grid.shape[0], valid), arange(grid.shape[1], valid)
        width = extents(valid)[:, 1]
        width = (width + (width == 0))[:, None, None]  # an empty picture has no diagonals, and nothing to divide by
        line = (rows[:, None] + columns[None, :])[None] % width
        scores = to_dtype(rng.child("diagonals").bits_at(line), "int64") << 31
        return exact(scores | to_dtype(rng.child("place").bits(*grid.shape), "int64"), count, valid)
''')

for finding in check_pattern(mended.Diagonals(), grid):
    print(f"{finding.verdict:15} {finding.answer}")

# %% [markdown]
# `check_pattern` raises at the first check that fails, so that one line is a test:
#
# ```python
# def test_diagonals():
#     check_pattern(Diagonals(), Grid(row=8, col=12))
# ```
#
# What a pattern cannot promise it declares (`biased = "why"`, `sets_own_count = True`, see `maskwright.patterns`), and is
# then held to the rest.

# %%
masking = mw.Masking(pattern=mended.Diagonals(), budget=0.3, fill="zero")
picture = np.ones((3, 8, 12), dtype=np.float32)
hidden = masking(picture, grid=grid, example_ids=[0, 1, 2])
figure, axes = plt.subplots(1, 3, figsize=(8, 2.2), layout="constrained")
for axis, mask in zip(axes, hidden.mask, strict=True):
    axis.imshow(mask, cmap="gray_r")
    axis.axis("off")
print("hidden per picture:", hidden.count.tolist(), "of", grid.size)

# %% [markdown]
# ## It is one of the family now
#
# It combines with everything else: other budgets and fills, `mix`, `tied`, schedules. In a run configuration it goes by
# `module:Class`, which is looked for in the current folder and on `PYTHONPATH`:

# %%
node = masking.to_dict()
print(node["pattern"])
assert mw.Masking.from_dict(node) == masking

half = mw.Masking.from_dict(
    {
        "pattern": {"mix": [["diagonals:Diagonals", 0.5], ["block", 0.5]]},
        "budget": {"uniform": [0.0, 0.6]},
        "fill": "mean",
    }
)
out = half(np.random.default_rng(0).random((64, 8, 12)), grid=grid, example_ids=np.arange(64))
print(f"mean ratio hidden: {float(out.ratio.mean()):.2f}")
