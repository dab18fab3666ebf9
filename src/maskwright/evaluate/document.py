"""The evaluation document: one nested mapping with every number, ready for JSON (schema: docs/evaluation-json.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from maskwright.config import EvaluationConfig
from maskwright.evaluate.estimates import compare, exact
from maskwright.evaluate.groups import ORIGINAL
from maskwright.evaluate.measure import Measured
from maskwright.evaluate.predict import Machine
from maskwright.evaluate.scored import MODEL, TWIN, Answers, Key, Scored, Truth
from maskwright.evaluate.statistics import holm, mcnemar
from maskwright.evaluate.sweep import Condition, Passes, Plan
from maskwright.tasks.metrics.metric import Metric

SCHEMA, SCHEMA_VERSION = "maskwright evaluation", 3

TESTED_DRAW = 0
"""McNemar's test needs one answer per example: the one under the first mask."""


@dataclass(frozen=True)
class Asked:
    """One run (and its twin, if it has one) after asking; mappings are by `model` and perhaps `twin`.

    Attributes:
        seed: training seed.
        folders: where the models are.
        plan: masks it was asked under.
        machine: where it was asked.
        answers: what was noted of the answers.
        passes: cost of asking.
        measured: numbers with replicates.
    """

    seed: int
    folders: Mapping[str, Path]
    plan: Plan
    machine: Machine
    answers: Mapping[str, Answers]
    passes: Mapping[str, Passes]
    measured: Measured


