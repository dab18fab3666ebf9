"""The worst slices, and whether their intervals hold however they were picked."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from datasets import Dataset

from maskwright.evaluate.scored import Answers, Scored, Truth
from maskwright.evaluate.slices import FEWEST, worst_slices
from maskwright.tasks.metrics.accuracy import ACCURACY
from maskwright.tasks.metrics.log_loss import LOG_LOSS
from maskwright.tasks.metrics.metric import Metric


def material(texts, lengths=None, labels=None):
    data = SimpleNamespace(test=Dataset.from_dict({"text": texts}), labels=("dull", "bright"))
    task = SimpleNamespace(words=SimpleNamespace(units="tokens"))
    test = SizedExamples(np.full(len(texts), 7) if lengths is None else np.asarray(lengths))
    made: Any = SimpleNamespace(data=data, task=task, test=test)
    return made, truth_of(len(texts), labels)


class SizedExamples:
    def __init__(self, lengths):
        self.lengths = lengths

    def __len__(self):
        return len(self.lengths)


def truth_of(n, labels, metric: Metric = ACCURACY):
    known = None if labels is None else np.asarray(labels)
    return Truth((metric,), (), {}, {}, n, 0, known, (), np.arange(n))


def answers(right):
    scored = Scored({"hit": np.asarray(right, dtype=np.float64)[None, :, None]})
    return Answers(scored, {}, {}, scored)


def test_the_word_that_a_model_fails_on_comes_first():
    n = 200
    texts = [f"Filler {'Snow' if i % 5 == 0 else 'rain'} text{i}" for i in range(n)]
    right = np.array([i % 5 > 0 for i in range(n)])
    made, truth = material(texts, lengths=np.arange(n) // 4, labels=np.arange(n) % 2)
    slices = worst_slices([{"model": answers(right), "twin": answers(~right)}], made, truth, 0.95)
    assert slices is not None
    words = [one for one in slices if one["by"] == "word"]
    assert [(one["value"], one["n"], one["of"]) for one in words] == [("snow", 40, 2), ("rain", 160, 2)]
    assert (words[0]["model"]["value"], words[0]["twin"]["value"]) == (0.0, 1.0)
    assert words[0]["model"]["high"] == pytest.approx(1 - (0.05 / 4) ** (1 / 40)), "Clopper-Pearson, of two slices"
    assert [(one["value"], one["n"]) for one in slices if one["by"] == "class"] == [("dull", 100), ("bright", 100)]
    lengths = [one for one in slices if one["by"] == "length"]
    assert {one["value"] for one in lengths} == {
        "0 to 12 tokens",
        "13 to 24 tokens",
        "25 to 37 tokens",
        "38 to 49 tokens",
    }
    assert sum(one["n"] for one in lengths) == n


def test_what_cannot_be_told_apart_is_no_slice():
    made, truth = material(["same words here"] * 50)
    assert worst_slices([{"model": answers(np.ones(50))}], made, truth, 0.95) == []
    nothing_right = truth_of(50, None, LOG_LOSS)
    assert worst_slices([{"model": answers(np.ones(50))}], made, nothing_right, 0.95) is None
    few = ["rare" if i < FEWEST - 1 else "often" for i in range(50)]
    made, truth = material(few)
    (one,) = worst_slices([{"model": answers(np.ones(50))}], made, truth, 0.95) or []
    assert (one["value"], one["n"], one["twin"]) == ("often", 31, None)


def test_all_runs_count():
    made, truth = material(["often x"] * 30 + ["y"] * 30)
    one, other = np.zeros(60), np.ones(60)
    slices = worst_slices([{"model": answers(one)}, {"model": answers(other)}], made, truth, 0.95)
    assert slices is not None
    assert slices[0]["model"]["value"] == 0.5
    assert slices[0]["model"]["per_seed"] == [0.0, 1.0]


def test_intervals_of_the_worst_hold_although_they_were_picked():
    """30 words of which none is harder: the five that look worst do so by chance, and their intervals know it."""
    rng = np.random.default_rng(0)
    n, p, held, alone = 600, 0.8, 0, 0
    texts = [" ".join({f"w{k}" for k in rng.choice(30, 3)}) for _ in range(n)]
    made, truth = material(texts)
    for _ in range(100):
        slices = worst_slices([{"model": answers(rng.random(n) < p)}], made, truth, 0.95) or []
        held += all(one["model"]["low"] <= p <= one["model"]["high"] for one in slices)
        alone += slices[0]["model"]["value"] < p - 0.05
    assert held >= 93
    assert alone > 90, "the worst of 30 looks bad"
