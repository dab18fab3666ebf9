from __future__ import annotations

import numpy as np
import pytest
import torch

from maskwright import MaskingError, apply_mask


@pytest.mark.parametrize("make", [np.array, torch.tensor])
def test_what_is_left_keeps_its_order(make):
    x = make([[1, 2, 3], [4, 5, 6]])
    out = apply_mask(x, make([[True, False, False], [False, False, True]]), "drop")
    assert out.tolist() == [[2, 3], [4, 5]]
    channels = apply_mask(make([[[1, 1], [2, 2]]]), make([[True, False]]), "drop")
    assert channels.tolist() == [[[2, 2]]]
    assert apply_mask(make([1, 2, 3]), make([True, False, True]), "drop").tolist() == [2]


def test_unequal_numbers_are_refused_for_plain_arrays():
    with pytest.raises(MaskingError, match="different numbers"):
        apply_mask(np.ones((2, 2)), np.array([[True, False], [False, False]]), "drop")
