import numpy as np
import pytest

from maskwright.errors import MaskingError
from maskwright.evaluate.statistics import bootstrap, holm, resampled_weights, variance_of_mean


def mean_of(values):
    return lambda weights: {"mean": weights @ values / len(values)}


def test_holm_by_hand():
    # sorted .001 .01 .02 .04 times 4 3 2 1, then made monotone
    assert holm([0.04, 0.001, 0.02, 0.01]) == pytest.approx([0.04, 0.004, 0.04, 0.03])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_weights_are_whole_resamples_and_repeatable():
    blocks = np.concatenate(list(resampled_weights(7, 500)))
    assert blocks.shape == (500, 7)
    assert (blocks.sum(axis=1) == 7).all()
    assert abs(blocks.mean() - 1.0) < 1e-12
    assert np.array_equal(blocks, np.concatenate(list(resampled_weights(7, 500))))


def test_weights_come_in_blocks_for_many_examples(monkeypatch):
    monkeypatch.setattr("maskwright.evaluate.statistics.CELLS_AT_ONCE", 30)
    assert [len(block) for block in resampled_weights(10, 7)] == [3, 3, 1]


def test_bootstrap_has_the_standard_error_of_a_mean():
    right = np.random.default_rng(1).random(400) < 0.7
    found = bootstrap(mean_of(right), np.arange(400), resamples=4000)["mean"]
    assert found.value == right.mean()
    assert found.replicates.std() == pytest.approx(np.sqrt(right.var() / 400), rel=0.05)


def test_paired_difference_is_narrower_than_two_samples():
    rng = np.random.default_rng(3)
    model = rng.random(500) < 0.7
    twin = np.where(rng.random(500) < 0.05, ~model, model)
    found = bootstrap(lambda w: {"model": w @ model / 500, "twin": w @ twin / 500}, np.arange(500), resamples=1000)
    paired = (found["model"] - found["twin"]).replicates.std()
    unpaired = np.hypot(found["model"].replicates.std(), found["twin"].replicates.std())
    assert paired < 0.5 * unpaired


def test_no_examples_is_refused():
    with pytest.raises(MaskingError, match="at least one example"):
        bootstrap(mean_of(np.empty(0)), np.empty(0, dtype=int), resamples=10)


def test_rows_of_one_cluster_are_drawn_together():
    clusters = np.array([0, 0, 1, 1, 1, 2])
    drawn = []
    bootstrap(lambda w: drawn.append(w) or {"n": w.sum(axis=1)}, clusters, resamples=200)
    weights = np.concatenate(drawn[1:])
    assert (weights[:, 0] == weights[:, 1]).all()
    assert (weights[:, 2] == weights[:, 4]).all()
    assert (weights[:, [0, 2, 5]].sum(axis=1) == 3).all()


def test_every_example_is_drawn_as_often_as_every_other():
    weights = np.concatenate(list(resampled_weights(5, 20_000)))
    assert weights.mean(axis=0) == pytest.approx(1.0, abs=0.03)


def test_the_variance_of_a_mean_is_that_of_the_bootstrap():
    rng = np.random.default_rng(4)
    clusters = rng.permutation(np.repeat(np.arange(80), 5))
    right = (rng.random(80)[clusters] > rng.random(400)).astype(float)
    for groups in (np.arange(400), clusters):
        drawn = bootstrap(lambda w: {"mean": w @ right / w.sum(axis=1)}, groups, resamples=4000)["mean"]
        assert variance_of_mean(right, groups) == pytest.approx(drawn.replicates.var(), rel=0.1)
    assert variance_of_mean(right, clusters) > 1.3 * variance_of_mean(right, np.arange(400))
    assert variance_of_mean(right, np.arange(400)) == pytest.approx(right.var(ddof=1) / 400)
