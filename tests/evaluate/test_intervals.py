import math

import numpy as np
import pytest
from scipy import stats

from maskwright.evaluate.estimates import Apart, Bounded, Difference, Unbounded, Worst, written, written_difference
from maskwright.evaluate.intervals import (
    Share,
    Variation,
    mean_bounds,
    p_value,
    share_bounds,
    square_and_add,
    two_way,
    worst_bounds,
)
from maskwright.evaluate.samples import Sample, difference_of, share_of
from maskwright.evaluate.statistics import Replicated


def right_of(only_model, only_twin, both, neither):
    """[N] right answers of two models."""
    model = np.repeat([True, False, True, False], [only_model, only_twin, both, neither])
    twin = np.repeat([False, True, True, False], [only_model, only_twin, both, neither])
    return model, twin


@pytest.mark.parametrize(("right", "n"), [(0, 5), (5, 5), (3, 17), (290, 300), (1, 1), (0, 1)])
def test_one_draw_of_one_model_has_clopper_and_pearsons_interval(right, n):
    low, high = share_of(np.arange(n) < right).bounds(0.9)
    assert low == pytest.approx(0.0 if right == 0 else stats.beta.ppf(0.05, right, n - right + 1))
    assert high == pytest.approx(1.0 if right == n else stats.beta.ppf(0.95, right + 1, n - right))


@pytest.mark.parametrize(
    "counts", [(5, 5, 5, 5), (1, 0, 30, 0), (0, 0, 31, 0), (0, 0, 0, 20), (600, 0, 0, 0), (3, 9, 2, 1)]
)
def test_differences_are_possible_hold_their_value_and_have_a_width(counts):
    one = difference_of(*right_of(*counts))
    low, high = one.bounds(0.95)
    assert -1 <= low < high <= 1
    assert low <= one.value <= high


def test_all_against_none_is_a_difference():
    low, high = difference_of(*right_of(600, 0, 0, 0)).bounds(0.95)
    assert low > 0.98
    assert high == 1.0


def test_swapping_the_models_turns_the_difference_round():
    model, twin = right_of(14, 5, 30, 11)
    low, high = difference_of(model, twin).bounds(0.95)
    assert difference_of(twin, model).bounds(0.95) == pytest.approx((-high, -low))


def test_the_interval_of_a_difference_is_close_to_newcombes():
    # Newcombe 1998, method 10, for 36 / 12 / 2 / 0 of 50: 0.20 with 0.0569 to 0.3404.
    low, high = difference_of(*right_of(12, 2, 36, 0)).bounds(0.95)
    assert (low, high) == pytest.approx((0.0569, 0.3404), abs=0.025)


def test_variance_over_seeds_and_examples_is_not_counted_twice():
    # Seeds that differ only because each sees its own share of noise of the examples: the interaction takes it out.
    assert two_way([0.5, 0.5], np.array([0.02, 0.02]), 0.01, 50).variance == pytest.approx(0.01)
    found = two_way([0.4, 0.6], np.array([0.01, 0.01]), 0.01, 50)
    assert found.variance == pytest.approx(0.01 + 0.01)
    spread = 0.01**2 / 1 + 0.01**2 / 49
    assert found.freedom == pytest.approx(0.02**2 / spread)
    assert two_way([0.4, 0.6], np.array([0.05, 0.05]), 0.01, 50).variance == pytest.approx(0.01)


def test_more_seeds_narrow_the_interval_down_to_what_examples_leave():
    def width(seeds):
        values = 0.7 + 0.02 * np.linspace(-1, 1, seeds)
        found = two_way(list(values), np.full(seeds, 0.001), 0.0005, 200)
        low, high = share_bounds(Share(0.7, found, 200, 60.0), 0.95)
        return high - low

    assert width(3) > width(5) > width(20) > 2 * 1.96 * math.sqrt(0.0005) * 0.9


def test_two_seeds_that_differ_give_a_possible_interval():
    each = [np.arange(200) < 190, np.arange(200) < 170]
    runs = [Replicated(float(one.mean()), np.empty(0), one.astype(float)) for one in each]
    sample = Sample(runs, np.arange(200), (0.0, 1.0))
    low, high = sample.estimate().bounds(0.95)
    assert 0 <= low < 0.85 < 0.95 < high <= 1
    assert sample.estimate(over_seeds=False).bounds(0.95)[0] > 0.8


def test_students_interval():
    values = [0.71, 0.74, 0.69, 0.80]
    variation = Variation(float(np.var(values, ddof=1)) / 4, 3.0)
    expected = stats.t.interval(0.95, 3, loc=np.mean(values), scale=stats.sem(values))
    assert mean_bounds(float(np.mean(values)), variation, 0.95) == pytest.approx(expected)
    assert mean_bounds(0.5, Variation(0.04, math.inf), 0.95)[1] == pytest.approx(0.5 + 1.959964 * 0.2)


