from dataclasses import dataclass, replace

import numpy as np
import pytest

from maskwright.evaluate.curves import auc_mask
from maskwright.evaluate.estimates import compare, exact
from maskwright.evaluate.groups import groups, share_right
from maskwright.evaluate.measure import measure
from maskwright.evaluate.scored import MODEL, TWIN, Answers, Key, Scored, Truth
from maskwright.tasks.classification import CALIBRATION
from maskwright.tasks.metrics.accuracy import ACCURACY
from maskwright.tasks.metrics.macro_f1 import MACRO_F1
from maskwright.tasks.metrics.metric import Metric, Statistic

N, CLASSES, DRAWS = 60, 3, 2
RATIOS = (0.3, 0.8)
HIT = ACCURACY.statistic.name

SCORE = Statistic("score", lambda predictions, references: np.asarray(predictions)[:, None])
LOSS = Metric("loss", "loss", SCORE, higher_is_better=False, unit="", best=0.0, chance=2.0)


def truth_of(metrics, parts, labels, *, calibration=(), chance=0.4):
    """What answers are compared with, where an answer that ignores the input scores `chance` by every metric."""
    named = {metric.name: metric for metric in (*metrics, *calibration)}
    same = dict.fromkeys(named, chance), dict.fromkeys(named, 0.02)
    return Truth(tuple(metrics), calibration, *same, N, 40, labels, parts)


@pytest.fixture(scope="module")
def truth():
    labels = np.random.default_rng(0).integers(0, CLASSES, N)
    return truth_of([ACCURACY], groups(N, labels, ["removed"]), labels)


def scored(*draws, name=HIT):
    """A number per example and draw."""
    return Scored({name: np.stack([np.asarray(draw, dtype=np.float64)[:, None] for draw in draws])})


def answers(seed, truth, skill):
    rng = np.random.default_rng(seed)

    def hits(n):
        return rng.random(n) < skill

    clean = hits(N)
    masked = {("iid", ratio): scored(*(hits(N) for _ in range(DRAWS))) for ratio in RATIOS}
    return Answers(scored(clean), masked, {"removed": scored(hits(N))}, scored(hits(40)))


@pytest.fixture(scope="module")
def runs(truth):
    return [
        measure({MODEL: answers(seed, truth, 0.8), TWIN: answers(seed + 50, truth, 0.3)}, truth, resamples=300)
        for seed in (1, 2, 3)
    ]


def test_values_are_the_plain_means(truth, runs):
    given = answers(1, truth, 0.8)
    clean = given.clean.records[HIT].mean()
    points = [given.masked["iid", ratio].records[HIT].mean() for ratio in RATIOS]
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
    blind = replace(truth, chance={"accuracy": 1.0})
    found = compare([measure({MODEL: answers(1, truth, 0.8)}, blind, resamples=200)], Key("rho50", "iid"), 0.95)
    assert found["model"] == {"value": None, "low": None, "high": None}


def test_exact_intervals_replace_the_bootstrap_for_one_run_only(runs):
    one = compare(runs[:1], Key("score"), 0.95)
    low, high = exact(one, N, 0.95)["model"]["low"], exact(one, N, 0.95)["model"]["high"]
    assert 0 < low < one["model"]["value"] < high < 1
    several = compare(runs, Key("score"), 0.95)
    assert exact(several, N, 0.95) == several


class Rows(list):
    """Records that are no array: a metric of them is asked resample by resample."""


@dataclass(frozen=True)
class Slow(Metric):
    """The same metric without saying that it is a mean; counts how it is asked."""

    asked: tuple = ()
    linear = False

    def value(self, summable, weights):
        self.asked[0].append(weights.shape)
        return weights @ np.array(summable)[:, 0] / weights.shape[1]


