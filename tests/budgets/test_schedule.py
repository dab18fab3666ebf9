from __future__ import annotations

import pytest

from maskwright import MaskingError, Schedule

SETTINGS = [
    {"schedule": [0.3, 0.1]},
    {"schedule": {"start": 0.6, "end": 0.0, "shape": "cosine"}},
    {"schedule": {"start": 0.6, "end": 0.2, "shape": "cyclic", "cycles": 3}},
]


@pytest.mark.parametrize(
    ("schedule", "points"),
    [
        (Schedule(0.3, 0.1), {0.0: 0.3, 0.5: 0.2, 1.0: 0.1}),
        (Schedule(0.0, 0.8, shape="cosine"), {0.0: 0.0, 0.5: 0.4, 1.0: 0.8}),
        (Schedule(0.4, 0.2, shape="cyclic", cycles=4), {0.0: 0.4, 0.125: 0.3, 0.25: 0.4, 0.999999: 0.2, 1.0: 0.2}),
    ],
    ids=str,
)
def test_shape(schedule, points):
    for progress, ratio in points.items():
        assert schedule.ratio(progress) == pytest.approx(ratio, abs=1e-5)


@pytest.mark.parametrize("progress", [-0.1, 1.1, float("nan"), "half", None])
def test_progress_is_a_share(progress):
    with pytest.raises(MaskingError, match="progress"):
        Schedule(0.3, 0.1).ratio(progress)
