"""A dozen examples worth reading: where model and twin disagree first, in both directions, chosen by a fixed rule."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

SHOWN_RATIO = 0.5
"""Examples are shown at the evaluated ratio nearest to this: enough is hidden to matter, enough is left to read."""

CHOICE_SEED = 0

HOW_CHOSEN = (
    "One pass over the test {noun} (first draw, pattern “{pattern}”, {ratio:.0%} hidden) sorts them into four kinds by "
    "who was right. A third of the examples shown come from each kind in which only one of the two was right, and the "
    "rest from the other two kinds in equal parts; within a kind they are drawn blindly with a fixed seed. Where a "
    "kind has too few, the others fill the places."
)
HOW_CHOSEN_ALONE = (
    "From one pass over the test {noun} (first draw, pattern “{pattern}”, {ratio:.0%} hidden), half are drawn blindly "
    "with a fixed seed among those answered wrongly and half among those answered rightly."
)
HOW_CHOSEN_BY_DIFFERENCE = (
    "One pass over the test {noun} (first draw, pattern “{pattern}”, {ratio:.0%} hidden) gives each a value of its own "
    "({metric}). Drawn with a fixed seed: a third from those where the model is furthest ahead of the twin, a third "
    "from those where the twin is, and the rest from those where they are equal. Where a kind has too few, the others "
    "fill the places."
)
HOW_CHOSEN_BY_SCORE = (
    "One pass over the test {noun} (first draw, pattern “{pattern}”, {ratio:.0%} hidden) gives each a value of its own "
    "({metric}); half are drawn with a fixed seed among the worst, half among the best."
)
HOW_CHOSEN_BLINDLY = (
    "Drawn blindly with a fixed seed among the test {noun}, because {metric} is not defined for one of them alone; "
    "shown at the first draw, pattern “{pattern}”, {ratio:.0%} hidden."
)

MOST = 50
"""Examples at each end of an order by score among which the ones shown are drawn."""


def shown_ratio(ratios: Sequence[float]) -> float:
    """The evaluated ratio at which examples are shown.

    >>> shown_ratio([0.0, 0.1, 0.3, 0.7])
    0.3
    """
    return min((ratio for ratio in ratios if ratio > 0), key=lambda ratio: (round(abs(ratio - SHOWN_RATIO), 9), ratio))


def by_right_answers(right_model: np.ndarray, right_twin: np.ndarray | None) -> tuple[dict[str, np.ndarray], str]:
    """Indices of the examples of each kind, kinds in the order in which they are shown, and how they are chosen.

    Args:
        right_model: [n] bool.
        right_twin: likewise; None without a twin.
    """
    if right_twin is None:
        return {"wrong": np.flatnonzero(~right_model), "right": np.flatnonzero(right_model)}, HOW_CHOSEN_ALONE
    kinds = {
        "only the model is right": np.flatnonzero(right_model & ~right_twin),
        "only the twin is right": np.flatnonzero(~right_model & right_twin),
        "both are wrong": np.flatnonzero(~right_model & ~right_twin),
        "both are right": np.flatnonzero(right_model & right_twin),
    }
    return kinds, HOW_CHOSEN


def choose(kinds: dict[str, np.ndarray], n: int) -> list[tuple[str, int]]:
    """Pick up to `n` examples: shares per kind as `HOW_CHOSEN` says, blind within a kind.

    >>> choose({"wrong": np.array([4]), "right": np.array([1, 2, 3])}, 3)[0]
    ('wrong', 4)
    """
    rng = np.random.default_rng(CHOICE_SEED)
    shuffled = {kind: rng.permutation(members).tolist() for kind, members in kinds.items()}
    weights = [2, 2, 1, 1] if len(kinds) == 4 else [1] * len(kinds)
    quota = dict(zip(kinds, _shares(n, weights), strict=True))
    taken = {kind: members[: quota[kind]] for kind, members in shuffled.items()}
    for kind, members in shuffled.items():
        missing = n - sum(len(some) for some in taken.values())
        taken[kind] = members[: len(taken[kind]) + missing]
    return [(kind, int(i)) for kind, members in taken.items() for i in members]


def _shares(n: int, weights: Sequence[int]) -> list[int]:
    """Split `n` by weights, earlier parts first to round up.

    >>> _shares(12, [2, 2, 1, 1]), _shares(3, [2, 2, 1, 1])
    ([4, 4, 2, 2], [1, 1, 1, 0])
    """
    shares, left, weight_left = [], n, sum(weights)
    for weight in weights:
        share = -(-left * weight // weight_left)
        shares.append(share)
        left, weight_left = left - share, weight_left - weight
    return shares


def by_difference(model: np.ndarray, twin: np.ndarray | None) -> tuple[dict[str, np.ndarray], str]:
    """The same where answers are not simply right or wrong: by how far the two models are apart.

    Args:
        model: [n] the metric of each example on its own, higher is better; nan where it has no value.
        twin: likewise; None without a twin.
    """
    if twin is None:
        order = np.argsort(model, kind="stable")[: np.count_nonzero(~np.isnan(model))]  # nan stands behind all numbers
        half = len(order) // 2
        return {"worst": order[:half][:MOST], "best": order[half:][::-1][:MOST]}, HOW_CHOSEN_BY_SCORE
    difference = np.nan_to_num(model - twin)
    order = np.argsort(-difference, kind="stable")
    ahead = order[difference[order] > 0]
    behind = order[::-1][difference[order[::-1]] < 0]
    even = np.flatnonzero(difference == 0)
    kinds = {"the model is ahead": ahead[:MOST], "the twin is ahead": behind[:MOST], "equal": even}
    return kinds, HOW_CHOSEN_BY_DIFFERENCE


def blindly(n: int) -> tuple[dict[str, np.ndarray], str]:
    """The same where no metric says anything of an example on its own: all are of one kind."""
    return {"any": np.arange(n)}, HOW_CHOSEN_BLINDLY
