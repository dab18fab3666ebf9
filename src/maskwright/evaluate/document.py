"""The evaluation document: one nested mapping with every number, ready for JSON (schema: docs/evaluation-json.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from maskwright.config import EvaluationConfig
from maskwright.evaluate.calibration import calibration
from maskwright.evaluate.groups import ORIGINAL
from maskwright.evaluate.measure import MODEL, TWIN, Answers, Key, Measured, Truth, compare, exact, right
from maskwright.evaluate.statistics import holm, mcnemar
from maskwright.evaluate.sweep import Condition, Passes

SCHEMA, SCHEMA_VERSION = "maskwright evaluation", 1

TESTED_DRAW = 0
"""McNemar's test needs one answer per text: the one under the first mask."""


@dataclass(frozen=True)
class Asked:
    """One run (and its twin, if it has one) after asking.

    Attributes:
        seed: training seed.
        answers: `model` and perhaps `twin` -> answers.
        passes: the same -> cost of asking.
        measured: numbers with replicates.
    """

    seed: int
    answers: Mapping[str, Answers]
    passes: Mapping[str, Passes]
    measured: Measured


@dataclass(frozen=True)
class Summary:
    """All runs of an evaluation, told as document sections.

    Attributes:
        runs: at least one.
        truth: labels and groups of the texts.
        labels: label names.
        settings: of the evaluation.
    """

    runs: Sequence[Asked]
    truth: Truth
    labels: Sequence[str]
    settings: EvaluationConfig

    def compared(self, key: Key) -> dict[str, Any]:
        """Model, twin and difference of one number."""
        return compare([run.measured for run in self.runs], key, self.settings.confidence)

    @property
    def whos(self) -> list[str]:
        """`model`, and `twin` where there is one."""
        return [who for who in (MODEL, TWIN) if who in self.runs[0].answers]

    @property
    def conditions(self) -> list[Condition]:
        """All (pattern, ratio)."""
        return list(self.runs[0].answers[MODEL].masked)

    def curves(self) -> dict[str, Any]:
        """Robustness curves and the numbers read off them, by pattern."""
        return {pattern: self._curve(pattern) for pattern in dict.fromkeys(pattern for pattern, _ in self.conditions)}

    def _curve(self, pattern: str) -> dict[str, Any]:
        points = [{"ratio": 0.0, "hidden": 0.0, "accuracy": self.compared(Key("accuracy")), "relative": None}]
        for condition in self.conditions:
            if condition[0] == pattern:
                points.append(
                    {
                        "ratio": condition[1],
                        "hidden": self.runs[0].passes[MODEL].hidden[condition],
                        "accuracy": self.compared(Key("accuracy", *condition)),
                        "relative": self.compared(Key("relative", *condition)),
                    }
                )
        numbers = ("auc_mask", "auc_mask_chance_corrected", "rho50")
        return {"points": points, **{name: self.compared(Key(name, pattern)) for name in numbers}}

    def groups(self) -> dict[str, Any]:
        """Accuracy by variant, by variant and label, and of the worst of these."""
        variants, cells = [], []
        for part in self.truth.parts:
            compared = exact(
                self.compared(Key("group", group=(part.variant, part.label))), part.n, self.settings.confidence
            )
            if part.label is None:
                variants.append({"variant": part.variant, "n": part.n, **compared})
            else:
                cells.append({"variant": part.variant, "label": self.labels[part.label], "n": part.n, **compared})
        worst: dict[str, Any] = self.compared(Key("worst_group"))
        for who in (MODEL, TWIN):
            known = [cell for cell in cells if cell[who] is not None]
            least = min(known, key=lambda cell: cell[who]["value"], default=None)
            worst[f"{who}_cell"] = None if least is None else {name: least[name] for name in ("variant", "label")}
        return {"variants": variants, "cells": cells, "worst": worst}

    def calibration(self) -> list[dict[str, Any]]:
        """Calibration of the whole texts and of every condition; over several runs, the mean."""
        rows = []
        for pattern, ratio in [("", 0.0), *self.conditions]:
            row: dict[str, Any] = {"pattern": pattern, "ratio": ratio, TWIN: None}
            for who in self.whos:
                found = []
                for run in self.runs:
                    answers = run.answers[who]
                    probabilities = answers.masked[pattern, ratio] if pattern else answers.clean
                    found.append(asdict(calibration(probabilities, self.truth.labels)))
                row[who] = {name: float(np.mean([one[name] for one in found])) for name in found[0]}
            rows.append(row)
        return rows

    def generalisation(self, train_size: int) -> dict[str, Any]:
        """Accuracy on training texts, on test texts, and their gap, nothing hidden."""
        return {
            "train_examples": len(self.truth.train_labels),
            "subset": len(self.truth.train_labels) < train_size,
            "train_accuracy": self.compared(Key("train_accuracy")),
            "test_accuracy": self.compared(Key("accuracy")),
            "gap": self.compared(Key("generalisation_gap")),
        }

    def significance(self) -> dict[str, Any] | None:
        """McNemar's test for every run under every condition and variant, adjusted within the run."""
        if TWIN not in self.whos:
            return None
        return {
            "test": "McNemar, exact, two-sided",
            "draw": TESTED_DRAW,
            "adjustment": "Holm, over the tests of one run",
            "tests": [test for run in self.runs for test in self._tests(run)],
        }

    def _tests(self, run: Asked) -> list[dict[str, Any]]:
        cases: list[tuple[dict[str, Any], list[np.ndarray]]] = []
        both = [run.answers[who] for who in (MODEL, TWIN)]
        cases.append((_case("whole input", "", 0.0, ORIGINAL), [one.clean for one in both]))
        for pattern, ratio in self.conditions:
            case = _case(f"{pattern}, {ratio:.0%} hidden", pattern, ratio, ORIGINAL)
            cases.append((case, [one.masked[pattern, ratio][TESTED_DRAW] for one in both]))
        for variant in both[0].variants:
            cases.append((_case(f"variant “{variant}”", "", 0.0, variant), [one.variants[variant] for one in both]))
        found = [mcnemar(*(right(p, self.truth.labels) for p in probabilities)) for _, probabilities in cases]
        adjusted = holm([one.p for one in found])
        return [
            {"seed": run.seed, **case, **asdict(test), "p_holm": p_holm}
            for (case, _), test, p_holm in zip(cases, found, adjusted, strict=True)
        ]

    def cost(self, training_seconds: Mapping[str, Sequence[float | None]], parameters: int) -> dict[str, Any]:
        """Seconds and tokens, mean over runs."""
        cost: dict[str, Any] = {TWIN: None}
        for who in self.whos:
            passes = [run.passes[who] for run in self.runs]
            seconds = sum(one.seconds for one in passes)
            trained = [one for one in training_seconds[who] if one is not None]
            cost[who] = {
                "parameters": parameters,
                "training_seconds": float(np.mean(trained)) if trained else None,
                "evaluation_seconds": seconds / len(passes),
                "evaluation_tokens": round(sum(one.tokens for one in passes) / len(passes)),
                "tokens_per_second": sum(one.tokens for one in passes) / seconds,
            }
        return cost


def _case(condition: str, pattern: str, ratio: float, variant: str) -> dict[str, Any]:
    return {"condition": condition, "pattern": pattern, "ratio": ratio, "variant": variant}
