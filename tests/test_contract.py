"""The contracts of every pattern on every grid with every budget, on NumPy and torch."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright import Grid, Masking, Rng, budgets, fills, patterns
from tests.settings import BUDGETS, FILLS, GRIDS, PATTERNS, valid_cells

ALL_PATTERNS = [node for nodes in PATTERNS.values() for node in nodes]
ALL_BUDGETS = [node for nodes in BUDGETS.values() for node in nodes]
ALL_FILLS = [node for nodes in FILLS.values() for node in nodes]
KINDS = ["full", "padded", "holes"]
EXAMPLES = 9
IDS = np.arange(100, 100 + EXAMPLES)

each_pattern = pytest.mark.parametrize("node", ALL_PATTERNS, ids=str)
each_budget = pytest.mark.parametrize("budget", ALL_BUDGETS, ids=str)
each_grid = pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS)
each_kind = pytest.mark.parametrize("kind", KINDS)


def rng(ids=IDS, seed=1, epoch=0):
    return Rng.from_ids(ids, seed=seed, epoch=epoch)


def n_valid(valid):
    return valid.sum(axis=tuple(range(1, valid.ndim)))


def hide(node, grid, count, valid, generator):
    return patterns.from_node(node)(grid, count, valid=valid, rng=generator)


def masked(node, budget, grid, valid, ids=IDS, epoch=0, progress=0.5):
    """The mask that a whole Masking makes, fill aside."""
    masking = Masking.from_dict({"pattern": node, "budget": budget, "fill": "zero"})
    x = np.ones(valid.shape, dtype=np.float32)
    return masking(x, grid=grid, valid=valid, example_ids=ids, epoch=epoch, progress=progress)


@each_pattern
@each_budget
@each_grid
@each_kind
def test_hides_valid_cells_only_and_as_many_as_the_budget_says(node, budget, grid, kind):
    valid = valid_cells(grid, EXAMPLES, kind)
    out = masked(node, budget, grid, valid)
    assert out.mask.dtype == bool
    assert out.mask.shape == valid.shape
    assert not (out.mask & ~valid).any()
    np.testing.assert_array_equal(out.count, n_valid(out.mask))
    asked = budgets.from_node(budget)(n_valid(valid), rng=rng(seed=0).child("budget"), progress=0.5)
    assert (asked <= n_valid(valid)).all()
    if getattr(patterns.from_node(node), "sets_own_count", False):
        assert (out.count <= asked).all()
    elif not (node == "iid" and "bernoulli" in budget):  # there each cell draws for itself; tested in test_bernoulli
        np.testing.assert_array_equal(out.count, asked)


@each_pattern
@each_grid
@each_kind
@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 1.0, 2.0])
def test_count_is_exact(node, grid, kind, share):
    valid = valid_cells(grid, EXAMPLES, kind)
    count = np.round(share * grid.size + np.arange(EXAMPLES) % 2).astype(np.int64)
    mask = hide(node, grid, count, valid, rng())
    pattern = patterns.from_node(node)
    expected = np.minimum(count, n_valid(valid))
    if getattr(pattern, "sets_own_count", False):
        everything = hide(node, grid, n_valid(valid), valid, rng())
        expected = np.minimum(count, n_valid(everything))
    np.testing.assert_array_equal(n_valid(mask), expected)


@each_pattern
@each_budget
@each_grid
@each_kind
def test_numpy_and_torch_agree_to_the_bit(node, budget, grid, kind):
    valid = valid_cells(grid, EXAMPLES, kind)
    here = masked(node, budget, grid, valid)
    masking = Masking.from_dict({"pattern": node, "budget": budget, "fill": "zero"})
    there = masking(
        torch.ones(valid.shape),
        grid=grid,
        valid=torch.from_numpy(valid),
        example_ids=torch.from_numpy(IDS),
        progress=0.5,
    )
    np.testing.assert_array_equal(here.mask, there.mask.numpy())
    np.testing.assert_array_equal(here.inputs, there.inputs.numpy())


@each_pattern
@each_grid
@each_kind
def test_mask_depends_on_the_example_alone(node, grid, kind):
    valid = valid_cells(grid, EXAMPLES, kind)
    budget = {"uniform": [0.1, 0.9]}
    together = masked(node, budget, grid, valid).mask
    order = np.random.default_rng(0).permutation(EXAMPLES)
    np.testing.assert_array_equal(masked(node, budget, grid, valid[order], IDS[order]).mask, together[order])
    for row in range(EXAMPLES):
        one = slice(row, row + 1)
        np.testing.assert_array_equal(masked(node, budget, grid, valid[one], IDS[one]).mask, together[one])


@each_pattern
@each_kind
@pytest.mark.parametrize("grid", [GRIDS["one axis"], GRIDS["two axes"], GRIDS["three axes"]], ids=str)
def test_padding_changes_nothing(node, kind, grid):
    valid = valid_cells(grid, EXAMPLES, kind)
    budget = {"uniform": [0.1, 0.9]}
    wider = Grid(**dict(zip(grid.axes, (size + 3 for size in grid.shape), strict=True)))
    padded = np.zeros((EXAMPLES, *wider.shape), dtype=bool)
    inside = (slice(None), *(slice(size) for size in grid.shape))
    padded[inside] = valid
    out = masked(node, budget, wider, padded).mask
    np.testing.assert_array_equal(out[inside], masked(node, budget, grid, valid).mask)


@pytest.mark.parametrize("node", [n for name in PATTERNS if name != "fixed" for n in PATTERNS[name]], ids=str)
def test_epochs_and_examples_differ_and_the_same_key_repeats(node):
    grid, valid = Grid(token=64), np.ones((EXAMPLES, 64), dtype=bool)
    first = masked(node, 0.5, grid, valid).mask
    np.testing.assert_array_equal(first, masked(node, 0.5, grid, valid).mask)
    assert (first != masked(node, 0.5, grid, valid, epoch=1).mask).any(axis=1).all()
    assert len(np.unique(first, axis=0)) == EXAMPLES


@pytest.mark.parametrize("node", [n for name in PATTERNS if name != "fixed" for n in PATTERNS[name]], ids=str)
@pytest.mark.parametrize(
    "grid", [Grid(token=7), Grid(token=20), Grid(row=3, col=5), Grid(frame=2, row=2, col=3)], ids=str
)
@pytest.mark.parametrize("ratio", [0.15, 0.4, 0.8])
def test_every_cell_is_hidden_equally_often(node, grid, ratio):
    draws = 20_000
    valid = np.ones((draws, *grid.shape), dtype=bool)
    mask = masked(node, {"ratio": ratio}, grid, valid, ids=np.arange(draws)).mask
    rate = mask.mean(0).ravel()
    error = np.sqrt(ratio * (1 - ratio) / draws)
    assert abs(rate.mean() - ratio) < 4 * error, "realised ratio is not the one asked for"
    assert np.abs(rate - ratio).max() < 5 * error, f"rates per cell {rate.min():.3f} to {rate.max():.3f}"


@each_pattern
def test_arrays_given_are_not_written_to(node):
    grid, valid = Grid(token=13), valid_cells(Grid(token=13), EXAMPLES, "padded")
    for fill in ("zero", "mean", "keep", {"constant": 2}):
        x = np.random.default_rng(0).random(valid.shape)
        before, valid_before = x.copy(), valid.copy()
        Masking.from_dict({"pattern": node, "budget": 0.5, "fill": fill})(x, grid=grid, valid=valid, example_ids=IDS)
        np.testing.assert_array_equal(x, before)
        np.testing.assert_array_equal(valid, valid_before)


@given(
    shape=st.lists(st.integers(0, 9), min_size=1, max_size=3),
    examples=st.integers(0, 5),
    ratio=st.floats(0, 1),
    node=st.sampled_from(ALL_PATTERNS),
    seed=st.integers(0, 2**62),
    kind=st.sampled_from(KINDS),
)
@settings(max_examples=150, deadline=None)
def test_any_shape_any_ratio(shape, examples, ratio, node, seed, kind):
    grid = Grid(**{f"axis{number}": size for number, size in enumerate(shape)})
    valid = valid_cells(grid, examples, kind, seed=seed % 1000)
    out = masked(node, {"ratio": ratio}, grid, valid, ids=np.arange(examples))
    assert not (out.mask & ~valid).any()
    if "sets_own_count" not in dir(type(patterns.from_node(node))):
        low = np.floor(ratio * n_valid(valid) - 1e-6)
        assert (n_valid(out.mask) >= low).all()
        assert (n_valid(out.mask) <= low + 1 + 1e-6).all()


@pytest.mark.parametrize("node", ALL_PATTERNS + ALL_BUDGETS + ALL_FILLS, ids=str)
def test_values_round_trip_through_yaml_pickle_and_repr(node):
    import yaml

    from maskwright.strategy import to_node

    package = patterns if node in ALL_PATTERNS else budgets if node in ALL_BUDGETS else fills
    value = package.from_node(node)
    assert package.from_node(yaml.safe_load(yaml.safe_dump(to_node(value)))) == value
    assert pickle.loads(pickle.dumps(value)) == value
    assert type(value).__name__ in repr(value)
    hash(value)


@each_pattern
@pytest.mark.parametrize("fill", ALL_FILLS, ids=str)
def test_whole_maskings_round_trip(node, fill):
    masking = Masking.from_dict({"pattern": node, "budget": 0.3, "fill": fill, "unit": "word", "clean_share": 0.25})
    assert Masking.from_dict(masking.to_dict()) == masking
    assert pickle.loads(pickle.dumps(masking)) == masking
