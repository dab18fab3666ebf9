import numpy as np
import pytest
from scipy import stats

from maskwright.errors import MaskingError
from maskwright.evaluate.statistics import (
    bootstrap,
    clopper_pearson,
    holm,
    mcnemar,
    percentile_interval,
    resampled_weights,
    t_interval,
)


def mean_of(values):
    return lambda weights: {"mean": weights @ values / len(values)}


def test_mcnemar_is_the_exact_binomial_test_on_what_differs():
    rng = np.random.default_rng(0)
    model, twin = rng.random(300) < 0.8, rng.random(300) < 0.7
    found = mcnemar(model, twin)
    b, c = int((model & ~twin).sum()), int((~model & twin).sum())
    assert (found.only_model, found.only_twin) == (b, c)
    assert found.p == pytest.approx(min(1.0, 2 * stats.binom.cdf(min(b, c), b + c, 0.5)))


def test_mcnemar_of_equal_answers_is_one():
    same = np.array([True, False, True])
    assert mcnemar(same, same).p == 1.0


def test_holm_by_hand():
    # sorted .001 .01 .02 .04 times 4 3 2 1, then made monotone
    assert holm([0.04, 0.001, 0.02, 0.01]) == pytest.approx([0.04, 0.004, 0.04, 0.03])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


@pytest.mark.parametrize(("right", "n"), [(0, 5), (5, 5), (3, 17), (290, 300)])
def test_clopper_pearson_is_the_beta_quantile(right, n):
    low, high = clopper_pearson(right, n, 0.9)
    assert low == pytest.approx(0.0 if right == 0 else stats.beta.ppf(0.05, right, n - right + 1))
    assert high == pytest.approx(1.0 if right == n else stats.beta.ppf(0.95, right + 1, n - right))


def test_t_interval_is_students():
    values = [0.71, 0.74, 0.69, 0.80]
    mean, low, high = t_interval(values, 0.95)
    expected = stats.t.interval(0.95, 3, loc=np.mean(values), scale=stats.sem(values))
    assert (mean, low, high) == pytest.approx((np.mean(values), *expected))
    assert np.isnan(t_interval([0.7], 0.95)[1])


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
    found = bootstrap(mean_of(right), 400, resamples=4000)["mean"]
    assert found.value == right.mean()
    assert found.replicates.std() == pytest.approx(np.sqrt(right.var() / 400), rel=0.05)


def test_bootstrap_interval_covers():
    rng = np.random.default_rng(2)
    covered = 0
    for trial in range(300):
        right = (rng.random(120) < 0.75).astype(float)
        replicates = bootstrap(mean_of(right), 120, resamples=300, seed=trial)["mean"].replicates
        low, high = percentile_interval(replicates, 0.9)
        covered += low <= 0.75 <= high
    # binomial(300, .9) has a standard deviation of 1.7 %
    assert 0.84 <= covered / 300 <= 0.95


def test_paired_difference_is_narrower_than_two_samples():
    rng = np.random.default_rng(3)
    model = rng.random(500) < 0.7
    twin = np.where(rng.random(500) < 0.05, ~model, model)
    found = bootstrap(lambda w: {"model": w @ model / 500, "twin": w @ twin / 500}, 500, resamples=1000)
    paired = (found["model"] - found["twin"]).replicates.std()
    unpaired = np.hypot(found["model"].replicates.std(), found["twin"].replicates.std())
    assert paired < 0.5 * unpaired


def test_undefined_replicates_give_no_interval():
    assert np.isnan(percentile_interval(np.array([0.1, np.nan, 0.2]), 0.95)).all()


def test_no_examples_is_refused():
    with pytest.raises(MaskingError, match="at least one example"):
        bootstrap(mean_of(np.empty(0)), 0, resamples=10)
