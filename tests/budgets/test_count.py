from __future__ import annotations

import numpy as np

from maskwright import Count, Rng

SETTINGS = [{"count": 0}, {"count": 3}, {"count": 1000}]


def test_takes_what_there_is():
    assert Count(3)(np.array([0, 2, 3, 9]), rng=Rng.from_ids(np.arange(4)), progress=1.0).tolist() == [0, 2, 3, 3]
