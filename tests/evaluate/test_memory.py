"""Memory of asking is that of some batches and of the statistics, however many trials and examples there are.

All that could be kept is NumPy's here, inputs too, so that `tracemalloc` counts it.
"""

import dataclasses
import gc
import tracemalloc
import weakref
from dataclasses import dataclass

import numpy as np
import pytest
import torch

from maskwright.evaluate.predict import Machine, Request
from maskwright.evaluate.sweep import Material, Plan, ask_everything
from maskwright.tasks.examples import Batch, Hidden
from maskwright.tasks.metrics.average_precision import MATCHED
from maskwright.tasks.metrics.metric import Statistic
from tests.evaluate.made_up import TASK

INPUT, ANSWER = 256, 2048
"""Numbers of an example and of the answer to it: 1 kB and 8 kB."""

BATCH, EXAMPLES = 4, 256
"""Enough examples to fill the pool of 32 batches twice with one trial."""

KIB = 1024


@dataclass(frozen=True)
class Rows:
    """Examples whose values are computed when they are read."""

    n: int
    classes: None = None
    notes: tuple[str, ...] = ()

    def __len__(self):
        return self.n

    @property
    def example_ids(self):
        return np.arange(self.n)

    @property
    def lengths(self):
        return np.ones(self.n, dtype=np.int64)

    def __getitems__(self, rows):
        return self.batch(rows)

    def batch(self, rows):
        ids = np.fromiter(rows, dtype=np.int64)
        values = np.repeat(ids.astype(np.float32)[:, None], INPUT, axis=1)
        weight = torch.ones(len(ids))
        return Batch({"values": torch.from_numpy(values)}, {}, torch.from_numpy(ids), weight)

    def references(self, rows):
        return [0.0] * len(rows)

    def hide(self, batch, masking, moment):
        values = batch.inputs["values"].numpy().copy()
        share = np.full(len(values), 0.0 if masking is None else masking, dtype=np.float32)
        values[:, : int(INPUT * share[0])] = 0
        return Hidden({"values": torch.from_numpy(values)}, {}, batch.weight, len(values), torch.from_numpy(share))

    def work(self, inputs):
        return inputs["values"].numel()

    def joined(self, parts, cells):
        size = len(parts[0].weight)
        for number, part in enumerate(parts):
            for start in range(0, size, cells):
                some = slice(start, start + cells)
                hidden = Hidden({"values": part.inputs["values"][some]}, {}, part.weight[some], 1, part.share[some])
                yield torch.arange(len(hidden.weight)) + start + number * size, hidden


def predict(model, hidden, settings):
    """As a detector answers: a dictionary of arrays of its own for each example."""
    return [{"numbers": np.full(ANSWER, float(row.mean()), dtype=np.float32)} for row in hidden.inputs["values"]]


def mean_of_answer(predictions, references):
    return np.array([[one["numbers"].mean()] for one in predictions], dtype=np.float64)


ASKED = dataclasses.replace(TASK, predict=predict)
STATISTIC = Statistic("mean", mean_of_answer)


def peak(examples, trials, batch=BATCH):
    """Bytes in use at the worst moment, without those of the statistics; and these."""
    draws = 3 if trials > 3 else 1
    plan = Plan({("iid", share): share for share in np.linspace(0.1, 0.9, (trials - 1) // draws)}, draws)
    assert len(plan.trials) == trials
    test = Rows(examples)
    material = Material(ASKED, None, None, None, test, {"shifted": test}, Rows(8))
    request = Request(ASKED, [STATISTIC], None, Machine(torch.device("cpu"), bf16=False, batch_cells=batch))
    gc.collect()
    tracemalloc.start()
    try:
        replies = ask_everything(torch.nn.Identity(), material, plan, request, lambda rows: None)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    records = [replies.test, *replies.variants.values(), replies.train]
    statistics = sum(one.hidden.nbytes + one.by_statistic["mean"].nbytes for one in records)
    assert statistics == (examples * (trials + 1) + 8) * (4 + 8)
    return most - statistics, statistics


@pytest.fixture(scope="module")
def few():
    """Two trials of a number of examples that fills several pools."""
    peak(8, 2)  # whatever is imported on the way
    return peak(EXAMPLES, 2)[0]


def test_a_pool_of_batches_is_what_it_takes(few):
    """The pool in use, the one after it, and a batch of answers; far less than the answers to 2 trials."""
    pool = 32 * BATCH * INPUT * 4
    assert pool < few < 4 * pool
    assert few < EXAMPLES * 2 * ANSWER * 4 / 6


def test_more_trials_take_no_more(few):
    many, statistics = peak(EXAMPLES, 31)
    assert many <= 1.3 * few
    assert statistics < 100 * KIB


def test_more_examples_take_no_more(few):
    assert peak(4 * EXAMPLES, 2)[0] <= 1.3 * few


def test_larger_batches_take_more_in_proportion(few):
    large = peak(4 * EXAMPLES, 2, 4 * BATCH)[0]
    assert 3 * few < large < 5 * few


def test_a_detectors_statistics_do_not_hold_its_answers():
    scene = {"width": 20, "height": 20, "annotations": [{"bbox": [0, 0, 10, 10], "category_id": 0}]}
    rng = np.random.default_rng(0)
    boxes = np.sort(rng.random((300, 2, 2)), axis=1).reshape(300, 4)
    answer = {"boxes": boxes, "scores": rng.random(300), "labels": np.zeros(300, dtype=np.int64)}
    arrays = [weakref.ref(one) for one in answer.values()]
    records = MATCHED.of([answer], [scene])
    del answer, boxes
    gc.collect()
    assert [one() for one in arrays] == [None] * 3
    assert records[0].nbytes < 2 * KIB
