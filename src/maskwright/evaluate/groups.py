"""Groups of test examples whose accuracy is told apart: each variant of the texts, and each label within it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

ORIGINAL = "original"
"""Name of the texts as they are, next to the names of the data's variant columns."""


@dataclass(frozen=True)
class Group:
    """Examples counted together.

    Attributes:
        variant: `original`, or the variant of the text that is read.
        label: index of the true label; None for all labels.
        members: [N] bool.
    """

    variant: str
    label: int | None
    members: np.ndarray

    @property
    def n(self) -> int:
        """Number of examples."""
        return int(self.members.sum())


def groups(labels: np.ndarray, variants: Sequence[str]) -> list[Group]:
    """Every variant over all labels, then every variant × label that has examples.

    >>> [(group.variant, group.label, group.n) for group in groups(np.array([0, 1, 1]), ["removed"])]
    [('original', None, 3), ('removed', None, 3), ('original', 0, 1), ('original', 1, 2), ('removed', 0, 1),
     ('removed', 1, 2)]
    """
    names = [ORIGINAL, *variants]
    everyone = np.ones(len(labels), dtype=bool)
    whole = [Group(name, None, everyone) for name in names]
    cells = [Group(name, int(label), labels == label) for name in names for label in np.unique(labels)]
    return [*whole, *cells]


def group_accuracy(weights: np.ndarray, right: Mapping[str, np.ndarray], parts: Sequence[Group]) -> np.ndarray:
    """Accuracy of each group under example weights.

    Args:
        weights: [b, N].
        right: variant -> [N] 0 or 1, the answer on that variant's text is right.
        parts: G groups.

    Returns:
        [b, G]; nan where a group has no weight.
    """
    members = np.stack([part.members for part in parts], axis=1).astype(np.float64)
    hits = members * np.stack([right[part.variant] for part in parts], axis=1)
    mass = weights @ members
    return np.where(mass > 0, (weights @ hits) / np.where(mass > 0, mass, 1.0), np.nan)


def worst(accuracy: np.ndarray) -> np.ndarray:
    """Accuracy of the worst group, [..., G] -> [...], groups without weight left out.

    The smallest of many noisy numbers is biased low; its bootstrap interval has the same bias and shows the noise.
    """
    return np.nanmin(accuracy, axis=-1)
