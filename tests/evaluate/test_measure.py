from dataclasses import dataclass, replace

import numpy as np
import pytest

from maskwright.evaluate.comparison import Comparison
from maskwright.evaluate.curves import auc_mask
from maskwright.evaluate.groups import groups
from maskwright.evaluate.hits import ONLY_MODEL, ONLY_TWIN
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
    return Truth(tuple(metrics), calibration, *same, N, 40, labels, parts, np.arange(N))


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


def test_the_area_of_examples_is_the_area_of_their_shares(truth, runs):
    given = answers(1, truth, 0.8)
    curve = [given.clean.records[HIT][:, :, 0].mean(axis=0)]
    curve += [given.masked["iid", ratio].records[HIT][:, :, 0].mean(axis=0) for ratio in RATIOS]
    area = runs[0][MODEL, Key("auc_mask", "iid")].each
    assert area == pytest.approx(auc_mask(np.array([0.0, *RATIOS]), np.stack(curve, axis=1)))
    assert area.mean() == pytest.approx(runs[0][MODEL, Key("auc_mask", "iid")].value)


def test_right_answers_of_only_one_model_are_counted_draw_by_draw(truth, runs):
    model, twin = (answers(seed, truth, skill) for seed, skill in ((1, 0.8), (51, 0.3)))
    hits = [one.masked["iid", 0.8].records[HIT][:, :, 0] for one in (model, twin)]
    only_model, only_twin = (runs[0][who, Key("score", "iid", 0.8)].value for who in (ONLY_MODEL, ONLY_TWIN))
    assert only_model == pytest.approx((hits[0] * (1 - hits[1])).mean())
    assert only_twin == pytest.approx(((1 - hits[0]) * hits[1]).mean())
    for who, key in runs[0]:
        if who == ONLY_MODEL:
            difference = runs[0][MODEL, key].value - runs[0][TWIN, key].value
            assert runs[0][ONLY_MODEL, key].value - runs[0][ONLY_TWIN, key].value == pytest.approx(difference), key


def test_the_gap_is_training_minus_test(runs):
    found = runs[0]
    gap = found[MODEL, Key("train_score")].value - found[MODEL, Key("score")].value
    assert found[MODEL, Key("generalisation_gap")].value == pytest.approx(gap)


def comparison(runs, truth, confidence=0.95, measures=1):
    return Comparison(runs, truth, confidence, measures)


def of(runs, truth, key, limits=(0.0, 1.0), confidence=0.95):
    return comparison(runs, truth, confidence).of(key, limits)


def test_one_draw_of_one_run_has_the_binomial_interval(truth, runs):
    from scipy.stats import binomtest

    found = of(runs[:1], truth, Key("score"), confidence=0.9)["model"]
    exact = binomtest(round(found["value"] * N), N).proportion_ci(0.9, method="exact")
    assert (found["low"], found["high"]) == pytest.approx((exact.low, exact.high))


def test_training_and_test_examples_are_drawn_independently(truth):
    values = np.random.default_rng(6).random(N)
    alike = scored(values, name="score")
    given = Answers(alike, {("iid", ratio): alike for ratio in RATIOS}, {}, alike)
    lower = replace(truth_of([LOSS], [], None, chance=2.0), n_train=N)
    found = measure({MODEL: given}, lower, resamples=400)
    train, test = (found[MODEL, key].replicates for key in (Key("train_score"), Key("score")))
    assert abs(np.corrcoef(train, test)[0, 1]) < 0.2


def test_worst_group_is_the_least_cell(truth, runs):
    keys = [Key("group", group=(c.variant, c.label)) for c in truth.parts if c.label is not None]
    worst = comparison(runs[:1], truth).worst(keys)
    cells = [of(runs[:1], truth, key)["model"] for key in keys]
    assert worst["model"]["value"] == pytest.approx(min(cell["value"] for cell in cells))
    assert worst["model"]["low"] == pytest.approx(min(cell["low"] for cell in cells))
    assert worst["model"]["high"] >= min(cell["high"] for cell in cells)
    assert worst["difference"]["low"] < worst["difference"]["value"] < worst["difference"]["high"]


def test_the_difference_and_its_p_value_are_of_one_family(truth, runs):
    for seeds in (runs[:1], runs):
        for key in (Key("score"), Key("score", "iid", 0.8), Key("auc_mask", "iid")):
            p = of(seeds, truth, key)["difference"]["p"]
            if p < 1e-12:
                continue
            for factor in (0.5, 2.0):
                found = of(seeds, truth, key, confidence=1 - factor * p)["difference"]
                assert (found["low"] > 0) == (factor > 1)


def test_several_runs_widen_the_interval_by_what_seeds_differ(truth, runs):
    found = of(runs, truth, Key("score"))["difference"]
    values = [run[MODEL, Key("score")].value - run[TWIN, Key("score")].value for run in runs]
    assert found["per_seed"] == pytest.approx(values)
    assert found["value"] == pytest.approx(np.mean(values))
    alike = of([runs[0]] * 3, truth, Key("score"))["difference"]
    alone = of(runs[:1], truth, Key("score"))["difference"]
    assert alike["high"] - alike["low"] == pytest.approx(alone["high"] - alone["low"], rel=0.02)


