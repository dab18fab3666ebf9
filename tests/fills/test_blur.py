from __future__ import annotations

import numpy as np
import pytest

from maskwright import MaskingError, Rng, apply_mask
from maskwright.fills.blur import Blur

SETTINGS = ["blur", {"blur": {"radius": 2, "law": "box"}}]


def slowly(x, mask, blur):
    """The definition, cell by cell, for one image [row, col]."""
    out = x.copy()
    for r, c in np.argwhere(mask):
        total = weights = 0.0
        for i, j in np.argwhere(~mask):
            if max(abs(i - r), abs(j - c)) <= blur.radius:
                far = ((i - r) ** 2 + (j - c) ** 2) / blur.radius**2
                weight = np.exp(-2 * far) if blur.law == "gaussian" else 1.0
                total, weights = total + weight * x[i, j], weights + weight
        out[r, c] = total / weights if weights else x[~mask].mean()
    return out


@pytest.mark.parametrize("blur", [Blur(1), Blur(2, "box"), Blur(3), Blur(64, "box")], ids=str)
def test_it_is_the_weighted_mean_of_what_is_visible_nearby(blur):
    x = np.random.default_rng(0).normal(size=(2, 7, 9, 2))
    mask = np.random.default_rng(1).random((2, 7, 9)) < 0.8
    out = apply_mask(x, mask, blur)
    for example in range(2):
        for channel in range(2):
            wanted = slowly(x[example, ..., channel], mask[example], blur)
            np.testing.assert_allclose(out[example, ..., channel], wanted, atol=1e-12)


def test_padding_has_no_weight_and_nothing_visible_gives_zero():
    x = np.array([[1.0, 5.0, 99.0], [3.0, 3.0, 3.0]])
    valid, mask = np.array([[True, True, False]] * 2), np.array([[False, True, False], [True, True, True]])
    out = Blur(2)(x, mask, valid=valid, rng=Rng.from_ids([0, 1]))
    np.testing.assert_array_equal(out, [[1.0, 1.0, 99.0], [0.0, 0.0, 0.0]])


def test_a_constant_stays_one_in_half_precision():
    x = np.full((1, 5000), 1000, dtype=np.float16)
    assert (apply_mask(x, np.arange(5000)[None] % 3 > 0, "blur") == 1000).all()
    with pytest.raises(MaskingError, match="blur: expected floating"):
        apply_mask(np.ones(3, dtype=int), np.ones(3, dtype=bool), "blur")
