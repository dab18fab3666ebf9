from __future__ import annotations

import numpy as np

from maskwright import apply_mask


def test_it_is_the_textbook_product_on_finite_numbers():
    x, mask = np.random.default_rng(0).normal(size=(5, 7)), np.random.default_rng(1).random((5, 7)) < 0.5
    np.testing.assert_array_equal(apply_mask(x, mask, "zero"), np.abs(x * ~mask) * np.sign(x))