def test_metrics_that_are_no_means_give_the_same_numbers_and_tell_how_far_they_are(truth):
    asked, ticks = [], []
    listed = replace(ACCURACY.statistic, summable=lambda records: Rows(records[0].tolist()))
    same = {"label": "accuracy", "statistic": listed, "asked": (asked,)}
    fast = measure({MODEL: answers(1, truth, 0.8)}, truth, resamples=200)
    alike = replace(truth, metrics=(Slow("accuracy", **same),))
    slow = measure({MODEL: answers(1, truth, 0.8)}, alike, resamples=200, on_progress=lambda *done: ticks.append(done))
    of_hits = {key for key in fast if key[1].name == "worst_group" or (key[1].group or ("", None))[1] is not None}
    assert of_hits
    assert set(fast) - of_hits == set(slow)
    for key, found in slow.items():
        assert found.value == pytest.approx(fast[key].value)
        assert found.replicates == pytest.approx(fast[key].replicates, nan_ok=True)
    outcomes = 1 + DRAWS * len(RATIOS) + 1 + 1
    assert len(asked) == 2 * outcomes
    assert ticks[-1] == (outcomes * 201, outcomes * 201)


def test_where_less_is_better_chance_is_above(truth):
    lower = truth_of([LOSS], truth.parts, truth.labels, chance=2.0)
    losses = np.random.default_rng(3).random(N)
    clean = scored(losses, name="score")
    masked = {("iid", ratio): scored(*[losses + 2 * ratio] * DRAWS, name="score") for ratio in RATIOS}
    given = Answers(clean, masked, {"removed": clean}, scored(np.zeros(40), name="score"))
    found = measure({MODEL: given}, lower, resamples=200)
    value = {key.name: one.value for (_, key), one in found.items() if key.pattern == "iid" and not key.ratio}
    at_start = losses.mean()
    assert value["rho50"] == pytest.approx((2.0 - at_start) / 2 / 2)
    assert value["auc_mask_chance_corrected"] == pytest.approx((2.0 - value["auc_mask"]) / 2.0)
    relative = found[MODEL, Key("relative", "iid", 0.3)].value
    assert relative == pytest.approx((2.0 - at_start - 0.6) / (2.0 - at_start))
    assert found[MODEL, Key("generalisation_gap")].value == pytest.approx(at_start)


def test_where_nothing_hidden_has_no_score_the_curve_begins_at_the_first_ratio(truth):
    lower = truth_of([LOSS], [], truth.labels, chance=2.0)
    nothing = scored(np.full(N, np.nan), name="score")
    masked = {("iid", ratio): scored(np.full(N, ratio), name="score") for ratio in RATIOS}
    given = Answers(nothing, masked, {}, scored(np.zeros(40), name="score"))
    found = measure({MODEL: given}, lower, resamples=200)
    assert found[MODEL, Key("auc_mask", "iid")].value == pytest.approx(np.mean(RATIOS))
    assert compare([found], Key("score"), 0.95)["model"] == {"value": None, "low": None, "high": None}
    assert compare([found], Key("rho50", "iid"), 0.95)["model"]["value"] is None


def test_where_whole_inputs_are_perfect_by_definition_the_curve_begins_at_the_first_ratio(truth):
    hidden_only = replace(LOSS, of_whole=False)
    masked = {("iid", ratio): scored(np.full(N, ratio), name="score") for ratio in RATIOS}
    given = Answers(scored(np.zeros(N), name="score"), masked, {}, scored(np.zeros(40), name="score"))
    found = measure({MODEL: given}, truth_of([hidden_only], [], None, chance=2.0), resamples=200)
    assert found[MODEL, Key("auc_mask", "iid")].value == pytest.approx(np.mean(RATIOS))


def classified(seed, labels, draws=DRAWS):
    """What is noted of answers to three classes; some confidences are tied."""
    rng = np.random.default_rng(seed)
    p = rng.random((draws, len(labels), CLASSES)) + 0.5 * np.eye(CLASSES)[labels]
    logits = np.log(np.round(p / p.sum(-1, keepdims=True), 2) + 1e-9)
    statistics = {metric.statistic.name: metric.statistic for metric in (ACCURACY, MACRO_F1, *CALIBRATION)}
    return Scored({name: np.stack([one.of(p, labels) for p in logits]) for name, one in statistics.items()})


