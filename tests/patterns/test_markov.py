from __future__ import annotations

import numpy as np
import pytest

from maskwright import ConfigError, Grid, MaskingError, Rng
from maskwright.patterns.markov import Markov

SETTINGS = [{"markov": {"length": 3, "share": 0.4}}, {"markov": {"length": 2, "share": 0.15, "lines": "together"}}]


def hide(pattern, grid, draws=4000):
    valid = np.ones((draws, *grid.shape), dtype=bool)
    return pattern(grid, np.full(draws, grid.size), valid=valid, rng=Rng.from_ids(np.arange(draws)))


@pytest.mark.parametrize(("length", "share"), [(3, 0.15), (5, 0.4), (1.25, 0.2)])
def test_runs_are_geometric_with_the_mean_asked_for(length, share):
    mask = hide(Markov(length=length, share=share), Grid(time=400), 1000)
    assert mask.mean() == pytest.approx(share, abs=0.01)
    flat = np.concatenate([mask, np.zeros((1000, 1), dtype=bool)], axis=1).ravel()
    edges = np.flatnonzero(np.diff(np.r_[0, flat.astype(int), 0]))
    runs = edges[1::2] - edges[::2]
    assert runs.mean() == pytest.approx(length, rel=0.03)
    for k in range(1, 5):
        survivors = (runs > k).sum() / (runs >= k).sum()
        assert survivors == pytest.approx(1 - 1 / length, abs=0.02), "the chance to go on does not depend on the age"


def test_every_cell_is_hidden_equally_often_the_ends_too():
    rate = hide(Markov(length=4, share=0.3), Grid(time=30), 20_000).mean(0)
    assert np.abs(rate - 0.3).max() < 5 * np.sqrt(0.21 / 20_000)


def test_features_have_runs_of_their_own_or_the_same_ones():
    for grid in (Grid(time=40, feature=3), Grid(feature=3, time=40)):
        axis = 1 + grid.axis("feature")
        apart = np.moveaxis(hide(Markov(share=0.4), grid), axis, 0)
        assert abs(np.corrcoef(apart[0].ravel(), apart[1].ravel())[0, 1]) < 0.02
        together = np.moveaxis(hide(Markov(share=0.4, lines="together"), grid, 50), axis, 0)
        assert (together == together[:1]).all()
        assert together.any()


def test_the_order_of_axes_is_that_of_the_grid():
    mask = hide(Markov(length=30, share=0.5), Grid(feature=50, time=50), 50)
    along, across = (mask[:, :, 1:] == mask[:, :, :-1]).mean(), (mask[:, 1:] == mask[:, :-1]).mean()
    assert along > 0.9
    assert across < 0.6


def test_what_cannot_be_is_refused():
    with pytest.raises(ConfigError, match="at least 2 cells"):
        Markov(length=1.5, share=0.5)
    with pytest.raises(MaskingError, match="one named time"):
        hide(Markov(), Grid(row=3, col=3), 1)
    assert hide(Markov(share=0.0), Grid(time=9)).sum() == 0
