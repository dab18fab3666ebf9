"""What every fill promises: only hidden cells change, dtype and shape stay, nothing hidden leaks."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from maskwright import Rng, fills
from tests.settings import FILLS, small_vocabulary

NODES = [node for name in FILLS if name != "drop" for node in FILLS[name]]
TEXT = [node for name in ("mask-token", "random-token", "mix", "keep", "constant", "zero") for node in FILLS[name]]


def apply(node, x, mask, **facts):
    return fills.from_node(node)(x, mask, valid=mask | True, rng=Rng.from_ids(np.arange(len(x))), **facts)


@pytest.mark.parametrize("node", TEXT, ids=str)
@pytest.mark.parametrize("dtype", [np.int64, np.int32])
def test_ids_keep_dtype_and_visible_cells(node, dtype):
    ids = np.random.default_rng(0).integers(5, 12, size=(50, 30)).astype(dtype)
    mask = np.random.default_rng(1).random(ids.shape) < 0.4
    out = apply(node, ids, mask, vocabulary=small_vocabulary())
    assert out.dtype == dtype
    assert out.shape == ids.shape
    np.testing.assert_array_equal(out[~mask], ids[~mask])
    there = fills.from_node(node)(
        torch.from_numpy(ids),
        torch.from_numpy(mask),
        valid=torch.from_numpy(mask | True),
        rng=Rng.from_ids(torch.arange(50)),
        vocabulary=small_vocabulary(),
    )
    np.testing.assert_array_equal(out, there.numpy())
    assert there.dtype == torch.from_numpy(ids).dtype


@pytest.mark.parametrize("node", ["zero", "mean", {"constant": 2.5}], ids=str)
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
@pytest.mark.parametrize("poison", [np.nan, np.inf, -np.inf])
def test_what_is_hidden_never_reaches_the_output(node, dtype, poison):
    x = np.random.default_rng(0).random((6, 9)).astype(dtype)
    mask = np.random.default_rng(1).random(x.shape) < 0.5
    spoilt = x.copy()
    spoilt[mask] = poison
    out = apply(node, spoilt, mask)
    assert np.isfinite(out).all()
    assert out.dtype == dtype
    np.testing.assert_array_equal(out, apply(node, x, mask))


@pytest.mark.parametrize("node", NODES, ids=str)
def test_large_batches_take_the_short_way_and_get_the_same(node):
    """On large NumPy arrays some fills see the hidden cells alone; the values are the same."""
    vocabulary = small_vocabulary()
    x = np.random.default_rng(0).integers(5, 12, size=(300, 64))
    x = x.astype(np.float64) if node == "mean" else x
    mask = np.random.default_rng(1).random(x.shape) < 0.3
    groups = np.tile(np.arange(64) // 2, (300, 1))
    facts = {"valid": mask | True, "vocabulary": vocabulary, "groups": groups}
    fill, rng = fills.from_node(node), Rng.from_ids(np.arange(300))
    whole = fill(x, mask, rng=rng, **facts)
    np.testing.assert_array_equal(fills.replace_hidden(fill, x, mask, rng=rng, **dict(facts)), whole)
