"""Sums and runs that are counted several at a time, against the plain way."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from maskwright.backend.arrays import running_count, running_parity
from maskwright.geometry.spans import running_sum, unbroken


@pytest.mark.parametrize("width", [1, 8, 13, 248, 256, 264])
def test_running_counts_and_parities(width):
    mask = np.random.default_rng(width).random((9, width)) < 0.7
    mask[0], mask[1] = True, False
    np.testing.assert_array_equal(running_count(mask, -1), np.cumsum(mask, axis=1) - 1)
    np.testing.assert_array_equal(running_parity(mask), np.cumsum(mask, axis=1) % 2 == 1)


@pytest.mark.parametrize(("width", "largest"), [(4, 3), (7, 3), (64, 1023), (64, 1024), (64, 100_000)])
def test_running_sums(width, largest):
    sizes = np.random.default_rng(0).integers(0, largest + 1, (5, width)).astype(np.int32)
    sizes[0] = largest
    out = running_sum(sizes, largest)
    assert out.dtype == np.int32
    np.testing.assert_array_equal(out, np.cumsum(sizes, axis=1))
    np.testing.assert_array_equal(running_sum(torch.from_numpy(sizes), largest).numpy(), out)


@pytest.mark.parametrize(
    ("rows", "whole"),
    [
        (["0110", "0000", "1111", "0001", "1000"], True),
        (["0110", "1010"], False),
        (["1111", "1001", "0000"], False),
        (["0001", "1101"], False),
        (["0000", "0000"], True),
    ],
)
def test_rows_without_gaps_are_told_from_others(rows, whole):
    valid = np.array([[cell == "1" for cell in row] for row in rows])
    first = unbroken(valid, valid.sum(1))
    assert (first is not None) == whole
    if first is not None:
        np.testing.assert_array_equal(first, valid.argmax(1))
