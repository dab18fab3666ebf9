"""Evaluation documents made of invented answers."""

from copy import deepcopy
from dataclasses import asdict
from functools import cache

import numpy as np
import pytest
import torch

from maskwright.config import EvaluationConfig
from maskwright.evaluate.document import Asked, Summary
from maskwright.evaluate.groups import groups
from maskwright.evaluate.measure import measure
from maskwright.evaluate.predict import Machine
from maskwright.evaluate.scored import MODEL, TWIN, Answers, Scored, Truth
from maskwright.evaluate.significance import significance
from maskwright.evaluate.sweep import Passes, Plan
from maskwright.evaluate.verdict import verdict
from maskwright.tasks.classification import CALIBRATION
from maskwright.tasks.metrics.accuracy import ACCURACY
from maskwright.tasks.metrics.log_loss import LOG_LOSS
from maskwright.tasks.metrics.macro_f1 import MACRO_F1

LABELS = ["<script>alert('label')</script>", "$x^2$", "c & d"]
N = 60
METRICS = (ACCURACY, MACRO_F1, LOG_LOSS)
NOTED = {metric.statistic.name: metric.statistic for metric in (*METRICS, *CALIBRATION)}
CHANCE = {metric.name: 0.4 for metric in (*METRICS, *CALIBRATION)}


def invented(seed, labels, variants, skill):
    rng = np.random.default_rng(seed)

    def draws(n):
        p = rng.random((n, N, 3)) + skill * np.eye(3)[labels]
        logits = np.log(p / p.sum(-1, keepdims=True)).astype(np.float32)
        return Scored({name: np.stack([one.of(some, labels) for some in logits]) for name, one in NOTED.items()})

    masked = {(pattern, ratio): draws(2) for pattern in ("iid", "span") for ratio in (0.5, 0.9)}
    return Answers(draws(1), masked, {name: draws(1) for name in variants}, draws(1))


def example(kind, twin):
    pieces = [("<script>alert(1)</script>", True), (" plain & simple ", False), ("$x$", True)]
    answer = {"label": LABELS[0], "probability": 0.9, "right": True, "src": None, "pieces": []}
    return {
        "kind": kind,
        "example_id": 4,
        "reference": LABELS[0],
        "reference_pieces": [],
        "hidden": 0.5,
        "whole": None,
        "pictures": [],
        "row": [],
        "pieces": [{"text": text, "hidden": hidden, "kind": ""} for text, hidden in pieces],
        MODEL: answer,
        TWIN: {**answer, "right": False} if twin else None,
    }


@cache
def made(*, twin, variants, seeds, examples):
    labels = np.random.default_rng(0).integers(0, 3, N)
    negligible = {metric.name: 0.02 for metric in (*METRICS, *CALIBRATION)}
    truth = Truth(METRICS, CALIBRATION, CHANCE, negligible, N, N, labels, groups(N, labels, variants), np.arange(N))
    machine = Machine(torch.device("cpu"), bf16=False, batch_cells=1)
    settings = EvaluationConfig(ratios=[0.0, 0.5, 0.9], draws=2, bootstrap=200)
    runs = []
    for seed in range(seeds):
        answers = {MODEL: invented(seed, labels, variants, 0.9)}
        if twin:
            answers[TWIN] = invented(100 + seed, labels, variants, 0.4)
        passes = dict.fromkeys(answers, Passes(1000, 2.0, dict.fromkeys(answers[MODEL].masked, 0.5), {}))
        measured = measure(answers, truth, 200)
        runs.append(Asked(seed, {}, Plan({}, 2), machine, answers, passes, measured))
    summary = Summary(runs, truth, LABELS, settings)
    document = {
        "maskwright_version": "0",
        "created": "2026-01-01T00:00:00+00:00",
        "task": "text-classification",
        "noun": "texts",
        "unit_noun": "tokens",
        "metric": summary.described(ACCURACY),
        "model": "<b>model</b>",
        "runs": [{"run": f"runs/{seed}", "twin": None, "seed": seed} for seed in range(seeds)],
        "data": {
            "split": "test",
            "examples": N,
            "labels": LABELS,
            "label_counts": [20, 20, 20],
            "variants": list(variants),
            "chance": 0.4,
            "fingerprint": "ab",
            "notes": ["<i>note</i>"],
        },
        "settings": {
            "ratios": [0.0, 0.5, 0.9],
            "patterns": ["iid", "span"],
            "unit": "word",
            "fill": "mask-token",
            "draws": 2,
            "confidence": 0.95,
            "interval": "over test texts",
            "resampled": "test texts",
            "second": None,
            "shared": {"measures": summary.measures, "confidence": summary.comparison.shared_confidence},
        },
        "clean": summary.clean(),
        "curves": summary.curves(),
        "other_metrics": summary.other_metrics(),
        "groups": summary.groups(),
        "calibration": summary.calibration(),
        "generalisation": summary.generalisation(N),
        "significance": significance(summary),
        "cost": summary.cost({MODEL: [{"seconds": 3.0}], TWIN: [{}]}, 1234567),
        "examples": {
            "how": "blindly",
            "counts": {"both are right": 3},
            "items": [example("both are right", twin)],
        }
        if examples
        else None,
        "sections": [],
        "configuration": "model: <script>\n",
        "environment": {"torch": "2"},
    }
    return {**document, "verdict": asdict(verdict(document))}


@pytest.fixture
def make_document():
    """A document of its own for every call: each kind is made once."""

    def make(*, twin=True, variants=("removed", "swapped <b> $y$"), seeds=1, examples=True):
        return deepcopy(made(twin=twin, variants=variants, seeds=seeds, examples=examples))

    return make


def course(scores):
    return {
        "loss": [[step, 1.0 / step] for step in range(1, 41)],
        "validation": [[10 * i + 10, s] for i, s in enumerate(scores)],
    }


def answers(twin):
    """The model is mostly right; with much hidden the twin answers the first class nearly always."""
    right, one_class = [[18, 1, 1], [2, 16, 2], [1, 1, 18]], [[19, 0, 1], [20, 0, 0], [18, 1, 1]]
    conditions = [("whole input", right, right), ("iid, 90% hidden", right, one_class)]
    return {
        "labels": LABELS,
        "conditions": [
            {"name": name, MODEL: of_model, TWIN: of_twin if twin else None} for name, of_model, of_twin in conditions
        ],
    }


def slices(twin):
    share = {"value": 0.5, "low": 0.3, "high": 0.7}
    kinds = [("length", 4, "3 to <9> tokens"), ("class", 3, LABELS[0]), ("word", 812, "the")]
    return [
        {"by": kind, "value": value, "n": 30, "of": of, MODEL: share, TWIN: share if twin else None}
        for kind, of, value in kinds
    ]


@pytest.fixture
def make_full_document(make_document):
    """A document with all that one may have: answers by class, slices, training, examples of several kinds."""

    def make(*, twin=True, seeds=1):
        document = make_document(twin=twin, seeds=seeds)
        training = {MODEL: course([0.5, 0.6, 0.7, 0.8]), TWIN: course([0.5, 0.7, 0.7, 0.6]) if twin else None}
        (item,) = document["examples"]["items"]
        others = [{**item, "kind": f"kind {place}", "reference": LABELS[place]} for place in (1, 2)]
        document["examples"] |= {"counts": {"both are right": 3, "kind 1": 2, "kind 2": 1}, "items": [item, *others]}
        document |= {"answers": answers(twin), "slices": slices(twin), "training": training}
        return {**document, "predictions": "predictions.parquet"}

    return make
