"""Numbers per cell that guide a pattern."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from maskwright import MaskingError
from maskwright.geometry.signals import check_signal, only_valid

VALID = np.array([[True, False, True]])


@pytest.mark.parametrize("make", [np.array, torch.tensor])
@pytest.mark.parametrize(
    ("numbers", "lowest"),
    [
        (np.array([[0.5, 9.0, -3.0]], dtype=np.float32), -np.inf),
        (np.array([[5, 9, -3]], dtype=np.int16), -(1 << 15)),
        (np.array([[True, True, False]]), 0),
    ],
)
def test_cells_that_may_not_be_hidden_come_last(make, numbers, lowest):
    values, least = only_valid("scores", make(numbers), make(VALID))
    assert least == lowest
    assert np.asarray(values).tolist() == [[float(numbers[0, 0]), lowest, float(numbers[0, 2])]]


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        (np.ones((1, 4)), r"scores: expected the shape \(1, 3\), given \(1, 4\)"),
        (np.ones((1, 3), dtype=complex), "scores: expected real numbers, given complex128"),
    ],
)
def test_other_numbers_are_refused(numbers, message):
    with pytest.raises(MaskingError, match=message):
        check_signal("scores", numbers, VALID)
