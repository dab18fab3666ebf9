"""What the answers of an evaluation are compared with: metrics, what chance scores, groups and clusters of examples."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from maskwright.data.roles import CLUSTER
from maskwright.evaluate.groups import groups
from maskwright.evaluate.scored import Truth
from maskwright.evaluate.sweep import Material

if TYPE_CHECKING:
    from maskwright.data.checked import CheckedData


def truth_of(material: Material) -> Truth:
    """What answers are compared with, and by which metrics."""
    task, test, data = material.task, material.test, material.data
    metrics = task.chosen_metrics(material.config.evaluation.metrics)
    every = {metric.name: metric for metric in (*metrics, *task.calibration)}
    references = test.references(range(len(test)))
    return Truth(
        metrics=metrics,
        calibration=task.calibration,
        chance={name: metric.chance_of(references) for name, metric in every.items()},
        negligible={name: metric.negligible_of(references) for name, metric in every.items()},
        n=len(test),
        n_train=len(material.train),
        labels=test.classes,
        parts=groups(len(test), test.classes, data.variants),
        clusters=_clusters(data),
    )


def _clusters(data: CheckedData) -> np.ndarray:
    """[N] number of the cluster of each test example; each is one of its own where none are named."""
    if CLUSTER.name not in data.test.column_names:
        return np.arange(len(data.test))
    return np.unique(np.asarray(data.test[CLUSTER.name][:], dtype=object).astype(str), return_inverse=True)[1]
