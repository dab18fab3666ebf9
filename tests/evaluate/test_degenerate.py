"""What is said of answers that are all alike, too few, undefined or hopeless: a table of cases."""

import dataclasses

import numpy as np
import pytest

from maskwright.tasks.metrics.accuracy import ACCURACY
from maskwright.tasks.metrics.metric import Metric, Statistic
from tests.evaluate.made_up_verdicts import Numbers, judged, summary_of

OF_SHARES = dataclasses.replace(ACCURACY, name="ap", label="AP", counts=False)
NUMBER = Statistic("number", lambda predictions, references: np.asarray(predictions)[:, None])
LOSS = Metric(
    "loss", "loss", NUMBER, higher_is_better=False, unit="", best=0.0, possible=(0.0, np.inf), negligible=0.02
)


def first(right, n):
    """[n] of which the first `right` are right."""
    return (np.arange(n) < right).astype(float)


def same(values):
    """The same with and without a mask."""
    return Numbers(values, values[None])


def share(value, n):
    """[n] examples that each score a little of the whole."""
    return np.full(n, value)


CASES = {
    "all against none": (
        [(same(first(600, 600)), same(first(0, 600)))],
        {"chance": 0.2},
        "Masking helped: mean accuracy with 0 to 50% of the input hidden (auc_mask, iid) is 100.0% against 0.0%",
        ["The twin is not clearly better on whole inputs than an answer that ignores them (20.0%)"],
    ),
    "none against all": (
        [(same(first(0, 600)), same(first(600, 600)))],
        {"chance": 0.2},
        "Masking hurt: ",
        ["The model is not clearly better"],
    ),
    "all right, few": (
        [(same(first(31, 31)), same(first(31, 31)))],
        {},
        "It is not clear whether masking helped: ",
        [],
    ),
    "all right, many": ([(same(first(2000, 2000)), same(first(2000, 2000)))], {}, "Masking did not help: ", []),
    "all wrong": (
        [(same(first(0, 200)), same(first(0, 200)))],
        {},
        "Nothing can be said about masking, because the task was not learned",
        ["Neither model is clearly better"],
    ),
    "one example": (
        [(same(first(1, 1)), same(first(0, 1)))],
        {},
        "Nothing can be said about masking, because the task was not learned",
        [],
    ),
    "one class": (
        [(same(first(300, 300)), same(first(290, 300)))],
        {"chance": 1.0},
        "Nothing can be said about masking, because the task was not learned",
        ["Neither model"],
    ),
    "ties": (
        [(same(first(35, 50)), same(first(35, 50)))],
        {"chance": 0.3},
        "It is not clear whether masking helped: ",
        [],
    ),
    "two seeds that differ": (
        [(same(first(380, 400)), same(first(340, 400))), (same(first(340, 400)), same(first(380, 400)))],
        {},
        "It is not clear whether masking helped: ",
        ["2 training seeds"],
    ),
    "hardly any": (
        [(same(share(0.001, 300)), same(share(0.0, 300)))],
        {"metric": OF_SHARES, "chance": 0.0},
        "Nothing can be said about masking, because the task was not learned",
        ["Neither model is clearly better on whole inputs than an answer that ignores them (0.0%)"],
    ),
    "not a number": (
        [(same(np.full(50, np.nan)), same(np.full(50, np.nan)))],
        {"metric": LOSS, "chance": np.nan},
        "It is not clear whether masking helped: ",
        [],
    ),
    "nothing varies": (
        [(same(np.full(50, 0.5)), same(np.full(50, 0.7)))],
        {"metric": LOSS, "chance": 2.0},
        "It is not clear whether masking helped: ",
        [],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_case(name):
    runs, options, sentence, lines = CASES[name]
    found, document = judged(summary_of(runs, **options))
    assert found.sentence.startswith(sentence)
    for line in lines:
        assert any(detail.startswith(line) for detail in found.details), found.details
    assert "±0.0 to ±0.0" not in found.sentence
    assert "nan" not in found.sentence
    for one in (*document["clean"].values(), *document["curves"]["iid"]["auc_mask"].values()):
        if one.get("low") is not None:
            assert one["low"] < one["high"]
            assert one["low"] <= one["value"] + 1e-12
            assert one["value"] <= one["high"] + 1e-12


def test_a_model_at_ninety_per_cent_has_learned_however_its_seeds_differ():
    runs = [(same(first(right, 400)), same(first(right, 400))) for right in (380, 340)]
    found, _ = judged(summary_of(runs))
    assert not any("clearly better" in line for line in found.details)


def test_what_is_all_but_a_few_is_not_written_as_all():
    model = Numbers(first(600, 600), np.stack([first(600, 600), first(600, 600), first(599, 600)]))
    found, _ = judged(summary_of([(model, same(first(300, 600)))]))
    assert "99.97%" in found.sentence
    assert "100.0%" not in found.sentence
