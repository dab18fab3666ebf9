from __future__ import annotations

import numpy as np
import pytest
import torch

from maskwright import ConfigError, Grid, Rng
from maskwright.patterns.rectangles import Rectangles

SETTINGS = [
    "rectangles",
    {"rectangles": {"n": 2, "edge": "inside", "law": "uniform"}},
    {"rectangles": {"n": 3, "edge": "clip", "aspect": 1.0}},
]

PIXELS = Grid(row=32, col=32)


def facts(grid, draws):
    return {"valid": np.ones((draws, *grid.shape), dtype=bool), "rng": Rng.from_ids(np.arange(draws))}


def hide(pattern, grid=PIXELS, draws=2000):
    return pattern(grid, np.full(draws, grid.size), **facts(grid, draws))


@pytest.mark.parametrize("edge", ["wrap", "inside", "clip"])
@pytest.mark.parametrize("grid", [PIXELS, Grid(time=40), Grid(frame=4, row=8, col=6)], ids=str)
def test_slices_write_the_same_as_the_mask(edge, grid):
    pattern = Rectangles(n=3, edge=edge)
    mask = hide(pattern, grid, 50)
    written = np.zeros_like(mask)
    for row, example in zip(written, pattern.boxes(grid, **facts(grid, 50)), strict=True):
        for box in example:
            places = [np.arange(start, stop) % size for (start, stop), size in zip(box, grid.shape, strict=True)]
            row[np.ix_(*places)] = True
    np.testing.assert_array_equal(mask, written)


def test_random_erasing_has_its_areas_and_stays_inside():
    law = Rectangles(min_area=0.02, max_area=0.4, aspect=0.3, law="uniform", edge="inside")
    boxes = law.boxes(PIXELS, **facts(PIXELS, 4000))[:, 0]
    sides = boxes[..., 1] - boxes[..., 0]
    assert boxes.min() >= 0
    assert boxes.max() <= 32
    assert (sides < 32).all(), "as published, shorter than the image"
    area = sides.prod(1) / 1024
    assert 0.01 < area.min() < 0.04
    assert 0.36 < area.max() < 0.42
    aspect = sides[:, 0] / sides[:, 1]
    assert aspect.mean() > 1.2, "a uniform aspect from .3 to 3.3 makes tall rectangles"
    rate = hide(law).mean(0)
    assert rate[14:18, 14:18].mean() > 3 * rate[0, 0]


def test_a_log_uniform_aspect_favours_neither_side():
    boxes = Rectangles(min_area=0.1, max_area=0.1).boxes(PIXELS, **facts(PIXELS, 4000))[:, 0]
    sides = boxes[..., 1] - boxes[..., 0]
    assert abs(np.log(sides[:, 0] / sides[:, 1]).mean()) < 0.05


def test_cutout_is_a_square_about_a_uniform_centre():
    law = Rectangles(min_area=0.25, max_area=0.25, aspect=1.0, edge="clip")
    boxes = law.boxes(PIXELS, **facts(PIXELS, 4000))[:, 0]
    sides = boxes[..., 1] - boxes[..., 0]
    assert sides.max() == 16
    assert sides.min() == 8
    # Along an axis 17 of 32 centres keep the whole side.
    assert abs((sides[:, 0] == 16).mean() - 17 / 32) < 4 * (0.25 / 4000) ** 0.5


def test_going_around_hides_every_cell_equally_often():
    rate = hide(Rectangles(n=2), draws=8000).mean(0)
    p = rate.mean()
    assert np.abs(rate - p).max() < 5.5 * (p * (1 - p) / 8000) ** 0.5


def test_a_budget_is_an_upper_bound():
    mask = Rectangles(min_area=0.3)(PIXELS, np.full(50, 100), **facts(PIXELS, 50))
    assert (mask.sum((1, 2)) == 100).all()


def test_areas_the_wrong_way_round_are_refused():
    with pytest.raises(ConfigError, match="above max_area"):
        Rectangles(min_area=0.5)


@pytest.mark.parametrize("edge", ["wrap", "inside", "clip"])
@pytest.mark.parametrize("grid", [PIXELS, Grid(time=40), Grid(frame=4, row=8, col=6)], ids=str)
@pytest.mark.parametrize("back", [np.asarray, torch.from_numpy], ids=["numpy", "torch"])
def test_boxes_hide_what_the_mask_hides(edge, grid, back):
    pattern, given = Rectangles(n=3, max_area=0.6, edge=edge), facts(grid, 50)
    valid = given["valid"]
    for row in range(10):  # smaller examples, and one without a valid cell
        valid[row, (grid.shape[0] + row) // 3 :] = False
    valid[10] = False
    count = np.where(np.arange(50) % 7, grid.size, 0)
    rng = Rng.from_ids(back(np.arange(50)))
    for cells in (None, valid):
        mask = pattern(grid, count, valid=np.ones_like(valid) if cells is None else cells, rng=given["rng"])
        there = None if cells is None else back(cells)
        boxes = pattern.compact(grid, back(count), valid=there, rng=rng)
        np.testing.assert_array_equal(np.asarray(boxes.dense(there)), mask)
    assert mask.any()
