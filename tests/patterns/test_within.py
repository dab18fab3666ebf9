from __future__ import annotations

import numpy as np
import pytest

from maskwright import ConfigError, Grid, Masking, MaskingError, Rng
from maskwright.patterns.within import Within

SETTINGS = [
    {"within": {"pattern": "iid", "region": {"token": [1, -2]}}},
    {"within": {"pattern": {"span": 2}, "region": {"col": [0.0, 0.6], "row": [1, None]}}},
    {"within": {"pattern": {"tied": {"pattern": "iid", "axis": "freq"}}, "region": {"time": [0.25, 1.0]}}},
    {"within": {"pattern": {"budgeted": ["iid", {"count": 3}]}, "region": {"feature": [-4, None]}}},
    {"within": {"pattern": {"by-score": {"hint": 0.2}}, "region": "objects"}},
    {"within": {"pattern": "iid", "region": "context"}},
]

N = 3000


def reached(region, grid, valid=None):
    """Cells that are hidden at a ratio of 1."""
    valid = np.ones((1, *grid.shape), dtype=bool) if valid is None else valid
    count = np.full(len(valid), grid.size)
    return Within("iid", region)(grid, count, valid=valid, rng=Rng.from_ids(np.arange(len(valid)))).astype(int)


@pytest.mark.parametrize(
    ("ends", "expected"),
    [([2, 4], "00110000"), ([2, -1], "00111110"), ([-3, None], "00000111"), ([0.25, 0.5], "00110000"),
     ([0.0, 1.0], "11111111"), ([6, 20], "00000011"), ([-20, 2], "11000000")],
)  # fmt: skip
def test_regions(ends, expected):
    assert "".join(map(str, reached({"token": ends}, Grid(token=8))[0])) == expected


def test_regions_measure_the_example_and_not_its_padding():
    valid = np.arange(8) < np.array([[8], [4]])
    assert reached({"token": [-2, None]}, Grid(token=8), valid).tolist() == [[0] * 6 + [1] * 2, [0, 0, 1, 1] + [0] * 4]
    assert reached({"token": [0.5, 1.0]}, Grid(token=8), valid).sum(1).tolist() == [4, 2]


def test_boxes_of_several_axes():
    out = reached({"row": [1, 3], "col": [0.0, 0.5]}, Grid(row=4, col=4))[0]
    assert out[1:3, :2].all()
    assert out.sum() == 4


def test_the_ratio_is_that_of_the_region():
    masking = Masking(pattern=Within("iid", {"token": [0, 5]}), budget=0.3, fill="zero")
    out = masking(np.ones((N, 20)), grid=Grid(token=20), example_ids=np.arange(N))
    assert set(out.mask.sum(1)) == {1, 2}
    assert abs(out.mask[:, :5].mean() - 0.3) < 4 * np.sqrt(0.25 / N) / 5
    assert not out.mask[:, 5:].any()


def test_a_region_of_a_region_rounds_anew():
    half = Within(Within("iid", {"token": [0.0, 0.5]}), {"token": [0.0, 0.5]})  # 12.5 of 25 cells, to even: 13
    mask = half(Grid(token=50), np.full(N, 3), valid=np.ones((N, 50), dtype=bool), rng=Rng.from_ids(np.arange(N)))
    assert abs(mask.sum(1).mean() - 3 * 13 / 50) < 4 * np.sqrt(0.5 / N)


def test_a_number_of_units_and_tubes():
    masking = Masking(pattern=Within({"budgeted": ["iid", {"count": 2}]}, {"token": [3, 6]}), budget=None, fill="zero")
    out = masking(np.ones((20, 9)), grid=Grid(token=9), example_ids=np.arange(20))
    assert (out.mask[:, 3:6].sum(1) == 2).all()
    tubes = Masking(
        pattern=Within({"tied": {"pattern": "iid", "axis": "time"}}, {"freq": [0, 2]}), budget=0.5, fill="zero"
    )
    out = tubes(np.ones((20, 3, 4)), grid=Grid(time=3, freq=4), example_ids=np.arange(20))
    assert (out.mask.sum((1, 2)) == 3).all()
    assert not out.mask[:, :, 2:].any()


def test_bad_regions_are_refused():
    for wrong in ((), {}, {"token": 3}, {"token": [1]}, {"token": [3, 2]}, {"token": [0.5, 1]}, {"token": [0.5, 0.2]},
                  {"token": [0.0, 1.5]}, {3: [0, 1]}, {"token": [None, 2]}, {"token": [True, 2]}):  # fmt: skip
        with pytest.raises(ConfigError, match=r"Within\.region"):
            Within("iid", wrong)
    with pytest.raises(MaskingError, match="within a range of row"):
        reached({"row": [0, 1]}, Grid(token=3))


def test_objects_and_their_context():
    regions = np.array([[[0, 1, 1, 0], [0, 2, 2, 0]], [[0, 0, 0, 0], [0, 0, 0, 3]]])
    for region, inside in (("objects", regions > 0), ("context", regions == 0)):
        masking = Masking(pattern={"within": {"pattern": "iid", "region": region}}, budget=1.0, fill="zero")
        out = masking(np.ones((2, 2, 4)), grid=Grid(row=2, col=4), example_ids=[0, 1], regions=regions)
        np.testing.assert_array_equal(out.mask, inside)
        half = Within("iid", region)(
            Grid(row=2, col=4), np.array([4, 8]), valid=regions >= 0, rng=Rng.from_ids([0, 1]), regions=regions
        )
        assert half[0].sum() == inside[0].sum() / 2
        assert not (half & ~inside).any()


def test_signals_reach_those_who_ask_for_them():
    assert Within("iid", {"token": [0, 1]}).signals == ()
    assert Within("iid", "objects").signals == ("regions",)
    assert Within("by-score", "context").signals == ("regions", "scores")
    assert Within(Within("iid", "objects"), "objects").signals == ("regions",)
    masking = Masking(pattern=Within("iid", "objects"), budget=0.5, fill="zero")
    with pytest.raises(MaskingError, match="regions"):
        masking(np.ones((1, 4)), grid=Grid(token=4), example_ids=[0])
    with pytest.raises(ConfigError, match="objects, context"):
        Within("iid", "object")
