"""The robustness curve (the metric against the hidden share of the input) and the numbers read off it.

All functions take scores whose last axis runs over `ratios`, so one call serves one curve or thousands of bootstrap
resamples. `chance` is the score of an answer that ignores the input. Higher is better: where it is not, scores and
chance are given with their signs changed, except to `auc_mask` and `chance_corrected`, which know no direction.
"""

from __future__ import annotations

import numpy as np


def auc_mask(ratios: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Area under the robustness curve by the trapezoid rule, divided by the range of ratios: an average score.

    Args:
        ratios: [R] ascending.
        scores: [..., R].

    Returns:
        [...] between the least and the greatest score.

    >>> float(auc_mask(np.array([0.0, 0.5, 1.0]), np.array([1.0, 0.8, 0.4])))
    0.75
    """
    if len(ratios) == 1:
        return scores[..., 0]
    widths = np.diff(ratios)
    return ((scores[..., 1:] + scores[..., :-1]) / 2.0 * widths).sum(axis=-1) / (ratios[-1] - ratios[0])


def chance_corrected(value: np.ndarray, chance: float, best: float = 1.0) -> np.ndarray:
    """Rescale so that seeing nothing gives 0 and perfection 1; nan where chance is perfect (only one label occurs).

    Args:
        value: any scores.
        chance: see the module.
        best: the perfect score, nan if there is none.

    >>> float(chance_corrected(np.array(0.75), 0.5)), float(chance_corrected(np.array(0.5), 2.0, best=0.0))
    (0.5, 0.75)
    """
    span = best - chance
    return (value - chance) / span if span != 0 else np.full_like(value, np.nan)


def relative_robustness(scores: np.ndarray, clean: np.ndarray, chance: float) -> np.ndarray:
    """Share of the clean advantage over chance that is left; nan where the clean model has none.

    Args:
        scores: [..., R] under masking.
        clean: [...] at ratio 0.
        chance: see the module.
    """
    advantage = clean - chance
    with np.errstate(divide="ignore", invalid="ignore"):
        left = (scores - chance) / advantage[..., None]
    return np.where(advantage[..., None] > 0, left, np.nan)


def rho50(ratios: np.ndarray, scores: np.ndarray, chance: float) -> np.ndarray:
    """Largest ratio at which half of the clean advantage over chance is still there, linearly interpolated.

    A curve that never falls so far gives the largest measured ratio: read it as "at least". nan where the clean model
    is not better than chance.

    >>> float(rho50(np.array([0.0, 0.5, 1.0]), np.array([1.0, 0.9, 0.5]), chance=0.5))
    0.6875
    """
    threshold = chance + (scores[..., 0] - chance) / 2.0
    above = scores >= threshold[..., None]
    last = above.shape[-1] - 1 - np.argmax(above[..., ::-1], axis=-1)
    after = np.minimum(last + 1, above.shape[-1] - 1)
    high = np.take_along_axis(scores, last[..., None], axis=-1)[..., 0]
    low = np.take_along_axis(scores, after[..., None], axis=-1)[..., 0]
    fall = high - low
    step = np.where(fall > 0, (high - threshold) / np.where(fall > 0, fall, 1.0), 0.0)
    crossing = ratios[last] + step * (ratios[after] - ratios[last])
    return np.where(scores[..., 0] > chance, crossing, np.nan)
