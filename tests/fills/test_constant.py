from __future__ import annotations

import numpy as np
import pytest

from maskwright import ConfigError, MaskingError, apply_mask

SETTINGS = [{"constant": -1}]


@pytest.mark.parametrize(
    ("dtype", "value"), [(np.uint8, 300), (np.uint8, -1), (np.int64, 0.5), (bool, 2), (np.float16, 1e5)]
)
def test_a_value_that_the_array_cannot_hold_is_refused(dtype, value):
    with pytest.raises(MaskingError, match="does not fit"):
        apply_mask(np.ones((2, 2), dtype=dtype), np.ones((2, 2), dtype=bool), value)


def test_nan_is_no_value():
    with pytest.raises(ConfigError, match=r"Constant\.value"):
        apply_mask(np.ones(2), np.ones(2, dtype=bool), float("nan"))
