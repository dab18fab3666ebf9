"""Hidden rows painted band by band, against `where`."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from maskwright.compact.line_painting import long_bands
from maskwright.compact.painting import paint
from maskwright.compact.shapes import Lines


@pytest.mark.parametrize("kind", ["f4", "f8", "f2"])
@pytest.mark.parametrize("channels", [(), (3,)])
@pytest.mark.parametrize("value", [0, 2.5, -0.0])
def test_bands_are_painted_as_where_does(kind, channels, value):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((3, 8, 4000, *channels)).astype(kind)
    x.reshape(-1)[::7] = np.nan
    rows = np.zeros((3, 8), dtype=bool)
    rows[0, 2:6] = rows[1, :4] = rows[1, 6:] = rows[2] = True  # in the middle, at both ends, all
    columns = rng.random((3, 4000)) < 0.2
    assert long_bands(x, None, [rows, columns])
    hidden = Lines((rows, columns), (8, 4000))
    wanted = np.where(hidden.dense().reshape(3, 8, 4000, *(1,) * len(channels)), np.asarray(value, x.dtype), x)
    assert paint(x, hidden, value).tobytes() == wanted.tobytes()
    there = Lines((torch.from_numpy(rows), torch.from_numpy(columns)), (8, 4000))
    assert paint(torch.from_numpy(x), there, value).numpy().tobytes() == wanted.tobytes()
    own = x.copy()
    assert paint(own, hidden, value, out=own) is own
    assert own.tobytes() == wanted.tobytes()


def test_short_or_few_hidden_rows_are_left_to_a_pass_over_all():
    rows, columns = np.zeros((2, 8), dtype=bool), np.zeros((2, 100), dtype=bool)
    rows[:, 3] = True
    assert not long_bands(np.zeros((2, 8, 100), dtype=np.float32), None, [rows, columns])