def test_every_metric_and_calibration_is_measured_under_every_condition_with_pairs_of_replicates():
    labels = np.random.default_rng(0).integers(0, CLASSES, N)
    truth = truth_of([ACCURACY, MACRO_F1], groups(N, labels, ["removed"]), labels, calibration=CALIBRATION)
    given = {
        who: Answers(
            classified(seed, labels, 1),
            {("iid", ratio): classified(seed + i, labels) for i, ratio in enumerate(RATIOS, start=1)},
            {"removed": classified(seed + 9, labels, 1)},
            classified(seed + 10, labels[:40], 1),
        )
        for who, seed in ((MODEL, 20), (TWIN, 40))
    }
    found = measure(given, truth, resamples=200)
    for who, one in given.items():
        conditions = {("", 0.0): one.clean, **one.masked}
        for condition, some in conditions.items():
            for metric in (MACRO_F1, *CALIBRATION):
                key = (
                    Key("score", *condition, metric="macro_f1") if metric is MACRO_F1 else Key(metric.name, *condition)
                )
                parts = some.summables(metric.statistic)
                plain = np.mean([metric.value(part, np.ones((1, N)))[0] for part in parts])
                assert found[who, key].value == pytest.approx(plain)
                assert found[who, key].replicates.shape == (200,)
                assert len(parts) == (1 if metric.statistic.pooled else len(some.records[metric.statistic.name]))
        variant = found[who, Key("group", group=("removed", None), metric="macro_f1")].value
        removed = one.variants["removed"].summables(MACRO_F1.statistic)[0]
        assert variant == pytest.approx(MACRO_F1.value(removed, np.ones((1, N)))[0])
    # All of them on the same resamples: the replicates of equal answers are equal.
    twice = measure({MODEL: given[MODEL], TWIN: given[MODEL]}, truth, resamples=200)
    for who, key in twice:
        if who == MODEL:
            assert twice[MODEL, key].replicates == pytest.approx(twice[TWIN, key].replicates, nan_ok=True)


def test_resampled_calibration_is_that_of_the_examples_with_weights():
    labels = np.random.default_rng(0).integers(0, CLASSES, N)
    some = classified(5, labels, 3)
    twice = np.zeros((1, N))
    twice[0, ::2] = 2
    half = Scored({name: table[:, ::2] for name, table in some.records.items()})
    for metric in CALIBRATION:
        if metric.biased:  # whose bins are those of all examples
            continue
        here = np.mean([metric.value(part, twice)[0] for part in some.summables(metric.statistic)])
        there = np.mean([metric.value(part, np.ones((1, N // 2)))[0] for part in half.summables(metric.statistic)])
        assert here == pytest.approx(there), metric.name


def test_without_metrics_of_right_answers_there_are_no_shares_of_them(truth):
    alone = measure({MODEL: answers(1, truth, 0.8)}, replace(truth, metrics=(replace(ACCURACY, counts=False),)), 200)
    assert not [key for _, key in alone if key.name == "worst_group"]
    assert replace(truth, metrics=(replace(ACCURACY, counts=False),)).right is None
    assert truth.right is ACCURACY
    assert truth.headline.counts
    assert not LOSS.counts
    assert not MACRO_F1.counts


def test_right_answers_are_known_by_any_metric_that_counts(truth):
    both = replace(truth, metrics=(replace(ACCURACY, name="half", counts=False), ACCURACY))
    assert both.right is ACCURACY
    found = measure({MODEL: answers(1, truth, 0.8)}, replace(both, chance={"half": 0.4, "accuracy": 0.4}), 200)
    assert [key for _, key in found if key.name == "worst_group"]
