"""Expected calibration error: the mean gap between what a model claims and how often it is right.

Source: Naeini et al. 2015, Obtaining well calibrated probabilities using Bayesian binning.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from maskwright.tasks.metrics.class_statistics import probabilities
from maskwright.tasks.metrics.metric import Metric, Statistic

__all__ = ["CALIBRATION_ERROR", "CONFIDENCE", "gaps_by_bin"]

BINS = 15


def _confidence(logits: Any, references: Any) -> np.ndarray:
    """[B, 2] probability of the answer, and whether it is right."""
    p = probabilities(logits).astype(np.float64)
    right = p.argmax(axis=-1) == np.asarray(references)
    return np.column_stack([p.max(axis=-1), right])


def gaps_by_bin(records: np.ndarray, bins: int = BINS) -> np.ndarray:
    """[D, N, 2] confidence and outcome of D draws -> [N, bins] outcome − confidence, in the bin of the confidence.

    Bins hold equally many predictions each: bins of equal width would be nearly empty in small test sets. Predictions
    of one confidence share their bins, so that the order of the examples does not matter. The bins stay those of the
    examples as they are, so that the error of any resample is a product away.

    >>> gaps_by_bin(np.array([[[0.9, 1.0], [0.6, 0.0]]]), bins=2).round(1)
    array([[ 0. ,  0.1],
           [-0.6,  0. ]])
    """
    draws, n, _ = records.shape
    confidence, right = records.reshape(-1, 2).T
    _, tie = np.unique(confidence, return_inverse=True)
    sizes = [len(part) for part in np.array_split(tie, min(bins, len(tie)))]
    piece, ties = np.repeat(np.arange(len(sizes)), sizes), int(tie.max()) + 1
    places = np.bincount(np.sort(tie) * bins + piece, minlength=ties * bins).reshape(ties, bins)
    share = places / places.sum(axis=1, keepdims=True)
    gaps = share[tie] * (right - confidence)[:, None]
    return gaps.reshape(draws, n, bins).mean(axis=0)


def calibration_error(sums: np.ndarray, n: np.ndarray) -> np.ndarray:
    """[b, bins] gaps -> [b] mean absolute gap."""
    return np.abs(sums / n[..., None]).sum(axis=-1)


CONFIDENCE = Statistic("confidence", _confidence, gaps_by_bin, pooled=True)
"""[B, 2] probability of the answer, and whether it is right."""

CALIBRATION_ERROR = Metric(
    "ece",
    "calibration error",
    CONFIDENCE,
    calibration_error,
    higher_is_better=False,
    best=0.0,
    # Too high of few examples, and higher still of a resample of them: intervals of resamples miss the true value.
    biased=True,
    meaning="The mean gap between the probability of the answers and how often they are right.",
)
