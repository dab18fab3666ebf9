"""Groups of test examples that are told apart: each variant of the examples, and each label within it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

ORIGINAL = "original"
"""Name of the examples as they are, next to the names of the data's variants."""


@dataclass(frozen=True)
class Group:
    """Examples counted together.

    Attributes:
        variant: `original`, or the variant of the examples that is read.
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


def groups(n: int, labels: np.ndarray | None, variants: Sequence[str]) -> list[Group]:
    """Every variant over all examples, then every variant × label that has examples.

    Args:
        n: examples.
        labels: [n] class of each; None where they have none.
        variants: names.

    >>> [(group.variant, group.label, group.n) for group in groups(3, np.array([0, 1, 1]), ["removed"])]
    [('original', None, 3), ('removed', None, 3), ('original', 0, 1), ('original', 1, 2), ('removed', 0, 1),
     ('removed', 1, 2)]
    """
    names = [ORIGINAL, *variants]
    everyone = np.ones(n, dtype=bool)
    whole = [Group(name, None, everyone) for name in names]
    if labels is None:
        return whole
    cells = [Group(name, int(label), labels == label) for name in names for label in np.unique(labels)]
    return [*whole, *cells]
