"""From a model's answers to named numbers with replicates: everything the evaluation reports with an interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from maskwright.evaluate.curves import auc_mask, chance_corrected, relative_robustness, rho50
from maskwright.evaluate.groups import ORIGINAL, Group, group_accuracy, worst
from maskwright.evaluate.statistics import (
    BOOTSTRAP_SEED,
    Replicated,
    bootstrap,
    clopper_pearson,
    percentile_interval,
    t_interval,
)

MODEL, TWIN = "model", "twin"


class Key(NamedTuple):
    """Names one number of one model."""

    name: str
    pattern: str = ""
    ratio: float = 0.0
    group: tuple[str, int | None] | None = None


@dataclass(frozen=True)
class Answers:
    """Probabilities that one model gave, float32.

    Attributes:
        clean: [N, C] on the test texts as they are.
        masked: (pattern, ratio) -> [draws, N, C].
        variants: variant -> [N, C].
        train: [M, C] on training texts as they are.
    """

    clean: np.ndarray
    masked: Mapping[tuple[str, float], np.ndarray]
    variants: Mapping[str, np.ndarray]
    train: np.ndarray


@dataclass(frozen=True)
class Truth:
    """What the answers are compared with.

    Attributes:
        labels: [N] of the test examples.
        train_labels: [M] of the training examples asked about.
        chance: share of the most frequent test label.
        parts: groups of test examples.
    """

    labels: np.ndarray
    train_labels: np.ndarray
    chance: float
    parts: Sequence[Group]


Measured = dict[tuple[str, Key], Replicated]
"""(model or twin, key) -> value and replicates, all on the same resamples."""


def right(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Whether the most probable label is the true one, [..., N, C] -> [..., N] bool."""
    return probabilities.argmax(axis=-1) == labels


def measure(answers: Mapping[str, Answers], truth: Truth, resamples: int) -> Measured:
    """Compute every number of every model with paired replicates.

    Args:
        answers: `model`, and `twin` where there is one.
        truth: labels and groups.
        resamples: bootstrap resamples of the test examples (and, independently, of the training examples).
    """
    tables = {who: _Table.of(one, truth) for who, one in answers.items()}
    found = bootstrap(
        lambda weights: {
            (who, key): values for who, table in tables.items() for key, values in table.values(weights).items()
        },
        len(truth.labels),
        resamples=resamples,
    )
    seen = {who: right(one.train, truth.train_labels).astype(np.float64) for who, one in answers.items()}
    trained = bootstrap(
        lambda weights: {who: weights @ hits / len(hits) for who, hits in seen.items()},
        len(truth.train_labels),
        resamples=resamples,
        seed=BOOTSTRAP_SEED + 1,
    )
    measured: Measured = dict(found)  # pyright: ignore[reportArgumentType, reportAssignmentType]
    for who in answers:
        measured[who, Key("train_accuracy")] = trained[who]
        measured[who, Key("generalisation_gap")] = trained[who] - measured[who, Key("accuracy")]
    return measured


@dataclass(frozen=True)
class _Table:
    """Right answers of one model as columns, so that any resample is one matrix product."""

    clean: np.ndarray
    patterns: Mapping[str, tuple[np.ndarray, np.ndarray]]
    by_variant: Mapping[str, np.ndarray]
    truth: Truth

    @classmethod
    def of(cls, answers: Answers, truth: Truth) -> _Table:
        clean = right(answers.clean, truth.labels).astype(np.float64)
        ratios: dict[str, list[float]] = {}
        for pattern, ratio in sorted(answers.masked):
            ratios.setdefault(pattern, []).append(ratio)
        patterns = {
            pattern: (
                np.array([0.0, *some]),
                np.stack([clean, *(right(answers.masked[pattern, r], truth.labels).mean(0) for r in some)], axis=1),
            )
            for pattern, some in ratios.items()
        }
        by_variant = {name: right(p, truth.labels).astype(np.float64) for name, p in answers.variants.items()}
        return cls(clean, patterns, {ORIGINAL: clean, **by_variant}, truth)

    def values(self, weights: np.ndarray) -> dict[Key, np.ndarray]:
        n, chance = weights.shape[1], self.truth.chance
        clean = weights @ self.clean / n
        values = {Key("accuracy"): clean}
        for pattern, (ratios, columns) in self.patterns.items():
            accuracy = weights @ columns / n
            relative = relative_robustness(accuracy, clean, chance)
            for i, ratio in enumerate(ratios[1:].tolist(), start=1):
                values[Key("accuracy", pattern, ratio)] = accuracy[:, i]
                values[Key("relative", pattern, ratio)] = relative[:, i]
            area = auc_mask(ratios, accuracy)
            values[Key("auc_mask", pattern)] = area
            values[Key("auc_mask_chance_corrected", pattern)] = chance_corrected(area, chance)
            values[Key("rho50", pattern)] = rho50(ratios, accuracy, chance)
        by_group = group_accuracy(weights, self.by_variant, self.truth.parts)
        for i, part in enumerate(self.truth.parts):
            values[Key("group", group=(part.variant, part.label))] = by_group[:, i]
        cells = [i for i, part in enumerate(self.truth.parts) if part.label is not None]
        values[Key("worst_group")] = worst(by_group[:, cells])
        return values


def estimate(found: Sequence[Replicated], confidence: float) -> dict[str, object]:
    """A value with its interval, ready for JSON; undefined numbers become None.

    One run: the value, and the percentile interval over examples. Several: the mean over seeds, Student's interval
    over seeds, and the value of each seed.
    """
    if len(found) == 1:
        low, high = percentile_interval(found[0].replicates, confidence)
        return {"value": _number(found[0].value), "low": _number(low), "high": _number(high)}
    values = [one.value for one in found]
    mean, low, high = t_interval(values, confidence)
    per_seed = [_number(value) for value in values]
    return {"value": _number(mean), "low": _number(low), "high": _number(high), "per_seed": per_seed}


def compare(runs: Sequence[Measured], key: Key, confidence: float) -> dict[str, object]:
    """One number of model and twin and their paired difference (model − twin), each as `estimate` gives it."""
    compared: dict[str, object] = {MODEL: estimate([run[MODEL, key] for run in runs], confidence)}
    if (TWIN, key) in runs[0]:
        compared[TWIN] = estimate([run[TWIN, key] for run in runs], confidence)
        compared["difference"] = estimate([run[MODEL, key] - run[TWIN, key] for run in runs], confidence)
    else:
        compared[TWIN] = compared["difference"] = None
    return compared


def exact(compared: dict[str, object], n: int, confidence: float) -> dict[str, object]:
    """The same with the exact binomial interval for model and twin; for one run, one accuracy over `n` examples."""
    out = dict(compared)
    for who in (MODEL, TWIN):
        one = compared[who]
        if isinstance(one, dict) and "per_seed" not in one:
            low, high = clopper_pearson(round(one["value"] * n), n, confidence)
            out[who] = {"value": one["value"], "low": low, "high": high}
    return out


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
