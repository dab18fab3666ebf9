"""Verdicts on right and wrong answers that are given by hand, through all that an evaluation does with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from maskwright.config import EvaluationConfig
from maskwright.evaluate.document import Asked, Summary
from maskwright.evaluate.measure import measure
from maskwright.evaluate.predict import Machine
from maskwright.evaluate.scored import MODEL, TWIN, Answers, Scored, Truth
from maskwright.evaluate.sweep import Passes, Plan
from maskwright.evaluate.verdict import Verdict, verdict
from maskwright.tasks.metrics.accuracy import ACCURACY
from maskwright.tasks.metrics.metric import Metric

RATIO = 0.5


@dataclass(frozen=True)
class Numbers:
    """What a model gets on each example.

    Attributes:
        whole: [N] on whole examples.
        masked: [D, N] with half hidden.
        removed: [N] without the shortcut; None for data without one.
    """

    whole: np.ndarray
    masked: np.ndarray
    removed: np.ndarray | None = None


def answers_of(numbers: Numbers, metric: Metric) -> Answers:
    """As an evaluation notes them."""

    def scored(draws: np.ndarray) -> Scored:
        return Scored({metric.statistic.name: np.atleast_2d(draws).astype(np.float64)[:, :, None]})

    variants = {} if numbers.removed is None else {"removed": scored(numbers.removed)}
    masked = {("iid", RATIO): scored(numbers.masked)}
    return Answers(scored(numbers.whole), masked, variants, scored(numbers.whole))


def summary_of(
    runs: Sequence[tuple[Numbers, Numbers]], metric: Metric = ACCURACY, chance: float = 0.5, resamples: int = 20
) -> Summary:
    """Runs of (model, twin), one for each seed."""
    n = len(runs[0][0].whole)
    negligible = 0.02 if metric.negligible is None else metric.negligible_of([])
    named = {metric.name: chance}, {metric.name: negligible}
    truth = Truth((metric,), (), *named, n, n, None, [], np.arange(n))
    machine = Machine(torch.device("cpu"), bf16=False, batch_cells=1)
    asked = []
    for seed, (model, twin) in enumerate(runs):
        answers = {who: answers_of(one, metric) for who, one in ((MODEL, model), (TWIN, twin))}
        passes = dict.fromkeys(answers, Passes(1, 1.0, {("iid", RATIO): RATIO}, {}))
        measured = measure(answers, truth, resamples)
        asked.append(Asked(seed, {}, Plan({}, 1), machine, answers, passes, measured))
    return Summary(asked, truth, (), EvaluationConfig(ratios=[0.0, RATIO], patterns=["iid"]))


def judged(summary: Summary) -> tuple[Verdict, Mapping[str, Any]]:
    """The verdict and the part of the document that it is of."""
    names = list(summary.runs[0].answers[MODEL].variants)
    variants = [
        {"variant": name, "n": summary.truth.n, **one} for name, one in zip(names, summary.of_variants(), strict=True)
    ]
    document = {
        "noun": "texts",
        "metric": summary.described(summary.truth.headline),
        "runs": [{"seed": run.seed} for run in summary.runs],
        "data": {
            "examples": summary.truth.n,
            "chance": summary.truth.chance[summary.truth.headline.name],
            "split": "test",
        },
        "settings": {
            "confidence": 0.95,
            "patterns": ["iid"],
            "ratios": [0.0, RATIO],
            "resampled": "test texts",
            "second": None,
            "shared": {"measures": summary.measures, "confidence": summary.comparison.shared_confidence},
        },
        "clean": summary.clean(),
        "groups": {"variants": [{"variant": "original", **summary.clean()}, *variants]},
        "curves": summary.curves(),
    }
    return verdict(document), document
