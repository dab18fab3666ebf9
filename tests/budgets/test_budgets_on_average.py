"""What every budget promises on average: the ratio asked for is the ratio realised."""

from __future__ import annotations

import numpy as np
import pytest

from maskwright import Rng, budgets

DRAWS = 40_000


@pytest.mark.parametrize("n", [1, 4, 7, 100])
@pytest.mark.parametrize(
    ("node", "mean"),
    [
        ({"ratio": 0.15}, 0.15),
        ({"ratio": 0.5}, 0.5),
        ({"uniform": [0.0, 0.8]}, 0.4),
        ({"bernoulli": 0.15}, 0.15),
        ({"schedule": [0.3, 0.1]}, 0.25),
    ],
    ids=str,
)
def test_realised_ratio_is_the_ratio_asked_for(node, mean, n):
    rng = Rng.from_ids(np.arange(DRAWS))
    counts = budgets.from_node(node)(np.full(DRAWS, n), rng=rng, progress=0.25)
    assert counts.min() >= 0
    assert counts.max() <= n
    spread = counts.std() / n / np.sqrt(DRAWS)
    assert abs(counts.mean() / n - mean) < 4 * max(spread, 1e-5)
