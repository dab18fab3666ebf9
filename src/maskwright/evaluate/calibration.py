"""Does a probability mean what it says? Expected calibration error, log loss, Brier score, by hidden share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

BINS = 15
SMALLEST = 1e-12
"""Probabilities are bounded below by this in the log loss, so that one certain error does not give infinity."""


@dataclass(frozen=True)
class Calibration:
    """How probabilities and outcomes agree.

    Attributes:
        ece: mean |accuracy − confidence| over equal-mass bins of confidence, 0 to 1, lower is better.
        overconfidence: mean confidence − accuracy; above 0 the model claims too much, below 0 too little.
        nll: mean negative log probability of the true label, in nats.
        brier: mean squared distance of the probabilities from the truth, 0 to 2.
    """

    ece: float
    overconfidence: float
    nll: float
    brier: float


def calibration(probabilities: np.ndarray, labels: np.ndarray) -> Calibration:
    """Measure calibration.

    Args:
        probabilities: [..., N, C]; leading axes (draws) are pooled.
        labels: [N] integers in [0, C).

    >>> calibration(np.array([[0.75, 0.25], [0.25, 0.75]]), np.array([0, 1])).overconfidence
    -0.25
    """
    p = np.asarray(probabilities, dtype=np.float64)
    truth = np.broadcast_to(labels, p.shape[:-1]).ravel()
    p = p.reshape(-1, p.shape[-1])
    confidence = p.max(axis=-1)
    right = p.argmax(axis=-1) == truth
    of_truth = np.take_along_axis(p, truth[:, None], axis=-1)[:, 0]
    # Σ (p − onehot)² = Σ p² − 2 p_truth + 1
    brier = (p**2).sum(axis=-1) - 2.0 * of_truth + 1.0
    return Calibration(
        ece=expected_calibration_error(confidence, right),
        overconfidence=float(confidence.mean() - right.mean()),
        nll=float(-np.log(np.maximum(of_truth, SMALLEST)).mean()),
        brier=float(brier.mean()),
    )


def expected_calibration_error(confidence: np.ndarray, right: np.ndarray, bins: int = BINS) -> float:
    """Mean gap between accuracy and confidence over bins that hold equally many predictions each.

    Equal-width bins leave most bins nearly empty in small test sets; equal-mass bins do not. Predictions with the same
    confidence share their mean outcome, so the result does not depend on the order of the examples.

    Args:
        confidence: [N] probability of the predicted label.
        right: [N] bool.
        bins: at most this many; fewer where there are fewer predictions.

    >>> round(expected_calibration_error(np.array([0.9, 0.9, 0.6, 0.6]), np.array([1, 1, 1, 0]), bins=2), 6)
    0.1
    """
    distinct, tie = np.unique(confidence, return_inverse=True)
    share_right = np.bincount(tie, weights=right) / np.bincount(tie)
    order = np.argsort(tie, kind="stable")
    gap = (share_right - distinct)[tie[order]]
    pieces = np.array_split(gap, min(bins, len(gap)))
    return float(sum(abs(piece.sum()) for piece in pieces) / len(gap))
