"""The evaluation document: one nested mapping with every number, ready for JSON (schema: docs/evaluation-json.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from maskwright.config import EvaluationConfig
from maskwright.evaluate.comparison import FREE, Comparison
from maskwright.evaluate.measure import Measured
from maskwright.evaluate.predict import Machine
from maskwright.evaluate.scored import MODEL, TWIN, Answers, Key, Truth
from maskwright.evaluate.sweep import Condition, Passes, Plan
from maskwright.tasks.metrics.metric import Metric

SCHEMA, SCHEMA_VERSION = "maskwright evaluation", 4


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

    @cached_property
    def comparison(self) -> Comparison:
        """The runs, ready to be compared."""
        return Comparison([run.measured for run in self.runs], self.truth, self.settings.confidence, len(self.measures))

    @property
    def measures(self) -> list[str]:
        """What the verdict rests on: the headline on whole inputs, over the first curve and on every variant."""
        whole = ["whole input"] if self.truth.headline.of_whole else []
        variants = [f"variant “{name}”" for name in self.runs[0].answers[MODEL].variants]
        return [*whole, *(f"mean over {pattern}" for pattern in self.judged_patterns), *variants]

    @property
    def judged_patterns(self) -> list[str]:
        """The patterns whose mean the verdict rests on: the first, and its repetition with a second fill."""
        second = self.runs[0].plan.second
        return [self.patterns[0], *([] if second is None else [second.pattern])]

    def clean(self) -> dict[str, Any]:
        """The metric with nothing hidden."""
        learned = {who: self.comparison.learned(who) for who in self.whos}
        return {**self.compared(Key("score"), is_shared=True), "learned": {TWIN: None, **learned}}

    def compared(self, key: Key, metric: Metric | None = None, *, is_shared: bool = False) -> dict[str, Any]:
        """Model, twin and difference of one number in the unit of a metric, by default the headline."""
        metric = metric or self.truth.headline
        return self.comparison.of(key, metric.limits, biased=metric.biased, is_shared=is_shared)

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
        return {pattern: self._curve(pattern) for pattern in self.patterns}

    @property
    def patterns(self) -> list[str]:
        """In the order they were asked for; the verdict rests on the first."""
        return list(dict.fromkeys(pattern for pattern, _ in self.conditions))

    def _curve(self, pattern: str) -> dict[str, Any]:
        points = [{"ratio": 0.0, "hidden": 0.0, "score": self.compared(Key("score"), is_shared=True), "relative": None}]
        for condition in self.conditions:
            if condition[0] == pattern:
                points.append(
                    {
                        "ratio": condition[1],
                        "hidden": self.runs[0].passes[MODEL].hidden[condition],
                        "score": self.compared(Key("score", *condition)),
                        "relative": self.comparison.of(Key("relative", *condition), FREE),
                    }
                )
        headline, most = self.truth.headline, max(self.settings.ratios)
        area = self.compared(Key("auc_mask", pattern), is_shared=pattern in self.judged_patterns)
        chance = self.truth.chance[headline.name]
        return {
            "points": points,
            "auc_mask": area,
            "auc_mask_chance_corrected": self.comparison.chance_corrected(area, chance, self.truth.best),
            "rho50": self.comparison.of(Key("rho50", pattern), (0.0, most), biased=headline.biased),
        }

    def of_variants(self) -> list[dict[str, Any]]:
        """The headline on every variant."""
        names = self.runs[0].answers[MODEL].variants
        return [self.compared(Key("group", group=(name, None)), is_shared=True) for name in names]

    def groups(self) -> dict[str, Any] | None:
        """The headline by variant, and the share of right answers by variant and label and in the worst of these."""
        variants, cells, keys = [], [], []
        right = self.truth.right
        for part in self.truth.parts:
            key = Key("group", group=(part.variant, part.label))
            if not self.comparison.has(key):
                continue
            if part.label is None:
                compared = self.compared(key, is_shared=True)
                variants.append({"variant": part.variant, "n": part.n, **compared})
            else:
                compared = self.comparison.of(key, (0.0, 1.0))
                cells.append({"variant": part.variant, "label": self.labels[part.label], "n": part.n, **compared})
                keys.append(key)
        if len(variants) == 1 and not cells:
            return None
        of_variants = []
        for name in dict.fromkeys(cell["variant"] for cell in cells):
            some = [place for place, cell in enumerate(cells) if cell["variant"] == name]
            worst = self._worst([cells[place] for place in some], [keys[place] for place in some])
            of_variants.append({"variant": name, **worst})
        return {
            "variants": variants,
            "cell_label": right.label if right else None,
            "cells": cells,
            "worst": self._worst(cells, keys) if cells else None,
            "worst_of_variants": of_variants,
        }

    def _worst(self, cells: Sequence[Mapping[str, Any]], keys: Sequence[Key]) -> dict[str, Any]:
        worst = self.comparison.worst(keys)
        for who in (MODEL, TWIN):
            numbers = [cell for cell in cells if cell[who] is not None]
            least = min(numbers, key=lambda cell: cell[who]["value"], default=None)
            worst[f"{who}_cell"] = None if least is None else {name: least[name] for name in ("variant", "label", "n")}
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
            "gap": self.comparison.gap(),
        }

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
    numbers = [one[name] for one in trainings if one.get(name) is not None]
    return float(np.mean(numbers)) if numbers else None


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
