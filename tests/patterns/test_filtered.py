from __future__ import annotations

import numpy as np
import pytest
import torch

from maskwright import ConfigError, Grid, Rng
from maskwright.patterns.filtered import Filtered, _circular_sum, _smooth

SETTINGS = [
    "filtered",
    {"filtered": {"color": "red", "size": 4}},
    {"filtered": {"color": "blue", "size": 2}},
    {"filtered": {"color": "purple", "size": 2}},
]

SIDE = 32


def power(pattern, draws=200):
    """Mean spectrum of the masks, by distance from the lowest frequency, in cycles per grid."""
    grid, valid = Grid(row=SIDE, col=SIDE), np.ones((draws, SIDE, SIDE), dtype=bool)
    mask = pattern(grid, np.full(draws, SIDE * SIDE // 2), valid=valid, rng=Rng.from_ids(np.arange(draws)))
    spectrum = (np.abs(np.fft.fft2(mask - 0.5)) ** 2).mean(0) / (SIDE * SIDE * 0.25)
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(SIDE) * SIDE, np.fft.fftfreq(SIDE) * SIDE))
    return np.array([spectrum[(frequency > low) & (frequency <= low + 2)].mean() for low in range(0, 16, 2)])


def test_each_colour_keeps_its_frequencies():
    red, blue, green, purple = (power(Filtered(color, size=2)) for color in ("red", "blue", "green", "purple"))
    # An unfiltered mask has power 1 everywhere.
    assert (np.diff(red) < 0).all()
    assert red[0] > 4 > 0.5 > red[-1]
    assert (np.diff(blue) > 0).all()
    assert blue[0] < 0.5 < 1.1 < blue[-1]
    assert green.argmax() == 2
    assert green[2] > 3 > 0.8 > max(green[0], green[-1])
    assert purple.argmin() == 2
    assert purple[2] < 0.6 < 0.9 < min(purple[0], purple[-1])


def test_size_is_the_size_of_the_blobs():
    means = [(power(Filtered("green", size=size)) * np.arange(8)).sum() for size in (2, 4, 8)]
    assert means[0] > means[1] > means[2]


@pytest.mark.parametrize("width", [2, 3, 4, 9, 17])
def test_the_filter_is_two_boxes_on_a_circle(width):
    noise = np.random.default_rng(0).integers(0, 1 << 24, size=(3, 7, 11))
    got = _smooth(noise, width, np.array([[7, 11], [7, 11], [4, 6]]))
    for row, (height, breadth) in enumerate([(7, 11), (7, 11), (4, 6)]):
        want = noise[row, :height, :breadth]
        for axis in (0, 1):
            for first in (-((width - 1) // 2), -(width // 2)):
                want = sum(np.roll(want, -(first + i), axis=axis) for i in range(width)) // width
        np.testing.assert_array_equal(got[row, :height, :breadth], want)


def test_bad_parameters_are_refused():
    with pytest.raises(ConfigError, match="red"):
        Filtered("rde")
    with pytest.raises(ConfigError, match="size"):
        Filtered(size=1)


@pytest.mark.parametrize("measure", [(300, 5), (260, 5)])
@pytest.mark.parametrize("width", [100, 127, 128, 400])
def test_running_sums_may_wrap_around(width, measure):
    noise = np.random.default_rng(0).integers(0, 1 << 24, size=(2, 300, 5))
    measures = np.array([(300, 5), measure])
    here = _smooth(noise, width, measures)
    there = _smooth(torch.from_numpy(noise), width, torch.from_numpy(measures)).numpy()
    for row, (height, breadth) in enumerate(measures):
        np.testing.assert_array_equal(here[row, :height, :breadth], there[row, :height, :breadth])
    whole = noise[0].astype(np.int64)
    for axis in (0, 1):
        for first in (-((width - 1) // 2), -(width // 2)):
            whole = sum(np.roll(whole, -(first + i), axis=axis) for i in range(width)) // width
    np.testing.assert_array_equal(here[0], whole)


@pytest.mark.parametrize("width", [2, 3, 7, 10, 11, 25])
def test_sums_go_around_the_circle(width):
    field = np.random.default_rng(0).integers(0, 100, size=(2, 10, 3))
    before = (width + 1) // 2
    around = sum(np.roll(field, before - 1 - step, axis=1) for step in range(width))
    np.testing.assert_array_equal(_circular_sum(field, 1, before, width), around)
    np.testing.assert_array_equal(_circular_sum(field.swapaxes(1, 2), 2, before, width), around.swapaxes(1, 2))
