import numpy as np
import pytest

from maskwright.evaluate.curves import auc_mask
from maskwright.evaluate.groups import group_accuracy, groups
from maskwright.evaluate.measure import MODEL, TWIN, Answers, Key, Truth, compare, exact, measure, right

N, CLASSES, DRAWS = 60, 3, 2
RATIOS = (0.3, 0.8)


@pytest.fixture(scope="module")
def truth():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, CLASSES, N)
    return Truth(labels, rng.integers(0, CLASSES, 40), 0.4, groups(labels, ["removed"]))


def answers(seed, truth, skill):
    rng = np.random.default_rng(seed)

    def one(labels, *shape):
        p = rng.random((*shape, len(labels), CLASSES)) + skill * np.eye(CLASSES)[labels]
        return (p / p.sum(-1, keepdims=True)).astype(np.float32)

    masked = {("iid", ratio): one(truth.labels, DRAWS) for ratio in RATIOS}
    return Answers(one(truth.labels), masked, {"removed": one(truth.labels)}, one(truth.train_labels))


@pytest.fixture(scope="module")
def runs(truth):
    return [
        measure({MODEL: answers(seed, truth, 0.8), TWIN: answers(seed + 50, truth, 0.3)}, truth, resamples=300)
        for seed in (1, 2, 3)
    ]


def test_values_are_the_plain_means(truth, runs):
    given = answers(1, truth, 0.8)
    clean = right(given.clean, truth.labels).mean()
    points = [right(given.masked["iid", ratio], truth.labels).mean() for ratio in RATIOS]
    assert runs[0][MODEL, Key("accuracy")].value == pytest.approx(clean)
    assert runs[0][MODEL, Key("accuracy", "iid", 0.8)].value == pytest.approx(points[1])
    area = auc_mask(np.array([0.0, *RATIOS]), np.array([clean, *points]))
    assert runs[0][MODEL, Key("auc_mask", "iid")].value == pytest.approx(area)
    corrected = runs[0][MODEL, Key("auc_mask_chance_corrected", "iid")].value
    assert corrected == pytest.approx((area - 0.4) / 0.6)


def test_replicates_of_the_area_are_areas_of_replicates(runs):
    curve = [runs[0][MODEL, key].replicates for key in (Key("accuracy"), *(Key("accuracy", "iid", r) for r in RATIOS))]
    expected = auc_mask(np.array([0.0, *RATIOS]), np.stack(curve, axis=1))
    assert runs[0][MODEL, Key("auc_mask", "iid")].replicates == pytest.approx(expected)


def test_the_gap_is_training_minus_test(runs):
    found = runs[0]
    gap = found[MODEL, Key("train_accuracy")].value - found[MODEL, Key("accuracy")].value
    assert found[MODEL, Key("generalisation_gap")].value == pytest.approx(gap)


def test_worst_group_is_the_least_cell(truth, runs):
    cells = [part for part in truth.parts if part.label is not None]
    least = min(runs[0][MODEL, Key("group", group=(cell.variant, cell.label))].value for cell in cells)
    assert runs[0][MODEL, Key("worst_group")].value == pytest.approx(least)


def test_group_accuracy_by_hand_and_without_weight():
    parts = groups(np.array([0, 0, 1]), [])
    found = group_accuracy(np.array([[1.0, 1, 1], [3, 0, 0]]), {"original": np.array([1.0, 0, 1])}, parts)
    assert found[0] == pytest.approx([2 / 3, 0.5, 1.0])
    assert found[1][:2] == pytest.approx([1.0, 1.0])
    assert np.isnan(found[1][2])


def test_one_run_gives_a_bootstrap_interval_of_the_paired_difference(runs):
    found = compare(runs[:1], Key("accuracy"), 0.9)
    replicates = runs[0][MODEL, Key("accuracy")].replicates - runs[0][TWIN, Key("accuracy")].replicates
    assert found["difference"]["low"] == pytest.approx(np.quantile(replicates, 0.05))
    assert found["difference"]["high"] == pytest.approx(np.quantile(replicates, 0.95))
    assert "per_seed" not in found["difference"]


def test_several_runs_make_the_seed_the_unit(runs):
    from scipy import stats

    found = compare(runs, Key("accuracy"), 0.95)["difference"]
    values = [run[MODEL, Key("accuracy")].value - run[TWIN, Key("accuracy")].value for run in runs]
    assert found["per_seed"] == pytest.approx(values)
    expected = stats.t.interval(0.95, 2, loc=np.mean(values), scale=stats.sem(values))
    assert (found["low"], found["high"]) == pytest.approx(expected)


def test_without_a_twin_there_is_no_difference(truth):
    alone = measure({MODEL: answers(1, truth, 0.8)}, truth, resamples=200)
    found = compare([alone], Key("accuracy"), 0.95)
    assert found["twin"] is None
    assert found["difference"] is None


def test_undefined_numbers_become_none(truth):
    blind = Truth(truth.labels, truth.train_labels, 1.0, truth.parts)
    found = compare([measure({MODEL: answers(1, truth, 0.8)}, blind, resamples=200)], Key("rho50", "iid"), 0.95)
    assert found["model"] == {"value": None, "low": None, "high": None}


def test_exact_intervals_replace_the_bootstrap_for_one_run_only(runs):
    one = compare(runs[:1], Key("accuracy"), 0.95)
    low, high = exact(one, N, 0.95)["model"]["low"], exact(one, N, 0.95)["model"]["high"]
    assert 0 < low < one["model"]["value"] < high < 1
    several = compare(runs, Key("accuracy"), 0.95)
    assert exact(several, N, 0.95) == several
