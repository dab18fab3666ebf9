from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from maskwright import Grid, Masking
from maskwright.presets import preset
from maskwright.presets.audio import PRESETS

LAWS = {  # mF, F, mT, T, p: Park et al. 2019, Table 1
    "specaugment-lb": (1, 27, 1, 100, 1.0),
    "specaugment-ld": (2, 27, 2, 100, 1.0),
    "specaugment-sm": (2, 15, 2, 70, 0.2),
    "specaugment-ss": (2, 27, 2, 70, 0.2),
}


def hidden(name, grid, draws=1500):
    x = np.ones((draws, *grid.shape), dtype=np.float32)
    return preset(name)(x, grid=grid, example_ids=np.arange(draws))


@pytest.mark.parametrize("given", PRESETS, ids=lambda given: given.name)
def test_presets_load_round_trip_and_run(given):
    masking = preset(given.name)
    assert Masking.from_dict(masking.to_dict()) == masking
    out = hidden(given.name, Grid(**given.grid), 20)
    assert out.mask.any()
    assert not out.mask.all()
    if given.node["fill"] == "zero":
        assert (out.inputs[out.mask] == 0).all()


@pytest.mark.parametrize("name", LAWS)
def test_published_laws(name):
    pattern: Any = preset(name).pattern
    assert (
        pattern.freq_masks,
        pattern.freq_width,
        pattern.time_masks,
        pattern.time_width,
        pattern.time_share,
    ) == LAWS[name]
    mask = hidden(name, Grid(time=200, freq=80), 400).mask
    n_freq, width, n_time, length, share = LAWS[name]
    frames, bins = mask.all(2).sum(1), mask.all(1).sum(1)
    limit = min(length, int(200 * share))
    whole = frames == 200
    assert frames[~whole].max() <= n_time * limit
    assert frames.max() > limit / 2
    assert bins.max() <= n_freq * width
    assert bins.max() > 0.8 * width


def test_wav2vec2_hides_49_percent_and_audiomae_80():
    assert hidden("wav2vec2", Grid(time=500)).mask.mean() == pytest.approx(0.49, abs=0.01)
    assert hidden("audiomae", Grid(patch=512), 50).inputs.shape[1] in (102, 103)


def test_lhotse_bounds_the_total():
    mask = hidden("specaugment-lhotse", Grid(time=1000, freq=80), 200).mask
    assert 75 < mask.all(2).sum(1).max() <= 150
    assert 8 <= (~mask.any((1, 2))).sum() <= 40, "a tenth is left whole"


def test_conformer_masks_measure_the_example():
    for length in (200, 1000):
        mask = hidden("specaugment-conformer", Grid(time=length, freq=80), 300).mask
        lone = np.diff(mask.all(2).astype(int), axis=1, prepend=0, append=0)
        assert 0.3 * length < mask.all(2).sum(1).max() <= 0.5 * length
        assert (lone == 1).sum(1).max() <= 10
