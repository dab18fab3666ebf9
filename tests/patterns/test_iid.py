from __future__ import annotations

import math
from itertools import combinations

import numpy as np
from scipy import stats

from maskwright import Grid, Iid, Rng


def test_every_choice_of_cells_is_equally_likely():
    draws = 30_000
    valid = np.ones((draws, 6), dtype=bool)
    mask = Iid()(Grid(token=6), np.full(draws, 3), valid=valid, rng=Rng.from_ids(np.arange(draws)))
    codes = mask @ (1 << np.arange(6))
    wanted = [sum(1 << cell for cell in chosen) for chosen in combinations(range(6), 3)]
    counts = np.array([(codes == code).sum() for code in wanted])
    assert counts.sum() == draws
    assert len(wanted) == math.comb(6, 3)
    assert stats.chisquare(counts).pvalue > 1e-4
