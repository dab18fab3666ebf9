"""The robustness curve (accuracy against the hidden share of the input) and the numbers read off it.

All functions take accuracies whose last axis runs over `ratios`, so one call serves one curve or thousands of
bootstrap resamples. `chance` is the share of the most frequent label, what a model that sees nothing can reach.
"""

from __future__ import annotations

import numpy as np


def majority_rate(labels: np.ndarray) -> float:
    """Share of the most frequent label.

    >>> majority_rate(np.array([0, 1, 1, 1]))
    0.75
    """
    return float(np.bincount(labels).max() / len(labels))


def auc_mask(ratios: np.ndarray, accuracy: np.ndarray) -> np.ndarray:
    """Area under the robustness curve by the trapezoid rule, divided by the largest ratio: an average accuracy.

    Args:
        ratios: [R] ascending, from 0.
        accuracy: [..., R].

    Returns:
        [...] between 0 and 1.

    >>> float(auc_mask(np.array([0.0, 0.5, 1.0]), np.array([1.0, 0.8, 0.4])))
    0.75
    """
    widths = np.diff(ratios)
    return ((accuracy[..., 1:] + accuracy[..., :-1]) / 2.0 * widths).sum(axis=-1) / ratios[-1]


def chance_corrected(value: np.ndarray, chance: float) -> np.ndarray:
    """Rescale so that guessing the most frequent label gives 0 and perfection 1; nan if only one label occurs.

    >>> float(chance_corrected(np.array(0.75), 0.5))
    0.5
    """
    span = 1.0 - chance
    return (value - chance) / span if span > 0 else np.full_like(value, np.nan)


def relative_robustness(accuracy: np.ndarray, clean: np.ndarray, chance: float) -> np.ndarray:
    """Share of the clean advantage over chance that is left; nan where the clean model has none.

    Args:
        accuracy: [..., R] under masking.
        clean: [...] at ratio 0.
        chance: see the module.
    """
    advantage = clean - chance
    with np.errstate(divide="ignore", invalid="ignore"):
        left = (accuracy - chance) / advantage[..., None]
    return np.where(advantage[..., None] > 0, left, np.nan)


def rho50(ratios: np.ndarray, accuracy: np.ndarray, chance: float) -> np.ndarray:
    """Largest ratio at which half of the clean advantage over chance is still there, linearly interpolated.

    A curve that never falls so far gives the largest measured ratio: read it as "at least". nan where the clean model
    is not better than chance.

    >>> float(rho50(np.array([0.0, 0.5, 1.0]), np.array([1.0, 0.9, 0.5]), chance=0.5))
    0.6875
    """
    threshold = chance + (accuracy[..., 0] - chance) / 2.0
    above = accuracy >= threshold[..., None]
    last = above.shape[-1] - 1 - np.argmax(above[..., ::-1], axis=-1)
    after = np.minimum(last + 1, above.shape[-1] - 1)
    high = np.take_along_axis(accuracy, last[..., None], axis=-1)[..., 0]
    low = np.take_along_axis(accuracy, after[..., None], axis=-1)[..., 0]
    fall = high - low
    step = np.where(fall > 0, (high - threshold) / np.where(fall > 0, fall, 1.0), 0.0)
    crossing = ratios[last] + step * (ratios[after] - ratios[last])
    return np.where(accuracy[..., 0] > chance, crossing, np.nan)
