"""Labels of what is hidden."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from maskwright.backend.codes import IGNORED
from maskwright.backend.labels import hidden_labels, labels_at


def test_the_ignored_label_is_that_of_torch():
    assert torch.nn.CrossEntropyLoss().ignore_index == IGNORED


@pytest.mark.parametrize("kind", [np.int64, np.int32])
@pytest.mark.parametrize("order", ["C", "F"])
def test_places_and_masks_give_the_same_labels(kind, order):
    rng = np.random.default_rng(0)
    ids = np.array(rng.integers(0, 50, (7, 9)), dtype=kind, order=order)
    hidden = rng.random((7, 9)) < 0.3
    labels = hidden_labels(ids, hidden)
    assert labels.dtype == kind
    np.testing.assert_array_equal(labels, np.where(hidden, ids, IGNORED))
    np.testing.assert_array_equal(labels_at(ids, np.flatnonzero(hidden)), labels)
    there = hidden_labels(torch.from_numpy(ids), torch.from_numpy(hidden))
    np.testing.assert_array_equal(there.numpy(), labels)
