"""Numbers of every kind become bytes of red, green and blue."""

import numpy as np
import pytest

from maskwright.data.media.pixel_arrays import UnreadableError, as_rgb, from_16_bit, on_white


def test_floats_are_rounded_to_the_nearest_step():
    steps = np.arange(256) / 255
    for dtype in (np.float16, np.float32, np.float64, ">f4"):
        assert as_rgb(steps.astype(dtype)[None], has_channels=False)[0, :, 0].tolist() == list(range(256))
    assert as_rgb(np.array([[0.0019, 0.0020]]), has_channels=False)[0, :, 0].tolist() == [0, 1]


def test_16_bits_are_rounded_to_the_nearest_step():
    grey = np.arange(65_536, dtype=np.uint16)
    assert np.array_equal(from_16_bit(grey), np.round(grey / 257).astype(np.uint8))


def test_alpha_is_exact_at_both_ends():
    colours = np.random.default_rng(0).integers(0, 256, (50, 3), dtype=np.uint8)
    for alpha, expected in ((255, colours), (0, np.full_like(colours, 255))):
        assert np.array_equal(on_white(np.hstack([colours, np.full((50, 1), alpha, np.uint8)])), expected)
    half = np.hstack([colours, np.full((50, 1), 77, np.uint8)])
    assert np.array_equal(on_white(half), np.round((colours * 77.0 + 255 * 178) / 255))


@pytest.mark.parametrize(("shape", "has_channels"), [((4, 5), False), ((4, 5, 1), True), ((2, 4, 5, 1), True)])
def test_grey_is_repeated(shape, has_channels):
    grey = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
    found = as_rgb(grey, has_channels=has_channels)
    assert found.shape == (*shape[: len(shape) - has_channels], 3)
    assert (found == found[..., :1]).all()


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((2, 2, 2), np.uint8), "has 2 channels. Expected 1"),
        (np.zeros((2, 2, 3), np.int64), "type int64. Save uint8"),
        (np.full((2, 2, 3), np.inf), "12 values that are not finite"),
        (np.full((2, 2, 3), 255.0), "from 255 to 255, where floating-point pictures go .* Divide by 255"),
        (np.full((2, 2, 3), -0.5), "from -0.5 to -0.5, .* Scale them to 0..1"),
        (np.full((2, 2, 3), 1.5), "from 1.5 to 1.5, .* Scale them to 0..1"),
    ],
)
def test_refused(array, message):
    with pytest.raises(UnreadableError, match=message):
        as_rgb(array, has_channels=True)