def test_nothing_of_no_width_is_written():
    assert np.isnan(mean_bounds(0.5, Variation(0.0, 10.0), 0.95)).all()
    assert written(Unbounded(0.5, Variation(0.0, 10.0)), 0.95) == {"value": 0.5, "low": None, "high": None}
    assert written_difference(Unbounded(0.5, Variation(0.0, 10.0)), 0.95)["p"] is None
    for value in (0.0, 0.3, 1.0):
        low, high = share_bounds(Share(value, Variation(0.0, 10.0), 30, 0.0), 0.95)
        assert high - low > 0.05


def test_a_limit_is_never_crossed():
    assert Unbounded(0.1, Variation(0.04, 20.0), (0.0, math.inf)).bounds(0.95)[0] == 0.0
    low, high = Bounded(Share(0.99, Variation(0.0001, 50.0), 400, 5.0), (0.0, 100.0)).bounds(0.95)
    assert 90 < low < 99 < high <= 100


def test_square_and_add_with_correlation():
    first, second = (0.5, (0.4, 0.6)), (0.3, (0.25, 0.36))
    low, high = square_and_add(first, second, 0.0)
    assert (0.2 - low, high - 0.2) == pytest.approx((math.hypot(0.1, 0.06), math.hypot(0.1, 0.05)))
    low, high = square_and_add(first, second, 1.0)
    assert (0.2 - low, high - 0.2) == pytest.approx((0.04, 0.05))


def test_correlation_comes_from_the_variance_of_the_difference():
    one, two = (Unbounded(value, Variation(0.01, math.inf)) for value in (1.0, 0.0))
    half = 1.959964 * math.sqrt(0.005)
    assert Difference(one, two, 0.005).bounds(0.95) == pytest.approx((1 - half, 1 + half))


def test_the_p_value_is_where_the_interval_reaches_zero():
    one = difference_of(*right_of(14, 5, 30, 11))
    p = p_value(one.bounds)
    assert 0.01 < p < 0.1
    assert one.bounds(1 - p * 1.01)[0] > 0 > one.bounds(1 - p * 0.99)[0]
    assert p_value(difference_of(*right_of(5, 5, 5, 5)).bounds) == 1.0
    assert p_value(difference_of(*right_of(600, 0, 0, 0)).bounds) < 1e-6
    # Close to the exact test on what differs.
    assert p == pytest.approx(stats.binomtest(14, 19).pvalue, abs=0.04)


def test_the_worst_of_equal_groups_is_no_worse_than_they_are():
    rng, held, naive = np.random.default_rng(0), 0, 0
    for _ in range(300):
        rights = rng.random((30, 40)) < 0.8
        low, high = worst_bounds([share_of(right).share for right in rights], 0.95)
        held += low <= 0.8 <= high
        naive += rights.mean(axis=1).min() >= 0.75
    assert held / 300 >= 0.93
    assert naive < 30


def test_the_worst_of_unequal_groups_is_about_the_worst():
    shares = [share_of(np.arange(100) < right).share for right in (50, 90, 95)]
    low, high = worst_bounds(shares, 0.95)
    assert (low, high) == pytest.approx((share_bounds(shares[0], 0.95)[0], share_bounds(shares[0], 1 - 0.05 / 3)[1]))


def test_two_worst_groups_are_compared_with_half_the_error_each():
    one, two = (Worst([share_of(np.arange(80) < right).share]) for right in (60, 40))
    (one_low, one_high), (two_low, two_high) = one.bounds(0.975), two.bounds(0.975)
    assert Apart(one, two).bounds(0.95) == pytest.approx((one_low - two_high, one_high - two_low))


def test_more_error_to_share_is_a_wider_interval():
    one = difference_of(*right_of(14, 5, 30, 11))
    alone, shared = (written_difference(one, 1 - 0.05 / m, measures=m) for m in (1, 4))
    assert shared["low"] < alone["low"]
    assert shared["high"] > alone["high"]
    assert shared["p"] == pytest.approx(min(1.0, 4 * alone["p"]))
    assert shared["detectable"] > alone["detectable"]


def test_the_detectable_difference_is_shown_four_times_in_five():
    rng, shown = np.random.default_rng(1), 0
    same = [rng.random(400) < 0.7 for _ in range(2)]
    size = written_difference(difference_of(*same), 0.95)["detectable"]
    for _ in range(400):
        twin = rng.random(400) < 0.7
        model = rng.random(400) < 0.7 + size
        shown += difference_of(model, twin).bounds(0.95)[0] > 0
    assert 0.7 < shown / 400 < 0.9
