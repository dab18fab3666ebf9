from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from maskwright import Rng
from maskwright.geometry import boxes


@pytest.mark.parametrize("power", [2, 3, 4])
def test_roots_are_rounded_to_the_nearest_whole_number(power):
    values = np.random.default_rng(0).integers(0, 40**power, size=2000)
    roots = boxes.rounded_root(values << boxes.BITS, power, 40)
    np.testing.assert_array_equal(roots, np.floor(values ** (1 / power) + 0.5))
    assert boxes.rounded_root(np.array([100**power << boxes.BITS]), power, 7).tolist() == [7]


def test_sides_meet_the_area_to_rounding():
    bits = Rng.from_ids(np.arange(500)).bits(8, 3)
    area = boxes.areas(np.full(500, 400), 0.1, 1.0, bits[..., 0])
    measure = np.tile([40, 30], (500, 1))
    rows, cols = boxes.sides(area, measure, (40, 30), 0.3, bits[..., 1:], "log-uniform")
    assert (np.abs(rows * cols - area) <= rows / 2 + 0.5).all()
    assert rows.min() >= 1
    assert cols.max() <= 30
    assert abs(np.log(rows / cols).mean()) < 0.05


def test_aspects_lie_between_the_lowest_and_its_inverse():
    bits = np.linspace(0, (1 << 31) - 1, 4096).astype(np.int64)
    drawn = boxes.aspects(bits, 0.25) / (1 << boxes.BITS)
    assert 0.25 <= drawn.min() < 0.2505
    assert 3.99 < drawn.max() <= 4
    assert math.isclose(np.median(drawn), 1, rel_tol=0.01)
    assert math.isclose(boxes.aspects(bits, 0.25, law="uniform").mean() / (1 << boxes.BITS), 2.125, rel_tol=0.001)


def test_places_beyond_the_end_go_on_at_the_start():
    line = boxes.covered(np.array([[3]]), np.array([[3]]), np.array([5]), 7)[0, :5, 0]
    assert line.tolist() == [True, False, False, True, True]
    assert boxes.turned(np.array([3]), np.array([5]), 7)[0, :5].tolist() == [2, 3, 4, 0, 1]


def test_bits_say_the_same_as_flags():
    rng = Rng.from_ids(np.arange(50))
    start, side = rng.bits(8) % 9, rng.child("side").bits(8) % 9
    extent = np.full(50, 9)
    packed = boxes.covering(start, side, extent, 9)
    flags = boxes.covered(start, side, extent, 9)
    np.testing.assert_array_equal(packed, np.packbits(flags, axis=-1, bitorder="little")[..., 0])
    there = boxes.covering(*(torch.from_numpy(a) for a in (start, side, extent)), 9)
    np.testing.assert_array_equal(packed, there.numpy())


@pytest.mark.parametrize("n", [1, 3, 8, 19])
def test_any_box_is_the_union_of_the_boxes(n):
    rng, shape = np.random.default_rng(n), (5, 7)
    measure = np.array([[5, 7], [3, 4], [1, 6]])
    starts = [rng.integers(0, measure[:, axis, None], size=(3, n)) for axis in range(2)]
    sizes = [rng.integers(1, measure[:, axis, None] + 1, size=(3, n)) // 2 + 1 for axis in range(2)]
    every = boxes.box_masks(starts, sizes, measure, shape).any(1)
    assert 0 < every.mean() < 1
    np.testing.assert_array_equal(boxes.any_box(starts, sizes, measure, shape), every)
