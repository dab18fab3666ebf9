"""How the models learned: loss and validation score by step, read off the metrics that their runs left."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from maskwright.evaluate.scored import MODEL, TWIN
from maskwright.evaluate.twin import TrainedRun
from maskwright.train.folder import RunFolder
from maskwright.train.metrics_log import read_metrics

POINTS = 200
"""Of a curve, at most."""

Curve = list[list[float | None]]
"""[step, value] each; a value is None where it was not a number."""


def training_curves(pair: tuple[TrainedRun, TrainedRun | None], metric: str) -> dict[str, Any]:
    """The `training` of the document.

    Args:
        pair: a run and its twin.
        metric: whose validation score is wanted.
    """
    both = zip((MODEL, TWIN), pair, strict=True)
    return {who: None if run is None else _curves(run.folder, metric) for who, run in both}


def _curves(folder: RunFolder, metric: str) -> dict[str, Curve] | None:
    """Of one run; None where its metrics are gone, which an evaluation can do without."""
    if not folder.metrics_file.exists():
        return None
    lines = read_metrics(folder.metrics_file)
    losses = [(line["step"], line["loss"]) for line in lines if "loss" in line]
    scores = [(line["step"], line["validation"].get(metric)) for line in lines if "validation" in line]
    return {"loss": _averaged(losses), "validation": _thinned([pair for pair in scores if pair[1] is not None])}


def _averaged(points: Sequence[tuple[int, float]]) -> Curve:
    """Means of as many neighbours as it takes, each at the last step of them."""
    size = -(-len(points) // POINTS)
    groups = [points[start : start + size] for start in range(0, len(points), max(size, 1))]
    return [[group[-1][0], _number(float(np.mean([value for _, value in group])))] for group in groups]


def _thinned(points: Sequence[tuple[int, float]]) -> Curve:
    """Every so many, counted from the last."""
    size = max(1, -(-len(points) // POINTS))
    return [[step, _number(value)] for step, value in points[::-1][::size][::-1]]


def _number(value: float) -> float | None:
    return value if np.isfinite(value) else None
