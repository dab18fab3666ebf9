from dataclasses import dataclass, replace

import numpy as np
import pytest

from maskwright.evaluate.curves import auc_mask
from maskwright.evaluate.groups import groups, share_right
from maskwright.evaluate.measure import MODEL, TWIN, Answers, Key, Truth, compare, exact, measure
from maskwright.tasks.contract import Metric, Scores

N, CLASSES, DRAWS = 60, 3, 2
RATIOS = (0.3, 0.8)


@pytest.fixture(scope="module")
def truth():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, CLASSES, N)
    return Truth(Metric("accuracy", "accuracy"), 0.4, N, 40, labels, groups(N, labels, ["removed"]))


def answers(seed, truth, skill):
    rng = np.random.default_rng(seed)

    def one(n):
        hits = rng.random(n) < skill
        return Scores(hits.astype(np.float64), hits)

    masked = {("iid", ratio): [one(N) for _ in range(DRAWS)] for ratio in RATIOS}
    return Answers(one(N), masked, {"removed": one(N)}, one(40))


@pytest.fixture(scope="module")
def runs(truth):
    return [
        measure({MODEL: answers(seed, truth, 0.8), TWIN: answers(seed + 50, truth, 0.3)}, truth, resamples=300)
        for seed in (1, 2, 3)
    ]


def test_values_are_the_plain_means(truth, runs):
    given = answers(1, truth, 0.8)
    clean = given.clean.hits.mean()
    points = [np.mean([one.hits for one in given.masked["iid", ratio]]) for ratio in RATIOS]
    assert runs[0][MODEL, Key("score")].value == pytest.approx(clean)
    assert runs[0][MODEL, Key("score", "iid", 0.8)].value == pytest.approx(points[1])
    area = auc_mask(np.array([0.0, *RATIOS]), np.array([clean, *points]))
    assert runs[0][MODEL, Key("auc_mask", "iid")].value == pytest.approx(area)
    corrected = runs[0][MODEL, Key("auc_mask_chance_corrected", "iid")].value
    assert corrected == pytest.approx((area - 0.4) / 0.6)


def test_replicates_of_the_area_are_areas_of_replicates(runs):
    curve = [runs[0][MODEL, key].replicates for key in (Key("score"), *(Key("score", "iid", r) for r in RATIOS))]
    expected = auc_mask(np.array([0.0, *RATIOS]), np.stack(curve, axis=1))
    assert runs[0][MODEL, Key("auc_mask", "iid")].replicates == pytest.approx(expected)


def test_the_gap_is_training_minus_test(runs):
    found = runs[0]
    gap = found[MODEL, Key("train_score")].value - found[MODEL, Key("score")].value
    assert found[MODEL, Key("generalisation_gap")].value == pytest.approx(gap)


def test_worst_group_is_the_least_cell(truth, runs):
    cells = [part for part in truth.parts if part.label is not None]
    least = min(runs[0][MODEL, Key("group", group=(cell.variant, cell.label))].value for cell in cells)
    assert runs[0][MODEL, Key("worst_group")].value == pytest.approx(least)


def test_share_right_by_hand_and_without_weight():
    parts = groups(3, np.array([0, 0, 1]), [])
    found = share_right(np.array([[1.0, 1, 1], [3, 0, 0]]), {"original": np.array([1.0, 0, 1])}, parts)
    assert found[0] == pytest.approx([2 / 3, 0.5, 1.0])
    assert found[1][:2] == pytest.approx([1.0, 1.0])
    assert np.isnan(found[1][2])


def test_one_run_gives_a_bootstrap_interval_of_the_paired_difference(runs):
    found = compare(runs[:1], Key("score"), 0.9)
    replicates = runs[0][MODEL, Key("score")].replicates - runs[0][TWIN, Key("score")].replicates
    assert found["difference"]["low"] == pytest.approx(np.quantile(replicates, 0.05))
    assert found["difference"]["high"] == pytest.approx(np.quantile(replicates, 0.95))
    assert "per_seed" not in found["difference"]


def test_several_runs_make_the_seed_the_unit(runs):
    from scipy import stats

    found = compare(runs, Key("score"), 0.95)["difference"]
    values = [run[MODEL, Key("score")].value - run[TWIN, Key("score")].value for run in runs]
    assert found["per_seed"] == pytest.approx(values)
    expected = stats.t.interval(0.95, 2, loc=np.mean(values), scale=stats.sem(values))
    assert (found["low"], found["high"]) == pytest.approx(expected)


