from __future__ import annotations

import numpy as np
import pytest

from maskwright import Grid, Masking, Rng
from maskwright.patterns.wav2vec2 import Wav2vec2

SETTINGS = [
    {"wav2vec2": {"share": 0.65, "length": 3}},
    {"wav2vec2": {"share": 0.5, "length": 2, "min_masks": 1, "max_share": 0.8, "edges": "wrap"}},
    {"wav2vec2": {"share": 0.3, "length": 1}},
]


def hide(pattern, size, draws=3000, lengths=None):
    valid = np.ones((draws, size), dtype=bool) if lengths is None else np.arange(size) < lengths[:, None]
    return pattern(Grid(time=size), np.full(draws, size), valid=valid, rng=Rng.from_ids(np.arange(draws)))


def hidden_runs(mask):
    edges = np.flatnonzero(np.diff(np.r_[0, mask.astype(int), 0]))
    return edges[1::2] - edges[::2]


@pytest.mark.parametrize(("share", "expected"), [(0.05, 0.046), (0.065, 0.06), (0.65, 0.485)])
def test_hidden_share_is_that_of_the_published_law(share, expected):
    from transformers.models.wav2vec2.modeling_wav2vec2 import _compute_mask_indices

    np.random.seed(0)  # noqa: NPY002 - the global generator is the only one that code draws from
    # One rounding for the whole batch there: one example a call is the law of one example.
    theirs = np.mean([_compute_mask_indices((1, 500), share, 10).mean() for _ in range(1500)])
    ours = hide(Wav2vec2(share=share), 500).mean()
    assert ours == pytest.approx(theirs, abs=0.005)
    assert ours == pytest.approx(expected, abs=0.012)


def test_spans_are_whole_and_starts_differ():
    for length in (1, 3, 10):
        mask = hide(Wav2vec2(share=0.5, length=length), 60, 500)
        for row in mask:
            assert all(run >= length for run in hidden_runs(row))
    full = hide(Wav2vec2(share=1.0, length=1), 20, 50)
    assert full.all(), "as many different starts as there are places"


def test_number_of_spans_is_rounded_at_random_for_each_example():
    mask = hide(Wav2vec2(share=0.15, length=10), 100, 4000)
    n = np.array([len(hidden_runs(row)) for row in mask])
    assert set(n) == {1, 2}, "1.5 spans"
    assert mask.sum(1).min() == 10
    assert (mask.sum(1) == 10).mean() == pytest.approx(0.5, abs=0.05)


def test_true_lengths_count_and_padding_is_never_hidden():
    lengths = np.repeat([9, 10, 30, 200], 300)
    for edges in ("published", "wrap"):
        mask = hide(Wav2vec2(share=0.5, edges=edges), 200, 1200, lengths)
        assert not (mask & (np.arange(200) >= lengths[:, None])).any()
        assert not mask[lengths == 9].any(), "shorter than a span: left whole"
        assert mask[lengths == 10, :10].all(1).mean() == pytest.approx(0.5, abs=0.15)
        assert mask[lengths == 30].mean() / 0.15 == pytest.approx(0.4, abs=0.1)


def test_short_examples_are_not_hidden_whole_where_a_bound_is_set():
    lengths = np.repeat([30, 1500], 100)
    law = {"share": 0.05, "min_masks": 2}
    mask = hide(Wav2vec2(**law), 1500, 200, lengths)
    assert mask[:100].sum(1).max() / 30 > 0.5
    mask = hide(Wav2vec2(**law, max_share=0.4), 1500, 200, lengths)
    assert mask[:100].sum(1).max() / 30 <= 0.4
    assert mask[100:].sum(1).mean() / 1500 == pytest.approx(0.049, abs=0.01)


def test_ends_are_hidden_less_as_published_and_equally_often_when_wrapped():
    rate = hide(Wav2vec2(share=0.3, length=20), 100, 8000).mean(0)
    assert rate[0] < 0.2 * rate[50]
    assert Wav2vec2().biased
    wrapped = Wav2vec2(share=0.3, length=20, edges="wrap")
    assert not wrapped.biased
    rate = hide(wrapped, 100, 20_000).mean(0)
    assert np.abs(rate - rate.mean()).max() < 5 * np.sqrt(0.25 / 20_000)


def test_starts_are_a_uniform_choice():
    """All pairs of places are equally likely, whichever way they are drawn."""
    for length in (3, 4):
        size = 2 * length + 2
        mask = hide(Wav2vec2(share=1.0, length=length), size, 20_000)
        places = size - length + 1
        pairs = {}
        for a in range(places):
            for b in range(a):
                key = np.zeros(size, dtype=bool)
                key[a : a + length] = key[b : b + length] = True
                pairs[key.tobytes()] = pairs.get(key.tobytes(), 0) + 1
        seen, counts = np.unique(mask, axis=0, return_counts=True)
        two = mask.sum(1) > length
        total = two.sum()
        for row, number in zip(seen, counts, strict=True):
            if row.sum() > length:
                expected = pairs[row.tobytes()] / (places * (places - 1) / 2)
                assert number / total == pytest.approx(expected, abs=5 * np.sqrt(expected / total))


def test_feature_axis():
    masking = Masking(Wav2vec2(share=0.4, length=5), None, "zero")
    x = np.ones((4, 64, 7), dtype=np.float32)
    out = masking(x, grid=Grid(feature=64), example_ids=np.arange(4))
    np.testing.assert_array_equal(out.inputs == 0, np.broadcast_to(out.mask[:, :, None], x.shape))
