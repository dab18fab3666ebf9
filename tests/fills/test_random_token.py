from __future__ import annotations

import numpy as np
from scipy import stats

from maskwright import RandomToken, Rng
from tests.settings import small_vocabulary


def test_draws_ordinary_tokens_evenly_and_no_other():
    ids = np.full((2000, 10), 5)
    out = RandomToken()(ids, ids > 0, valid=ids > 0, rng=Rng.from_ids(np.arange(2000)), vocabulary=small_vocabulary())
    found, counts = np.unique(out, return_counts=True)
    assert found.tolist() == [5, 6, 7, 8, 9, 10, 11], "neither special tokens nor [unused0]"
    assert stats.chisquare(counts).pvalue > 1e-4
