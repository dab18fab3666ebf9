from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from maskwright import Grid, Masking, patterns
from maskwright.fills.zero import Zero
from maskwright.presets import preset, presets
from maskwright.presets.vision import PRESETS

DRAWS = 300
HIDDEN = {  # mean share of the cells; bounds where the places set their own count
    "mae": 0.75,
    "patch-dropout": 0.5,
    "flip": 0.5,
    "colormae": 0.75,
    "hpm": 0.75,
    "videomae": 0.9,
    "videomae-v2-decoder": 0.5,
    "simmim": 0.6,
    "beit": (0.36, 0.4),
    "ibot": (0.12, 0.17),
    "dinov2": (0.12, 0.17),
    "dinov3": (0.12, 0.18),
    "attmask": (0.12, 0.18),
    # Four blocks of 0.175: 1 - (1 - 0.175)**4 = 0.54 on average, and 0.075 of the rest are outside the context.
    "i-jepa": (0.55, 0.6),
    "v-jepa-short": (0.7, 0.75),
    "v-jepa-long": (0.87, 0.93),
    "automask-image": (0.36, 0.44),
    "random-erasing": (0.07, 0.12),
    "cutout": (0.18, 0.2),
    "hide-and-seek": (0.46, 0.54),
    "grid-mask": 0.25,
}

each = pytest.mark.parametrize("entry", PRESETS, ids=lambda entry: entry.name)


def test_the_table_names_every_preset():
    assert set(HIDDEN) == {entry.name for entry in PRESETS}
    assert {entry.name for entry in PRESETS} <= set(presets())


@each
def test_hides_the_share_it_says(entry):
    grid = Grid(**entry.grid)
    draws = DRAWS if grid.size < 10_000 else 60
    masking = dataclasses.replace(preset(entry.name), fill=Zero())  # drop shortens one axis only
    x = np.ones((draws, *grid.shape), dtype=np.float32)
    signals = {name: np.random.default_rng(0).random(x.shape) for name in patterns.traits(masking.pattern).signals}
    share = float(masking(x, example_ids=range(draws), grid=grid, **signals).ratio.mean())
    expected = HIDDEN[entry.name]
    if isinstance(expected, tuple):
        assert expected[0] <= share <= expected[1]
    else:
        assert abs(share - expected) <= 1 / grid.size + 0.01 * (entry.name in ("simmim", "videomae"))


@each
def test_loads_and_round_trips(entry):
    masking = preset(entry.name)
    assert Masking.from_dict(masking.to_dict()) == masking


@each
def test_says_where_it_comes_from(entry):
    assert "arXiv:" in entry.paper or entry.paper == "ours"
    assert entry.setting
    biased = patterns.traits(preset(entry.name).pattern).biased
    assert not biased or entry.note, "a biased law says so"
