"""The mask of an example is the same whatever loads it: workers, batch sizes, order, a resume, two ranks."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.utils.data import BatchSampler, DataLoader, DistributedSampler, RandomSampler, SequentialSampler

from maskwright import Grid, Masking, patterns
from tests.settings import PATTERNS, signals_for

EXAMPLES = 72
GRIDS = [Grid(token=19), Grid(row=6, col=6), Grid(frame=4, row=4, col=4), Grid(time=16, freq=6), Grid(feature=9)]


def jobs():
    """(name, node, grid) of every pattern, on the first grid that it fits."""
    for nodes in PATTERNS.values():
        for node in nodes:
            pattern = patterns.from_node(node)
            grid = next(grid for grid in GRIDS if patterns.fits(pattern, grid))
            yield str(node), node, grid


class Places(torch.utils.data.Dataset):
    """Examples that are nothing but their number."""

    def __len__(self) -> int:
        return EXAMPLES

    def __getitem__(self, number: int) -> int:
        return number


def every_mask(numbers: list[int]) -> dict[str, np.ndarray]:
    """The masks that every pattern gives the examples of a batch; runs in the workers."""
    ids = np.asarray(numbers)
    out: dict[str, np.ndarray] = {"ids": ids}
    for name, node, grid in jobs():
        shape = (len(ids), *grid.shape)
        valid = np.arange(grid.shape[-1]) < (grid.shape[-1] - ids % 3).reshape((-1,) + (1,) * grid.ndim)
        facts = {"grid": grid, "valid": np.broadcast_to(valid, shape).copy(), **signals_for(node, shape, ids)}
        masking = Masking(pattern=node, budget={"uniform": [0.1, 0.7]}, fill="zero")
        out[name] = masking(np.ones(shape, dtype=np.float32), example_ids=ids, seed=5, epoch=2, **facts).mask
    return out


def loaded(batches, workers: int = 0) -> dict[str, np.ndarray]:
    """All masks, by example, as a loader with these batches of numbers gives them."""
    loader = DataLoader(Places(), batch_sampler=batches, num_workers=workers, collate_fn=every_mask)
    parts = list(loader)
    ids = np.concatenate([part["ids"] for part in parts])
    order = np.argsort(ids, kind="stable")
    joined = {name: np.concatenate([part[name] for part in parts])[order] for name in parts[0]}
    assert np.array_equal(joined["ids"], np.sort(ids))
    return joined


@pytest.fixture(scope="module")
def wanted():
    return loaded(BatchSampler(SequentialSampler(Places()), 8, drop_last=False))


def different(found, wanted):
    """The patterns whose masks are not the ones wanted for the same examples."""
    rows = found["ids"]
    return [name for name in wanted if not np.array_equal(found[name], wanted[name][rows])]


@pytest.mark.parametrize("workers", [1, 4])
def test_workers(wanted, workers):
    assert different(loaded(BatchSampler(SequentialSampler(Places()), 8, drop_last=False), workers), wanted) == []


@pytest.mark.parametrize("size", [1, 64])
def test_batch_sizes(wanted, size):
    assert different(loaded(BatchSampler(SequentialSampler(Places()), size, drop_last=False)), wanted) == []


def test_order(wanted):
    shuffled = RandomSampler(Places(), generator=torch.Generator().manual_seed(3))
    assert different(loaded(BatchSampler(shuffled, 8, drop_last=False), workers=2), wanted) == []


def test_a_resume_goes_on_with_the_same_sequence(wanted):
    batches = list(BatchSampler(SequentialSampler(Places()), 8, drop_last=False))
    assert different(loaded(batches[4:]), wanted) == []


def test_two_ranks_share_the_masks_of_one(wanted):
    for rank in (0, 1):
        sampler = DistributedSampler(Places(), num_replicas=2, rank=rank, shuffle=True, seed=1)
        assert different(loaded(BatchSampler(sampler, 8, drop_last=False)), wanted) == []


def test_examples_differ(wanted):
    for name, node, _ in jobs():
        if patterns.traits(patterns.from_node(node)).draws and "fixed" not in name:
            assert len(np.unique(wanted[name].reshape(EXAMPLES, -1), axis=0)) > 3, name