def test_without_a_twin_there_is_no_difference(truth):
    alone = measure({MODEL: answers(1, truth, 0.8)}, truth, resamples=200)
    found = compare([alone], Key("score"), 0.95)
    assert found["twin"] is None
    assert found["difference"] is None


def test_undefined_numbers_become_none(truth):
    blind = replace(truth, chance=1.0)
    found = compare([measure({MODEL: answers(1, truth, 0.8)}, blind, resamples=200)], Key("rho50", "iid"), 0.95)
    assert found["model"] == {"value": None, "low": None, "high": None}


def test_exact_intervals_replace_the_bootstrap_for_one_run_only(runs):
    one = compare(runs[:1], Key("score"), 0.95)
    low, high = exact(one, N, 0.95)["model"]["low"], exact(one, N, 0.95)["model"]["high"]
    assert 0 < low < one["model"]["value"] < high < 1
    several = compare(runs, Key("score"), 0.95)
    assert exact(several, N, 0.95) == several


@dataclass(frozen=True)
class Slow:
    """The same metric without saying that it is a mean; counts how it is asked."""

    scores: np.ndarray
    asked: list
    hits: np.ndarray | None = None
    probabilities: None = None

    def value(self, weights):
        self.asked.append(weights.shape)
        return weights @ self.scores / weights.shape[1]


def as_slow(given, asked):
    def slow(one):
        return Slow(one.scores, asked)

    masked = {condition: [slow(one) for one in draws] for condition, draws in given.masked.items()}
    variants = {name: slow(one) for name, one in given.variants.items()}
    return Answers(slow(given.clean), masked, variants, slow(given.train))


def test_metrics_that_are_no_means_give_the_same_numbers_and_tell_how_far_they_are(truth):
    given, asked, told = answers(1, truth, 0.8), [], []
    fast = measure({MODEL: given}, truth, resamples=200)
    slow = measure({MODEL: as_slow(given, asked)}, truth, resamples=200, on_progress=lambda *done: told.append(done))
    of_hits = {key for key in fast if key[1].name == "worst_group" or (key[1].group or ("", None))[1] is not None}
    assert set(fast) - of_hits == set(slow)
    for key, found in slow.items():
        assert found.value == pytest.approx(fast[key].value)
        assert found.replicates == pytest.approx(fast[key].replicates, nan_ok=True)
    outcomes = 1 + DRAWS * len(RATIOS) + 1 + 1
    assert len(asked) == 2 * outcomes
    assert told[-1] == (outcomes * 201, outcomes * 201)


def test_where_less_is_better_chance_is_above(truth):
    lower = replace(truth, metric=Metric("loss", "loss", higher_is_better=False, percent=False), chance=2.0)
    rng = np.random.default_rng(3)
    clean = Scores(rng.random(N))
    masked = {("iid", ratio): [Scores(clean.scores + 2 * ratio) for _ in range(DRAWS)] for ratio in RATIOS}
    found = measure({MODEL: Answers(clean, masked, {"removed": clean}, Scores(np.zeros(40)))}, lower, resamples=200)
    value = {key.name: one.value for (_, key), one in found.items() if key.pattern == "iid" and not key.ratio}
    at_start = clean.scores.mean()
    assert value["rho50"] == pytest.approx((2.0 - at_start) / 2 / 2)
    assert value["auc_mask_chance_corrected"] == pytest.approx((2.0 - value["auc_mask"]) / 2.0)
    relative = found[MODEL, Key("relative", "iid", 0.3)].value
    assert relative == pytest.approx((2.0 - at_start - 0.6) / (2.0 - at_start))
    assert found[MODEL, Key("generalisation_gap")].value == pytest.approx(at_start)


def test_where_nothing_hidden_has_no_score_the_curve_begins_at_the_first_ratio(truth):
    lower = replace(truth, metric=Metric("loss", "loss", higher_is_better=False, percent=False), chance=2.0, parts=[])
    nothing = Scores(np.full(N, np.nan))
    masked = {("iid", ratio): [Scores(np.full(N, ratio))] for ratio in RATIOS}
    found = measure({MODEL: Answers(nothing, masked, {}, Scores(np.zeros(40)))}, lower, resamples=200)
    assert found[MODEL, Key("auc_mask", "iid")].value == pytest.approx(np.mean(RATIOS))
    assert compare([found], Key("score"), 0.95)["model"] == {"value": None, "low": None, "high": None}
    assert compare([found], Key("rho50", "iid"), 0.95)["model"]["value"] is None


def test_counts_are_told_from_other_means(truth):
    given = answers(1, truth, 0.8)
    assert given.counts
    assert not replace(given, clean=Scores(given.clean.scores / 2, given.clean.hits)).counts
    assert not as_slow(given, []).counts
