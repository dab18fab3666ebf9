"""Does a probability mean what it says? Expected calibration error, log loss, Brier score, by hidden share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from maskwright.tasks.contract import Outcome

BINS = 15
SMALLEST = 1e-12
"""Probabilities are bounded below by this in the log loss, so that one certain error does not give infinity."""

NUMBERS = ("ece", "overconfidence", "nll", "brier")
"""What is measured, in the order in which it is told; see `Calibration`."""

BIASED = ("ece",)
"""Numbers that come out too high of few examples, and higher still of a resample of them: bootstrap intervals miss what
is true, percentiles nearly always, reflected ones where probabilities are nearly right."""


Condition = tuple[str, float]
"""Pattern and ratio; ("", 0.0) for whole examples."""


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
    found = _numbers(_shares(probabilities, labels).mean(axis=0))
    return Calibration(**{name: float(value) for name, value in found.items()})


@dataclass(frozen=True)
class Calibrations:
    """Calibration of a model under several conditions, ready for resampling.

    The bins stay those of the examples as they are, so that every number is a matrix product away: each example adds
    its own distance between confidence and outcome to its bin.

    Attributes:
        conditions: in the order of the columns.
        shares: [N, conditions · (BINS + 2)], what each example adds.
    """

    conditions: tuple[Condition, ...]
    shares: np.ndarray

    @classmethod
    def of(cls, draws: Mapping[Condition, Sequence[Outcome]], labels: np.ndarray | None) -> Calibrations | None:
        """From the outcomes of every condition; None where examples have no class, or answers no probabilities."""
        known = {
            case: [one.probabilities for one in outcomes if one.probabilities is not None]
            for case, outcomes in draws.items()
        }
        if labels is None or any(len(known[case]) < len(outcomes) for case, outcomes in draws.items()):
            return None
        return cls(tuple(known), np.hstack([_shares(np.stack(one), labels) for one in known.values()]))

    def values(self, weights: np.ndarray) -> dict[tuple[str, Condition], np.ndarray]:
        """(number, condition) -> [b], under weights [b, N] that sum to N."""
        means = (weights @ self.shares / weights.shape[1]).reshape(len(weights), len(self.conditions), BINS + 2)
        found = _numbers(means)
        return {(name, one): found[name][:, i] for i, one in enumerate(self.conditions) for name in NUMBERS}


def _shares(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """[N, BINS + 2] of which the means over examples give every number: gaps by bin, log loss, Brier score."""
    p = np.asarray(probabilities, dtype=np.float64)
    n = p.shape[-2]
    truth = np.broadcast_to(labels, p.shape[:-1]).ravel()
    p = p.reshape(-1, p.shape[-1])
    of_truth = np.take_along_axis(p, truth[:, None], axis=-1)[:, 0]
    # Σ (p − onehot)² = Σ p² − 2 p_truth + 1
    brier = (p**2).sum(axis=-1) - 2.0 * of_truth + 1.0
    nll = -np.log(np.maximum(of_truth, SMALLEST))
    gaps = _gaps(p.max(axis=-1), p.argmax(axis=-1) == truth, BINS)
    return np.column_stack([gaps, nll, brier]).reshape(-1, n, BINS + 2).mean(axis=0)


def _numbers(means: np.ndarray) -> dict[str, np.ndarray]:
    """By name from means [..., BINS + 2] of `_shares`."""
    gaps = means[..., :BINS]
    return {
        "ece": np.abs(gaps).sum(axis=-1),
        "overconfidence": -gaps.sum(axis=-1),
        "nll": means[..., BINS],
        "brier": means[..., BINS + 1],
    }


def _gaps(confidence: np.ndarray, right: np.ndarray, bins: int) -> np.ndarray:
    """[N, bins] outcome − confidence of each prediction, in its bin; those of one confidence share theirs."""
    _, tie = np.unique(confidence, return_inverse=True)
    sizes = [len(part) for part in np.array_split(tie, min(bins, len(tie)))]
    piece, ties = np.repeat(np.arange(len(sizes)), sizes), int(tie.max()) + 1
    places = np.bincount(np.sort(tie) * bins + piece, minlength=ties * bins).reshape(ties, bins)
    share = places / places.sum(axis=1, keepdims=True)
    return share[tie] * (right - confidence)[:, None]


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
    return float(np.abs(_gaps(confidence, right, bins).sum(axis=0)).sum() / len(confidence))
