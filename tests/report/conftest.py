"""Evaluation documents made of invented answers."""

from dataclasses import asdict

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


@pytest.fixture
def make_document():
    def make(*, twin=True, variants=("removed", "swapped <b> $y$"), seeds=1, examples=True):
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

    return make