@dataclass(frozen=True)
class Summary:
    """All runs of an evaluation, told as document sections.

    Attributes:
        runs: at least one.
        truth: metrics, labels and groups of the examples.
        labels: label names.
        settings: of the evaluation.
    """

    runs: Sequence[Asked]
    truth: Truth
    labels: Sequence[str]
    settings: EvaluationConfig

    def clean(self) -> dict[str, Any]:
        """The metric with nothing hidden."""
        return self.compared(Key("score"))

    def compared(self, key: Key, metric: Metric | None = None) -> dict[str, Any]:
        """Model, twin and difference of one number; of the headline, unless it is another metric's."""
        biased = (metric or self.truth.headline).biased
        return compare([run.measured for run in self.runs], key, self.settings.confidence, biased=biased)

    def described(self, metric: Metric) -> dict[str, Any]:
        """What a metric says of itself, for readers of the document."""
        return {
            "name": metric.name,
            "label": metric.label,
            "higher_is_better": metric.higher_is_better,
            "unit": metric.unit,
            "best": metric.best,
            "chance": self.truth.chance[metric.name],
            "negligible": self.truth.negligible[metric.name],
            "of_whole": metric.of_whole,
            "counts": metric.counts,
            "biased": metric.biased,
            "meaning": metric.meaning,
        }

    def other_metrics(self) -> list[dict[str, Any]]:
        """Every metric but the headline: on whole inputs, under every condition, on every variant."""
        return [self._other(metric) for metric in self.truth.metrics[1:]]

    def _other(self, metric: Metric) -> dict[str, Any]:
        keys = {condition: Key("score", *condition, metric=metric.name) for condition in self.conditions}
        points = [
            {"pattern": pattern, "ratio": ratio, **self.compared(key, metric)} for (pattern, ratio), key in keys.items()
        ]
        variants = [
            {"variant": name, **self.compared(Key("group", group=(name, None), metric=metric.name), metric)}
            for name in self.runs[0].answers[MODEL].variants
        ]
        whole = self.compared(Key("score", metric=metric.name), metric)
        return {**self.described(metric), "clean": whole, "points": points, "variants": variants}

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
        points = [{"ratio": 0.0, "hidden": 0.0, "score": self.clean(), "relative": None}]
        for condition in self.conditions:
            if condition[0] == pattern:
                points.append(
                    {
                        "ratio": condition[1],
                        "hidden": self.runs[0].passes[MODEL].hidden[condition],
                        "score": self.compared(Key("score", *condition)),
                        "relative": self.compared(Key("relative", *condition)),
                    }
                )
        numbers = ("auc_mask", "auc_mask_chance_corrected", "rho50")
        return {"points": points, **{name: self.compared(Key(name, pattern)) for name in numbers}}

    def groups(self) -> dict[str, Any] | None:
        """The headline by variant, and the share of right answers by variant and label and in the worst of these."""
        variants, cells = [], []
        right = self.truth.right
        counts = self.truth.headline.counts
        for part in self.truth.parts:
            key = Key("group", group=(part.variant, part.label))
            if (MODEL, key) not in self.runs[0].measured:
                continue
            compared = self.compared(key)
            if counts or part.label is not None:
                compared = exact(compared, part.n, self.settings.confidence)
            if part.label is None:
                variants.append({"variant": part.variant, "n": part.n, **compared})
            else:
                cells.append({"variant": part.variant, "label": self.labels[part.label], "n": part.n, **compared})
        if len(variants) == 1 and not cells:
            return None
        worst = self._worst(cells) if cells else None
        return {"variants": variants, "cell_label": right.label if right else None, "cells": cells, "worst": worst}

    def _worst(self, cells: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        worst: dict[str, Any] = self.compared(Key("worst_group"))
        for who in (MODEL, TWIN):
            known = [cell for cell in cells if cell[who] is not None]
            least = min(known, key=lambda cell: cell[who]["value"], default=None)
            worst[f"{who}_cell"] = None if least is None else {name: least[name] for name in ("variant", "label")}
        return worst

    def calibration(self) -> dict[str, Any] | None:
        """What probabilities mean, of the whole examples and of every condition; over several runs, the mean."""
        metrics = self.truth.calibration
        if not metrics:
            return None
        rows = []
        for condition in [("", 0.0), *self.conditions]:
            numbers = {one.name: self.compared(Key(one.name, *condition), one) for one in metrics}
            row: dict[str, Any] = {"pattern": condition[0], "ratio": condition[1]}
            for who in (MODEL, TWIN, "difference"):
                there = who in self.whos or (who == "difference" and TWIN in self.whos)
                row[who] = {name: compared[who] for name, compared in numbers.items()} if there else None
            rows.append(row)
        return {"metrics": [self.described(one) for one in metrics], "rows": rows}

    def generalisation(self, train_size: int) -> dict[str, Any]:
        """The metric on training and on test examples, and how much better it is on the first, nothing hidden."""
        return {
            "train_examples": self.truth.n_train,
            "subset": self.truth.n_train < train_size,
            "train_score": self.compared(Key("train_score")),
            "test_score": self.clean(),
            "gap": self.compared(Key("generalisation_gap")),
        }

    def significance(self) -> dict[str, Any] | None:
        """McNemar's test for every run under every condition and variant, adjusted within the run."""
        if TWIN not in self.whos or self.truth.right is None:
            return None
        return {
            "test": "McNemar, exact, two-sided",
            "metric": self.truth.right.name,
            "draw": TESTED_DRAW,
            "adjustment": "Holm, over the tests of one run",
            "tests": [test for run in self.runs for test in self._tests(run)],
        }

    def _tests(self, run: Asked) -> list[dict[str, Any]]:
        cases: list[tuple[dict[str, Any], list[Scored]]] = []
        both = [run.answers[who] for who in (MODEL, TWIN)]
        cases.append((_case("whole input", "", 0.0, ORIGINAL), [one.clean for one in both]))
        for pattern, ratio in self.conditions:
            case = _case(f"{pattern}, {ratio:.0%} hidden", pattern, ratio, ORIGINAL)
            cases.append((case, [one.masked[pattern, ratio] for one in both]))
        for variant in both[0].variants:
            cases.append((_case(f"variant “{variant}”", "", 0.0, variant), [one.variants[variant] for one in both]))
        right = self.truth.right
        pairs = [[one.hits(right, TESTED_DRAW) for one in scored] for _, scored in cases]
        tests = [mcnemar(*(hits for hits in pair if hits is not None)) for pair in pairs]
        adjusted = holm([one.p for one in tests])
        return [
            {"seed": run.seed, **case, **asdict(test), "p_holm": p_holm}
            for (case, _), test, p_holm in zip(cases, tests, adjusted, strict=True)
        ]

    def cost(self, trainings: Mapping[str, Sequence[Mapping[str, Any]]], parameters: int) -> dict[str, Any]:
        """Seconds and cells, mean over runs, and what masking saved.

        Args:
            trainings: `model` and perhaps `twin` -> environment.json of each run.
            parameters: of the model.
        """
        cost: dict[str, Any] = {TWIN: None}
        for who in self.whos:
            passes = [run.passes[who] for run in self.runs]
            seconds, work = (sum(getattr(one, name) for one in passes) for name in ("seconds", "work"))
            cost[who] = {
                "parameters": parameters,
                "training_seconds": _mean(trainings[who], "seconds"),
                "training_cells": _mean(trainings[who], "cells"),
                "training_cells_whole": _mean(trainings[who], "cells_whole"),
                "training_cells_per_second": _mean(trainings[who], "cells_per_second"),
                "evaluation_seconds": seconds / len(passes),
                "evaluation_cells": round(work / len(passes)),
                "cells_per_second": work / seconds,
            }
        cost["training_time_saved"] = _saved(cost, trainings)
        return cost


def _mean(trainings: Sequence[Mapping[str, Any]], name: str) -> float | None:
    known = [one[name] for one in trainings if one.get(name) is not None]
    return float(np.mean(known)) if known else None


def _saved(cost: Mapping[str, Any], trainings: Mapping[str, Sequence[Mapping[str, Any]]]) -> float | None:
    """Share of the twin's training time that the model did without; None where they ran on different machines."""
    if cost[TWIN] is None:
        return None
    machines = {
        tuple(str(one.get(fact)) for fact in ("platform", "device", "threads", "world_size"))
        for runs in trainings.values()
        for one in runs
    }
    mine, twins = cost[MODEL]["training_seconds"], cost[TWIN]["training_seconds"]
    return None if len(machines) > 1 or mine is None or not twins else 1.0 - mine / twins


def plain(value: Any) -> Any:
    """A value for JSON: NumPy numbers become plain ones, and what is no number None.

    >>> plain({"a": [np.float32(0.5), float("nan")], "b": (np.int64(2), "x", None, True)})
    {'a': [0.5, None], 'b': [2, 'x', None, True]}
    """
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [plain(one) for one in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    return None if isinstance(value, float) and not np.isfinite(value) else value


def _case(condition: str, pattern: str, ratio: float, variant: str) -> dict[str, Any]:
    return {"condition": condition, "pattern": pattern, "ratio": ratio, "variant": variant}
