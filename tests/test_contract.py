"""The contracts of every pattern on every grid with every budget, on NumPy and torch."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from maskwright import Grid, Masking, MaskingError, Rng, budgets, fills, patterns
from tests.settings import BUDGETS, FILLS, FLAT_GRIDS, GRIDS, PATTERNS, fitting, signals_for, valid_cells

ALL_PATTERNS = [node for nodes in PATTERNS.values() for node in nodes]
ALL_BUDGETS = [node for nodes in BUDGETS.values() for node in nodes]
ALL_FILLS = [node for nodes in FILLS.values() for node in nodes]
KINDS = ["full", "padded", "holes"]
EXAMPLES = 9
IDS = np.arange(100, 100 + EXAMPLES)

SHOWN = [Grid(token=64), Grid(row=8, col=8), Grid(frame=4, row=6, col=6), Grid(time=20, freq=8)]


def says(node):
    """What a pattern declares about itself; see `maskwright.patterns`."""
    return patterns.traits(patterns.from_node(node))


RANDOM = [node for node in ALL_PATTERNS if says(node).draws]
FLAT = [node for node in RANDOM if not says(node).biased and not says(node).sets_own_count]
SPACIOUS = [node for node in RANDOM if any(patterns.fits(patterns.from_node(node), grid) for grid in SHOWN)]

each_pattern = pytest.mark.parametrize("node", ALL_PATTERNS, ids=str)
each_pattern_and_grid = pytest.mark.parametrize(("node", "grid"), fitting(ALL_PATTERNS, GRIDS))
each_kind = pytest.mark.parametrize("kind", KINDS)


def rng(ids=IDS, seed=1, epoch=0):
    return Rng.from_ids(ids, seed=seed, epoch=epoch)


def n_valid(valid):
    return valid.sum(axis=tuple(range(1, valid.ndim)))


def hide(node, grid, count, valid, generator):
    signals = signals_for(node, valid.shape, IDS)
    return patterns.from_node(node)(grid, count, valid=valid, rng=generator, **signals)


def counted(node, grid, cells):
    """[B] hidden (or valid) things, counted as the pattern counts them."""
    return says(node).countable(grid, cells)


def masked(node, budget, grid, valid, ids=IDS, epoch=0, progress=0.5):
    """The mask that a whole Masking makes, fill aside."""
    masking = Masking.from_dict({"pattern": node, "budget": budget, "fill": "zero"})
    x = np.ones(valid.shape, dtype=np.float32)
    facts = {"grid": grid, "valid": valid, **signals_for(node, valid.shape, ids)}
    return masking(x, example_ids=ids, epoch=epoch, progress=progress, **facts)


def every_budget_and_kind(grid):
    return [(budget, valid_cells(grid, EXAMPLES, kind)) for budget in ALL_BUDGETS for kind in KINDS]


@each_pattern_and_grid
def test_hides_valid_cells_only_and_as_many_as_the_budget_says(node, grid):
    for budget, valid in every_budget_and_kind(grid):
        check_cells_and_count(node, budget, grid, valid)


def check_cells_and_count(node, budget, grid, valid):
    out = masked(node, budget, grid, valid)
    assert out.mask.dtype == bool
    assert out.mask.shape == valid.shape
    assert not (out.mask & ~valid).any()
    np.testing.assert_array_equal(out.count, n_valid(out.mask))
    asked = budgets.from_node(budget)(counted(node, grid, valid), rng=rng(seed=0).child("budget"), progress=0.5)
    assert (asked <= n_valid(valid)).all()
    hidden = counted(node, grid, out.mask)
    if says(node).sets_own_count:
        assert (hidden <= asked).all()
    # With iid and bernoulli each cell draws for itself; tested in test_bernoulli.
    elif not says(node).approximate and not (node == "iid" and "bernoulli" in budget):
        np.testing.assert_array_equal(hidden, asked)


@each_pattern_and_grid
@each_kind
def test_count_is_exact(node, grid, kind):
    for share in (0.0, 0.1, 0.5, 0.9, 1.0, 2.0):
        check_count(node, grid, kind, share)


def check_count(node, grid, kind, share):
    valid = valid_cells(grid, EXAMPLES, kind)
    count = np.round(share * grid.size + np.arange(EXAMPLES) % 2).astype(np.int64)
    mask = hide(node, grid, count, valid, rng())
    assert not (mask & ~valid).any()
    if says(node).sets_own_count:
        assert (counted(node, grid, mask) <= count).all()
    elif not says(node).approximate:
        np.testing.assert_array_equal(counted(node, grid, mask), np.minimum(count, counted(node, grid, valid)))


@each_pattern_and_grid
def test_numpy_and_torch_agree_to_the_bit(node, grid):
    for budget, valid in every_budget_and_kind(grid):
        check_back_ends(node, budget, grid, valid)


def check_back_ends(node, budget, grid, valid):
    here = masked(node, budget, grid, valid)
    masking = Masking.from_dict({"pattern": node, "budget": budget, "fill": "zero"})
    there = masking(
        torch.ones(valid.shape),
        grid=grid,
        valid=torch.from_numpy(valid),
        example_ids=torch.from_numpy(IDS),
        progress=0.5,
        **{name: torch.from_numpy(value) for name, value in signals_for(node, valid.shape, IDS).items()},
    )
    np.testing.assert_array_equal(here.mask, there.mask.numpy())
    np.testing.assert_array_equal(here.inputs, there.inputs.numpy())


@each_pattern_and_grid
def test_the_same_code_on_tensors(node, grid):
    """Masking draws on NumPy for tensors on the CPU; what runs on other devices is called here itself."""
    for kind in KINDS:
        valid = valid_cells(grid, EXAMPLES, kind)
        signals = {name: torch.from_numpy(value) for name, value in signals_for(node, valid.shape, IDS).items()}
        for share in (0.1, 0.6, 1.0):
            count = np.round(share * counted(node, grid, valid)).astype(np.int64)
            here = hide(node, grid, count, valid, rng())
            there = patterns.from_node(node)(
                grid,
                torch.from_numpy(count),
                valid=torch.from_numpy(valid),
                rng=Rng.from_ids(torch.from_numpy(IDS), seed=1),
                **signals,
            )
            assert isinstance(there, torch.Tensor)
            np.testing.assert_array_equal(here, there.numpy())


@each_pattern_and_grid
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


@pytest.mark.parametrize(
    ("node", "grid"), fitting(ALL_PATTERNS, {name: grid for name, grid in GRIDS.items() if grid.size > 1})
)
@each_kind
def test_padding_changes_nothing(node, kind, grid):
    valid = valid_cells(grid, EXAMPLES, kind)
    budget = {"uniform": [0.1, 0.9]}
    wider = Grid(**dict(zip(grid.axes, (size + 3 for size in grid.shape), strict=True)))
    padded = np.zeros((EXAMPLES, *wider.shape), dtype=bool)
    inside = (slice(None), *(slice(size) for size in grid.shape))
    padded[inside] = valid
    out = masked(node, budget, wider, padded).mask
    np.testing.assert_array_equal(out[inside], masked(node, budget, grid, valid).mask)


@pytest.mark.parametrize("node", SPACIOUS, ids=str)
def test_epochs_and_examples_differ_and_the_same_key_repeats(node):
    grid = next(grid for grid in SHOWN if patterns.fits(patterns.from_node(node), grid))
    examples, ids = 60, np.arange(60)
    valid = np.ones((examples, *grid.shape), dtype=bool)
    first = masked(node, 0.5, grid, valid, ids).mask
    np.testing.assert_array_equal(first, masked(node, 0.5, grid, valid, ids).mask)
    changed = (first != masked(node, 0.5, grid, valid, ids, epoch=1).mask).reshape(examples, -1).any(axis=1)
    # A pattern of a few possible masks draws the same one twice now and then.
    few = len(np.unique(first.reshape(examples, -1), axis=0))
    assert few > 1
    assert changed.mean() > 0.95 * (1 - 1 / few) - 0.2 if few < examples else changed.all()


@pytest.mark.parametrize("node", RANDOM, ids=str)
def test_every_cell_is_reachable(node):
    for grid in [g for g in FLAT_GRIDS if patterns.fits(patterns.from_node(node), g)]:
        valid = np.ones((2000, *grid.shape), dtype=bool)
        rate = masked(node, 0.5, grid, valid, ids=np.arange(2000)).mask.mean(0)
        assert rate.min() > 0 or says(node).biased, f"{grid}: cells that are never hidden"


@pytest.mark.parametrize(("node", "grid"), fitting(FLAT, FLAT_GRIDS))
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
    grid = next(grid for grid in GRIDS.values() if patterns.fits(patterns.from_node(node), grid))
    valid = valid_cells(grid, EXAMPLES, "padded")
    for fill in ("zero", "mean", "keep", {"constant": 2}):
        x = np.random.default_rng(0).random(valid.shape)
        before, valid_before = x.copy(), valid.copy()
        facts = {"grid": grid, "valid": valid, **signals_for(node, valid.shape, IDS)}
        Masking.from_dict({"pattern": node, "budget": 0.5, "fill": fill})(x, example_ids=IDS, **facts)
        np.testing.assert_array_equal(x, before)
        np.testing.assert_array_equal(valid, valid_before)


@pytest.mark.parametrize("node", ALL_PATTERNS, ids=str)
def test_a_grid_that_does_not_fit_is_refused(node):
    for grid in GRIDS.values():
        if not patterns.fits(patterns.from_node(node), grid):
            valid = valid_cells(grid, EXAMPLES, "full")
            with pytest.raises(MaskingError, match="Grid"):
                masked(node, 0.5, grid, valid)


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
    assume(patterns.fits(patterns.from_node(node), grid))
    valid = valid_cells(grid, examples, kind, seed=seed % 1000)
    out = masked(node, {"ratio": ratio}, grid, valid, ids=np.arange(examples))
    assert not (out.mask & ~valid).any()
    if not says(node).sets_own_count and not says(node).approximate:
        low = np.floor(ratio * counted(node, grid, valid) - 1e-6)
        assert (counted(node, grid, out.mask) >= low).all()
        assert (counted(node, grid, out.mask) <= low + 1 + 1e-6).all()


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
