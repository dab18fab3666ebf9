"""Metrics on resamples of examples, the way the bootstrap asks for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from maskwright.tasks.metrics.metric import Metric

RESAMPLES = 25


def value_of(metric: Metric, predictions: Any, references: Any) -> float:
    """The metric of some answers."""
    records = metric.statistic.of(predictions, references)
    assert len(records) == len(references)
    return float(metric.value(metric.statistic.summable(records[None]), np.ones((1, len(records))))[0])


def check_resamples(metric: Metric, predictions: Any, references: Any, plain: Callable[[Any, Any], float]) -> None:
    """The metric agrees with a plain computation, on the examples and on resamples of them."""
    predictions, references = np.asarray(predictions), np.asarray(references)
    assert value_of(metric, predictions, references) == pytest.approx(plain(predictions, references))
    n = len(references)
    rows = np.random.default_rng(7).integers(0, n, size=(RESAMPLES, n))
    weights = np.stack([np.bincount(one, minlength=n) for one in rows]).astype(np.float64)
    summable = metric.statistic.summable(metric.statistic.of(predictions, references)[None])
    found = metric.value(summable, weights)
    assert found.shape == (RESAMPLES,)
    assert found == pytest.approx([plain(predictions[one], references[one]) for one in rows])
    assert len(metric.each(summable)) == n


def logits_and_classes(seed: int = 0, n: int = 60, classes: int = 4, skill: float = 2.0) -> tuple[Any, Any]:
    """[n, classes] float32 logits that know something, and [n] classes, some much more frequent than others."""
    rng = np.random.default_rng(seed)
    right = np.minimum(rng.geometric(0.4, n) - 1, classes - 1)
    logits = rng.normal(size=(n, classes)) + skill * np.eye(classes)[right]
    return logits.astype(np.float32), right


def numbers_said(seed: int = 0, n: int = 50) -> tuple[Any, Any]:
    """[n] answers and [n] true numbers."""
    rng = np.random.default_rng(seed)
    truth = 10 + 3 * rng.normal(size=n)
    return truth + rng.normal(size=n), truth
