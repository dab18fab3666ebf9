from __future__ import annotations

import numpy as np
from scipy import stats

from maskwright import Rng, Uniform

SETTINGS = [{"uniform": [0.0, 0.8]}, {"uniform": [0.3, 0.3]}]


def test_ratios_of_examples_are_uniform():
    counts = Uniform(0.2, 0.6)(np.full(20_000, 10_000), rng=Rng.from_ids(np.arange(20_000)), progress=0.0)
    assert stats.kstest(counts / 10_000, "uniform", args=(0.2, 0.4)).pvalue > 1e-4


def test_an_example_gets_another_ratio_in_another_epoch():
    n = np.full(1000, 100)
    first, second = (Uniform()(n, rng=Rng.from_ids(np.arange(1000), epoch=e), progress=0.0) for e in (0, 1))
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.15
