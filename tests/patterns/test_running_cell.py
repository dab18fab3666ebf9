from __future__ import annotations

import numpy as np

from maskwright import Grid, Rng
from maskwright.patterns.running_cell import RunningCell

CLIP = Grid(frame=8, row=6, col=4)


def hide(count, grid=CLIP, draws=200):
    valid = np.ones((draws, *grid.shape), dtype=bool)
    return RunningCell()(grid, np.full(draws, count), valid=valid, rng=Rng.from_ids(np.arange(draws)))


def test_all_cells_alike_and_the_next_frame_one_further():
    for one in hide(CLIP.size // 2, draws=20):
        places = np.stack([one[:, r::2, c::2] for r in (0, 1) for c in (0, 1)], axis=1)  # [frame, place, ...]
        assert (places == places[..., :1, :1]).all()
        ring = places[..., 0, 0]
        assert (ring.sum(1) == 2).all()
        for frame in range(7):
            np.testing.assert_array_equal(ring[frame + 1], np.roll(ring[frame], -1))


def test_every_patch_is_decoded_half_the_time():
    assert (hide(CLIP.size // 2).sum(1) == 4).all()


def test_frames_of_even_sides_favour_no_cell():
    for share in (0.2, 0.5, 0.9):
        count = round(share * CLIP.size)
        rate = hide(count, draws=8000).mean(0)
        p = count / CLIP.size
        assert np.abs(rate - p).max() < 5 * (p * (1 - p) / 8000) ** 0.5


def test_the_published_masks():
    # The four masks at a ratio of 1/2: a queue of two ones and two zeros, one step further in each frame.
    queue = np.array([1, 1, 0, 0], dtype=bool)
    published = {
        np.stack([np.tile(np.roll(queue, -step).reshape(2, 2), (3, 2)) for step in range(at, at + 8)]).tobytes()
        for at in range(4)
    }
    assert {one.tobytes() for one in hide(CLIP.size // 2)} == published
