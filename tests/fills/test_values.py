"""What every fill promises: only hidden cells change, dtype and shape stay, nothing hidden leaks."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from maskwright import ConfigError, Grid, Masking, MaskingError, Rng, fills
from maskwright.backend.replacement import fill_hidden
from tests.settings import FILLS, small_vocabulary

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


@pytest.mark.parametrize("node", ["zero", "mean", {"constant": 2.5}, "noise", "blur", {"indicator": "mean"}], ids=str)
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


@pytest.mark.parametrize("dtype", "bool u1 i1 i2 u2 i4 i8 f2 f4 f8 c8".split())
@pytest.mark.parametrize(
    "shapes", [((9, 2000),) * 3, ((9, 2000), (1, 2000), ()), ((9, 40, 50), (9, 40, 1), (9, 1, 50))]
)
def test_filling_by_words_is_where_to_the_bit(dtype, shapes):
    """Small arrays go by `where`, large ones by words; strides, NaN, infinity and -0.0 included."""
    random = np.random.default_rng(0)
    for few in (slice(None), slice(0, 1)):
        shape, of_mask, of_fill = shapes
        x = (random.normal(size=shape) * 60).astype(dtype)
        if x.dtype.kind == "f":
            x.flat[::7], x.flat[1::7], x.flat[2::7] = np.nan, np.inf, -0.0
        mask, fill = random.random(of_mask) < 0.4, random.integers(0, 2, of_fill).astype(dtype)
        x, mask = x[few, ::2], (mask[few, ::2] if of_mask[0] > 1 else mask[:, ::2])
        fill = fill[few, ::2] if fill.shape == shape else fill[few] if fill.ndim else fill
        for value in (0, 1, fill):
            wanted = np.where(mask, np.asarray(value, dtype=x.dtype), x)
            assert fill_hidden(mask, value, x).tobytes() == wanted.tobytes()
            value = torch.from_numpy(np.array(value)) if isinstance(value, np.ndarray) else value
            there = fill_hidden(torch.from_numpy(mask), value, torch.from_numpy(x))
            assert there.numpy().tobytes() == wanted.tobytes()
            assert there.numpy().dtype == x.dtype


@pytest.mark.parametrize("node", ["zero", "mean", "noise", "keep", {"constant": 2}], ids=str)
def test_gradients_flow_to_what_is_visible(node):
    x = torch.rand(5, 3000, requires_grad=True)
    mask = torch.arange(3000)[None].expand(5, 3000) % 3 == 0
    fills.from_node(node)(x, mask, valid=mask | True, rng=Rng.from_ids(torch.arange(5))).sum().backward()
    assert (x.grad[~mask] != 0).all()


NUMBERS = [node for name in ("zero", "mean", "noise", "blur", "swap", "marginal", "indicator") for node in FILLS[name]]


@pytest.mark.parametrize("node", NUMBERS, ids=str)
@pytest.mark.parametrize("shape", [(7, 12), (7, 5, 6, 3)])
def test_fills_for_numbers_agree_on_back_ends_and_leave_the_rest(node, shape):
    random = np.random.default_rng(2)
    x, grid = random.normal(size=shape).astype(np.float32), Grid(**{f"a{n}": size for n, size in enumerate(shape[1:3])})
    valid = random.random(shape[:3]) < 0.9
    masking, ids = Masking.from_dict({"pattern": "iid", "budget": 0.4, "fill": node}), np.arange(7)
    before = x.copy()
    here = masking(x, grid=grid, valid=valid, example_ids=ids)
    there = masking(torch.from_numpy(x), grid=grid, valid=torch.from_numpy(valid), example_ids=ids)
    np.testing.assert_allclose(here.inputs, there.inputs.numpy(), rtol=2e-6, atol=2e-6)
    assert here.inputs.dtype == x.dtype
    np.testing.assert_array_equal(x, before)
    if here.inputs.shape == x.shape:
        np.testing.assert_array_equal(here.inputs[~here.mask], x[~here.mask])
        assert (here.inputs[here.mask] != x[here.mask]).any()


@pytest.mark.parametrize("node", ["mean", "noise", "blur", {"indicator": "mean"}], ids=str)
def test_fills_that_look_at_one_example_do_not_depend_on_neighbours(node):
    x = np.random.default_rng(3).normal(size=(6, 11))
    mask = np.random.default_rng(4).random(x.shape) < 0.5
    fill, ids, order = fills.from_node(node), np.arange(6), np.array([3, 1, 5])
    whole = fill(x, mask, valid=mask | True, rng=Rng.from_ids(ids))
    some = fill(x[order], mask[order], valid=mask[order] | True, rng=Rng.from_ids(ids[order]))
    np.testing.assert_array_equal(whole[order], some)


@pytest.mark.parametrize("node", ["noise", "blur", "swap", "marginal", "indicator"])
def test_fills_for_numbers_are_refused_for_text(node):
    with pytest.raises(ConfigError, match="names of tokens"):
        fills.check_for_tokens(fills.from_node(node))


@pytest.mark.parametrize("node", ["mean", "noise", "blur"])
def test_a_part_of_a_mix_does_not_see_what_the_other_parts_hide(node):
    x = np.random.default_rng(5).normal(size=(8, 40))
    mask = np.random.default_rng(6).random(x.shape) < 0.5
    for others in (["keep", "zero"], ["zero", "keep"]):
        mix = {"mix": [[others[0], 0.3], [node, 0.4], [others[1], 0.3]]}
        out, spoilt = apply(mix, x, mask), apply(mix, np.where(mask, 1e6, x), mask)
        changed = mask & (out != x) & (out != 0)
        assert changed.any()
        np.testing.assert_array_equal(out[changed], spoilt[changed])


def test_facts_reach_the_parts_of_a_mix():
    pool = np.random.default_rng(7).normal(size=(30, 6))
    masking = Masking.from_dict({"pattern": "iid", "budget": 0.5, "fill": {"mix": {"marginal": 0.5, "swap": 0.5}}})
    out = masking(np.zeros((9, 6)), grid=Grid(feature=6), example_ids=np.arange(9), pool=pool)
    assert np.isin(out.inputs[out.mask], pool).all()
    with pytest.raises(MaskingError, match="takes no 'statistics'"):
        masking(np.zeros((9, 6)), grid=Grid(feature=6), example_ids=np.arange(9), statistics=pool)
