"""Statistics that are added up, and formulas of the sums."""

import dataclasses
import pickle

import numpy as np
import pytest

from maskwright.tasks.metrics.accuracy import ACCURACY
from maskwright.tasks.metrics.macro_f1 import MACRO_F1
from maskwright.tasks.metrics.metric import NEGLIGIBLE, Metric, Statistic, mean, records_as_they_are

SQUARE = Statistic("square", lambda predictions, references: np.square(predictions)[:, None])
ROOT = Metric("root", "root", SQUARE, lambda sums, n: np.sqrt(sums[..., 0] / n), unit="")


def test_a_value_is_a_formula_of_weighted_sums():
    records = SQUARE.of(np.array([3.0, 4.0, 0.0]), [0, 0, 0])
    weights = np.array([[1.0, 1, 1], [0, 3, 0], [2, 1, 0]])
    found = ROOT.value(SQUARE.summable(records[None]), weights)
    assert found == pytest.approx([np.sqrt(25 / 3), 4.0, np.sqrt(34 / 3)])
    assert ROOT.each(SQUARE.summable(records[None])) == pytest.approx([3.0, 4.0, 0.0])


def test_only_the_plain_mean_of_one_number_is_linear():
    assert ACCURACY.linear
    assert ACCURACY.formula is mean
    assert not ROOT.linear
    assert not MACRO_F1.linear


def test_records_are_added_up_as_they_are_unless_said_otherwise():
    table = np.arange(6.0).reshape(1, 3, 2)
    assert np.array_equal(records_as_they_are(table), table[0])
    assert SQUARE.summable is records_as_they_are


def test_sparse_columns_are_formulas_too():
    records = MACRO_F1.statistic.of(np.eye(3)[[0, 1, 1]], [0, 1, 2])
    summable = MACRO_F1.statistic.summable(records[None])
    assert summable.nnz == 2 + 3 + 3
    assert MACRO_F1.each(summable) == pytest.approx([1.0, 1.0, 0.0])


def test_chance_is_a_number_or_follows_from_the_references():
    assert dataclasses.replace(ROOT, chance=0.25).chance_of([1, 2]) == 0.25
    assert dataclasses.replace(ROOT, chance=lambda references: max(references)).chance_of([1, 2]) == 2.0


def test_what_is_negligible_is_two_points_of_a_share_and_two_per_cent_of_chance_otherwise():
    assert ACCURACY.negligible_of([0, 1]) == NEGLIGIBLE == 0.02
    loss = dataclasses.replace(ROOT, chance=lambda references: 50.0 * len(references))
    assert loss.negligible_of([0, 1]) == pytest.approx(2.0)
    assert dataclasses.replace(loss, chance=-1.0).negligible_of([]) == pytest.approx(0.02)
    assert dataclasses.replace(ROOT, negligible=0.5).negligible_of([1]) == 0.5
    assert dataclasses.replace(ROOT, negligible=len).negligible_of([1, 1, 1]) == 3.0
    assert dataclasses.replace(ROOT, chance=0.0).negligible_of([]) == 0.0


def test_metrics_of_the_library_pickle():
    assert pickle.loads(pickle.dumps(MACRO_F1)) == MACRO_F1
