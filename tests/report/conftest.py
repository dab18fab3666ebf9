"""Evaluation documents made of invented answers."""

from dataclasses import asdict

import numpy as np
import pytest

from maskwright.config import EvaluationConfig
from maskwright.evaluate.document import Asked, Summary
from maskwright.evaluate.groups import groups
from maskwright.evaluate.measure import MODEL, TWIN, Answers, Key, Truth, measure
from maskwright.evaluate.sweep import Passes
from maskwright.evaluate.verdict import verdict

LABELS = ["<script>alert('label')</script>", "$x^2$", "c & d"]
N = 60


def invented(seed, labels, variants, skill):
    rng = np.random.default_rng(seed)

    def one(*shape):
        p = rng.random((*shape, N, 3)) + skill * np.eye(3)[labels]
        return (p / p.sum(-1, keepdims=True)).astype(np.float32)

    masked = {(pattern, ratio): one(2) for pattern in ("iid", "span") for ratio in (0.5, 0.9)}
    return Answers(one(), masked, {name: one() for name in variants}, one())


def example(kind, twin):
    pieces = [("<script>alert(1)</script>", True), (" plain & simple ", False), ("$x$", True)]
    answer = {"label": LABELS[0], "probability": 0.9, "right": True}
    return {
        "kind": kind,
        "example_id": 4,
        "label": LABELS[0],
        "hidden": 0.5,
        "pieces": [{"text": text, "hidden": hidden} for text, hidden in pieces],
        MODEL: answer,
        TWIN: {**answer, "right": False} if twin else None,
    }


@pytest.fixture
def make_document():
    def make(*, twin=True, variants=("removed", "swapped <b> $y$"), seeds=1, examples=True):
        labels = np.random.default_rng(0).integers(0, 3, N)
        truth = Truth(labels, labels, 0.4, groups(labels, variants))
        settings = EvaluationConfig(ratios=[0.0, 0.5, 0.9], draws=2, bootstrap=200)
        runs = []
        for seed in range(seeds):
            answers = {MODEL: invented(seed, labels, variants, 0.9)}
            if twin:
                answers[TWIN] = invented(100 + seed, labels, variants, 0.4)
            passes = dict.fromkeys(answers, Passes(1000, 2.0, dict.fromkeys(answers[MODEL].masked, 0.5), {}))
            runs.append(Asked(seed, answers, passes, measure(answers, truth, 200)))
        summary = Summary(runs, truth, LABELS, settings)
        document = {
            "maskwright_version": "0",
            "created": "2026-01-01T00:00:00+00:00",
            "task": "text-classification",
            "model": "<b>model</b>",
            "runs": [{"run": f"runs/{seed}", "twin": None, "seed": seed} for seed in range(seeds)],
            "data": {
                "split": "test",
                "examples": N,
                "labels": LABELS,
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
                "interval": "paired bootstrap over test texts",
            },
            "clean": summary.compared(Key("accuracy")),
            "curves": summary.curves(),
            "groups": summary.groups(),
            "calibration": summary.calibration(),
            "generalisation": summary.generalisation(N),
            "significance": summary.significance(),
            "cost": summary.cost({MODEL: [3.0], TWIN: [None]}, 1234567),
            "examples": {
                "how": "blindly",
                "counts": {"both are right": 3},
                "items": [example("both are right", twin)],
            }
            if examples
            else None,
            "configuration": "model: <script>\n",
            "environment": {"torch": "2"},
        }
        return {**document, "verdict": asdict(verdict(document))}

    return make