def test_measures_that_share_an_error_have_wider_intervals(truth, runs):
    together = comparison(runs[:1], truth, measures=4)
    shared, own = (together.of(Key("score"), (0.0, 1.0), is_shared=one)["difference"] for one in (True, False))
    assert shared["low"] < own["low"]
    assert shared["p"] == pytest.approx(min(1.0, 4 * own["p"]))
    exact = of(runs[:1], truth, Key("score"), confidence=1 - 0.05 / 4)["difference"]
    assert shared["low"] == pytest.approx(exact["low"])


def test_rows_of_one_source_say_less(truth, runs):
    together = replace(truth, clusters=np.arange(N) // 6)
    separate, clustered = (of(runs[:1], one, Key("auc_mask", "iid"))["difference"] for one in (truth, together))
    assert clustered["high"] - clustered["low"] != pytest.approx(separate["high"] - separate["low"], rel=1e-3)
    copies = replace(truth, clusters=np.zeros(N, dtype=int))
    one = of(runs[:1], copies, Key("score"))["model"]
    assert one["low"] < 0.1


def test_chance_corrected_numbers_are_the_same_on_another_scale(truth, runs):
    area = of(runs, truth, Key("auc_mask", "iid"))
    moved = comparison(runs, truth).chance_corrected(area, 0.4, 1.0)
    for end in ("value", "low", "high"):
        assert moved["model"][end] == pytest.approx((area["model"][end] - 0.4) / 0.6)
        assert moved["difference"][end] == pytest.approx(area["difference"][end] / 0.6)
    assert moved["difference"]["p"] == area["difference"]["p"]
    losses = comparison(runs, truth).chance_corrected(area, 2.0, 0.0)["model"]
    assert losses["low"] == pytest.approx((2.0 - area["model"]["high"]) / 2.0)
    assert losses["low"] < losses["value"] < losses["high"]
    nothing = comparison(runs, truth).chance_corrected(area, 1.0, 1.0)["model"]
    assert nothing["value"] is nothing["low"] is None


def test_the_gap_has_the_interval_of_two_samples(truth, runs):
    gap = comparison(runs[:1], truth).gap()
    train, test = (of(runs[:1], truth, key)["model"] for key in (Key("train_score"), Key("score")))
    assert gap["model"]["value"] == pytest.approx(train["value"] - test["value"])
    assert gap["model"]["low"] < gap["model"]["value"] < gap["model"]["high"]
    assert gap["model"]["low"] == pytest.approx(
        gap["model"]["value"] - np.hypot(train["value"] - train["low"], test["high"] - test["value"])
    )


def test_a_model_has_learned_if_it_is_clearly_above_chance(truth, runs):
    assert comparison(runs, truth).learned(MODEL) is True
    assert comparison(runs, truth).learned(TWIN) is False
    assert comparison(runs, replace(truth, chance={"accuracy": np.nan})).learned(MODEL) is None


def test_without_a_twin_there_is_no_difference(truth):
    alone = measure({MODEL: answers(1, truth, 0.8)}, truth, resamples=200)
    found = of([alone], truth, Key("score"))
    assert found["twin"] is None
    assert found["difference"] is None


def test_undefined_numbers_become_none(truth):
    blind = replace(truth, chance={"accuracy": 1.0})
    found = of([measure({MODEL: answers(1, truth, 0.8)}, blind, resamples=200)], truth, Key("rho50", "iid"))
    assert found["model"] == {"value": None, "low": None, "high": None}


def test_biased_numbers_have_no_interval(truth, runs):
    found = comparison(runs, truth).of(Key("score"), (0.0, 1.0), biased=True)
    assert found["model"]["low"] is found["difference"]["low"] is found["difference"]["p"] is None
    assert found["model"]["value"] is not None


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
    cells = {key for key in fast if (key[1].group or ("", None))[1] is not None}
    assert cells
    assert set(fast) - cells == set(slow)
    for key, found in slow.items():
        assert found.value == pytest.approx(fast[key].value)
        if fast[key].each is None:
            assert found.replicates == pytest.approx(fast[key].replicates, nan_ok=True)
        elif key[1].name != "train_score":
            drawn = found.replicates.std()
            assert drawn == pytest.approx(fast[key].each.std() / np.sqrt(N), rel=0.2)
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
    assert of([found], lower, Key("score"), (0.0, np.inf))["model"] == {"value": None, "low": None, "high": None}
    assert of([found], lower, Key("rho50", "iid"))["model"]["value"] is None


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
            assert of([twice], truth, key, (-np.inf, np.inf))["difference"]["value"] in (0.0, None)


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
    assert not [key for _, key in alone if key.group and key.group[1] is not None]
    assert not [one for one in alone.values() if one.each is not None]
    assert replace(truth, metrics=(replace(ACCURACY, counts=False),)).right is None
    assert truth.right is ACCURACY
    assert truth.headline.counts
    assert not LOSS.counts
    assert not MACRO_F1.counts


def test_right_answers_are_known_by_any_metric_that_counts(truth):
    both = replace(truth, metrics=(replace(ACCURACY, name="half", counts=False), ACCURACY))
    assert both.right is ACCURACY
    found = measure({MODEL: answers(1, truth, 0.8)}, replace(both, chance={"half": 0.4, "accuracy": 0.4}), 200)
    assert [key for _, key in found if key.group and key.group[1] is not None]
